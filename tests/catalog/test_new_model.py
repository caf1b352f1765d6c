"""The first draft of a model's spec: every option with its default, what it may be and what it means."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import pytest
import yaml

from pytest_modellab.catalog.load import DEFAULT_DEVICES
from pytest_modellab.catalog.new_model import Draft, spec_text
from pytest_modellab.catalog.specs import ModelSpec
from pytest_modellab.engines.registry import available, engine_class

DEVICES = {device.id: device for device in DEFAULT_DEVICES}


@dataclass(frozen=True)
class Options:
    """Of an engine for tests."""

    voice: str
    """Who speaks."""
    mode: Literal["fast", "exact"] = "fast"
    beam_size: int | None = None
    terms: tuple[str, ...] = field(default_factory=tuple)
    """A note that is so long that it does not fit into the line of its option, and therefore stands above it, wrapped
    where it has to be."""


class Engine:
    tasks = frozenset({"asr"})
    devices = frozenset({"cpu"})
    Options: ClassVar[type[Any]] = Options


def text(draft: Draft, engine: Any = Engine) -> str:
    return spec_text(draft, engine, DEVICES)


def test_options_with_and_without_a_default() -> None:
    lines = text(Draft("mine", "my:Engine")).splitlines()
    assert "options:" in lines
    assert "  voice:  # required, text. Who speaks" in lines
    assert "#   mode: fast  # fast, exact" in lines
    assert "#   beam_size: null  # a whole number or null" in lines
    place = lines.index("#   terms: []")
    assert lines[place - 1].startswith("#   ")
    assert "devices:                   # options that differ on a device go into its braces" in lines
    assert lines[-2:] == ["  cpu: {}", "# timeouts: {load_s: 600, utterance_s: 60, per_audio_second: 20}"]


@pytest.mark.parametrize(
    ("more", "weights"),
    [
        ({"path": "../../my weights"}, {"path": "../../my weights"}),
        ({"repo": "org/a", "revision": "0" * 40}, {"repo": "org/a", "revision": "0" * 40}),
        ({}, None),
    ],
    ids=["folder", "hub", "none"],
)
def test_where_weights_come_from(more: dict[str, Any], weights: dict[str, str] | None) -> None:
    assert yaml.safe_load(text(Draft("mine", "my:Engine", **more))).get("weights") == weights


@pytest.mark.parametrize("name", ["faster-whisper", "pocketsphinx", "transformers-llm", "cascade"])
def test_what_is_written_is_a_spec(name: str) -> None:
    draft = Draft("mine", name, languages=("en",), tiers=("smoke",))
    spec = ModelSpec.model_validate(yaml.safe_load(text(draft, engine_class(available()[name]))))
    assert (spec.id, spec.engine, spec.tiers, spec.languages) == ("mine", name, ("smoke",), ("en",))
    assert spec.devices
