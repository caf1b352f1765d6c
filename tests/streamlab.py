"""A scratch repository with streaming cases, whose engine reads numbers off the samples."""

from __future__ import annotations

import json
from typing import Any, TypeVar

import soundfile
from fakelab import FakeCatalog, FakeLab
from modellab_fake_stream import RATE, sound

from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import read

SUITE = """
import pytest

pytestmark = pytest.mark.streaming


def test_wer(run, limits):
    assert run.wer <= limits.wer


def test_early(run, limits):
    assert run.early_partials >= 1.0
"""
Catalog = TypeVar("Catalog", bound=FakeCatalog)
ENGINE = "modellab_fake_stream:FakeStream"
TEXTS = ("1 2 3 4 5 6", "7 8 9 10 11")


def stream_lab(lab: FakeLab) -> FakeLab:
    """A repository of `streams`, with a suite."""
    lab.pytester.makepyfile(test_suite=SUITE)
    return streams(lab)


def streams(lab: Catalog) -> Catalog:
    """One model, one data set of two clips, at thrice the pace of speech."""
    model(lab)
    lines = []
    for i, text in enumerate(TEXTS):
        soundfile.write(lab.catalog / "datasets" / f"{i}.wav", sound([int(word) for word in text.split()]), RATE)
        lines.append(json.dumps({"audio_filepath": f"{i}.wav", "text": text, "id": f"clip-{i}", "speaker": "a"}))
    (lab.catalog / "datasets" / "numbers.jsonl").write_text("\n".join(lines))
    dataset: dict[str, Any] = {
        "schema": "modellab.dataset/1",
        "id": "numbers",
        "tasks": ["streaming"],
        "tiers": ["smoke"],
    }
    dataset |= {"language": "en", "normalizer": "none", "manifest": "numbers.jsonl"}
    lab.spec("datasets/numbers.yaml", {**dataset, "stream": {"chunk_s": 0.2, "pace": 3}})
    lab.spec("devices.yaml", {"schema": "modellab.devices/1", "devices": [{"id": "cpu", "kind": "cpu"}]})
    lab.limits({"metric": "wer", "max": 0.1}, {"metric": "kept_up", "min": 1.0})
    return lab


def model(lab: FakeCatalog, id: str = "numbers", tiers: tuple[str, ...] = ("smoke",), **options: Any) -> None:
    spec: dict[str, Any] = {
        "schema": "modellab.model/1",
        "id": id,
        "engine": ENGINE,
        "tasks": ["streaming"],
        "tiers": list(tiers),
    }
    lab.spec(f"models/{id}.yaml", {**spec, "options": options, "devices": {"cpu": {}}})


def measured(lab: FakeLab, *arguments: str, code: int = 0) -> Record:
    """The newest record of a session that ends with this exit code."""
    result = lab.run(*arguments)
    assert result.ret == code, result.stdout.str()
    newest = max(lab.path.rglob("runs/**/*.json"), key=lambda path: path.stat().st_mtime_ns)
    return read(newest)
