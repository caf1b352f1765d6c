"""Records of shards made without running anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from fakelab import FakeCatalog
from records import record, utterance

from pytest_modellab.core.text import TextRules
from pytest_modellab.core.version import __version__
from pytest_modellab.engines.registry import target_of
from pytest_modellab.results import record_files as records
from pytest_modellab.results.merge import merge
from pytest_modellab.results.record import NormalizerRef, Record
from pytest_modellab.results.record_files import read
from pytest_modellab.results.shard_ref import ShardOf

ENGLISH = TextRules()


def part(index: int, places: tuple[int, ...], of: int = 2, utterances: int = 4, **changes: Any) -> Record:
    """The record of a shard whose utterances are named after their places."""
    made = record(
        utterances=[utterance(f"u{place}") for place in places],
        shard=ShardOf(index=index, of=of, places=places, utterances=utterances),
        normalizer=NormalizerRef.of(ENGLISH),
        **{key: value for key, value in changes.items() if key not in ORIGIN},
    )
    update = {"lab": __version__, "judging": "j", **{key: value for key, value in changes.items() if key in ORIGIN}}
    return made.model_copy(update={"id": f"{index:08d}", "provenance": made.provenance.model_copy(update=update)})


ORIGIN = ("lab", "judging", "inputs", "key", "commit", "dirty", "hardware", "created", "resumed", "worker_restarts")


def stored(folder: Path, *parts: Record) -> dict[Path, Record]:
    paths = [records.write(each, folder / str(i)) for i, each in enumerate(parts)]
    return {path: read(path) for path in paths}


def whole(folder: Path, **changes: Any) -> Record:
    """Two shards, the second with `changes`, joined."""
    return merge(stored(folder, part(1, (0, 2)), part(2, (1, 3), **changes)))


def of_model(lab: FakeCatalog, model: str) -> list[Record]:
    """Two shards of a case that the catalog has, made by hand."""
    spec = yaml.safe_load(lab.model(model).read_text())
    inputs = {
        **{"seed": 0, "task": "asr", "model": model, "engine": target_of(spec["engine"], lab.catalog)},
        **{"options": spec["options"], "device": {"kind": "cpu", "index": 0}, "weights": None, "utterances": 4},
    }
    return [part(1, (0, 2), model=model, inputs=inputs), part(2, (1, 3), model=model, inputs=inputs)]


def of_two_machines(lab: FakeCatalog) -> Path:
    """A catalog that they share, and a folder for the shard of each: the folder of both."""
    lab.texts = ["one two three"] * 4
    path = lab.dataset("talk", language=None).with_suffix(".jsonl")
    path.write_text(path.read_text().replace('"clip-', '"u'))
    for i, each in enumerate(of_model(lab, "tiny")):
        records.write(each, lab.path / "artifacts" / str(i))
    return lab.path / "artifacts"
