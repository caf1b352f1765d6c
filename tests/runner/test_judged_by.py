"""Shards are joined by the catalog that they were measured by: what it has otherwise is refused, by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakeruns import FakeRuns
from releases import committed, git
from shard_parts import of_two_machines

from pytest_modellab.catalog import load
from pytest_modellab.results import record_files as records
from pytest_modellab.results.merge import MergeError
from pytest_modellab.results.provenance import input_key
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import read
from pytest_modellab.results.shards import Shard
from pytest_modellab.runner.judged_by import hold


@pytest.fixture
def parts(runs: FakeRuns) -> Path:
    """The folder of two shards that the catalog tells."""
    return of_two_machines(runs)


def held(runs: FakeRuns, parts: Path) -> None:
    """Hold the shards against the catalog as it is now. Raises MergeError."""
    hold({path: read(path) for path in parts.rglob("*.json")}, load(runs.catalog, runs.path, engines=False))


def refusal(runs: FakeRuns, parts: Path) -> str:
    with pytest.raises(MergeError) as refused:
        held(runs, parts)
    return str(refused.value)


def changed(folder: Path, change: Callable[[Record], Record]) -> None:
    """Change every record of a shard, with the key and the seal that follow."""
    for path in folder.rglob("*.json"):
        found = change(read(path))
        key = input_key(found.provenance.inputs)
        found = found.model_copy(update={"seal": None, "provenance": found.provenance.model_copy(update={"key": key})})
        path.write_text(records.text(found.model_copy(update={"seal": records.checksum_of(found)})))


def with_inputs(**inputs: Any) -> Callable[[Record], Record]:
    def change(record: Record) -> Record:
        told = {**record.provenance.inputs, **inputs}
        return record.model_copy(update={"provenance": record.provenance.model_copy(update={"inputs": told})})

    return change


def fewer(record: Record) -> Record:
    """As if the data set ended with the first utterance of each shard."""
    assert record.shard is not None
    cut = record.shard.model_copy(update={"places": (record.shard.index - 1,), "utterances": 2})
    summary = record.summary.model_copy(update={"utterances": 1})
    return record.model_copy(update={"utterances": record.utterances[:1], "shard": cut, "summary": summary})


def a_spec(name: str, old: str, new: str) -> Callable[[FakeRuns], None]:
    def change(runs: FakeRuns) -> None:
        path = runs.catalog / name
        found = path.read_text()
        assert old in found
        path.write_text(found.replace(old, new, 1))

    return change


OF_ANOTHER_CATALOG: dict[str, tuple[Callable[[FakeRuns], Any], str]] = {
    "options": (
        a_spec("models/tiny.yaml", "one two three", "another day"),
        "inputs.options.answers.4000: the record has 'one two three', its spec 'another day' (lab/models/tiny.yaml",
    ),
    "an engine": (
        a_spec("models/tiny.yaml", "engine: fake-for-tests", "engine: other:Engine"),
        "its spec 'other:Engine' (lab/models/tiny.yaml",
    ),
    "a glossary": (
        a_spec("datasets/talk.yaml", "tasks:", "glossary: [one]\ntasks:"),
        "glossary: the record has [], its spec ['one'] (lab/datasets/talk.yaml",
    ),
    "a language": (
        a_spec("datasets/talk.yaml", "language: null", "language: en"),
        "language: the record has 'none', its spec 'en' (lab/datasets/talk.yaml",
    ),
    "a normalizer": (
        a_spec("datasets/talk.yaml", "tasks:", "normalizer: none\ntasks:"),
        "normalizer: the record has 'modellab', its spec 'none' (",
    ),
    "a title": (a_spec("models/tiny.yaml", "tasks:", "title: Other\ntasks:"), "title: the record has 'tiny', its"),
    "a device": (
        a_spec("models/tiny.yaml", "cpu: {}", "cuda: {}"),
        "ran on cpu, which the spec of tiny doesn't list (lab/models/tiny.yaml",
    ),
    "no such model": (lambda runs: (runs.catalog / "models/tiny.yaml").unlink(), "no model tiny in lab"),
    "utterances that are left out": (
        lambda runs: changed(runs.path / "artifacts", fewer),
        "contradicts itself:\n  is a shard of 2 utterances, its inputs say 4",
    ),
    "a reference": (
        a_spec("datasets/talk.jsonl", "one two three", "another day"),
        "utterance 1: the record has the reference 'one two three', the data set here 'another day'",
    ),
    "an id": (
        a_spec("datasets/talk.jsonl", '"u0"', '"other"'),
        "utterance 1: the record has the id 'u0', the data set here 'other'",
    ),
    "data that grew": (
        lambda runs: (
            (runs.catalog / "datasets/talk.jsonl")
            .open("a")
            .write('{"audio_filepath": "talk-0.wav", "text": "more", "id": "more"}\n')
        ),
        "the record's data set has 4 utterances, the one here 5",
    ),
    "weights": (
        lambda runs: changed(runs.path / "artifacts", with_inputs(weights="0" * 64)),
        f"inputs.weights: the record has '{'0' * 64}', its spec None (lab/models/tiny.yaml",
    ),
    "parts": (
        lambda runs: changed(runs.path / "artifacts", with_inputs(parts={"ear": {}})),
        "inputs.parts: the record has ['ear'], its spec [] (lab/models/tiny.yaml",
    ),
}


@pytest.mark.parametrize("name", OF_ANOTHER_CATALOG)
def test_shards_of_another_catalog_are_refused(runs: FakeRuns, parts: Path, name: str) -> None:
    change, told = OF_ANOTHER_CATALOG[name]
    runs.model("another")  # so that there is a catalog without the model, too
    change(runs)
    found = refusal(runs, parts)
    assert told in found
    assert re.match(r"tiny:cpu:talk: shard \d/2: .*/artifacts/\d/.*\.json ", found)


def test_shards_are_joined_at_the_commit_that_they_were_measured_at(runs: FakeRuns, parts: Path) -> None:
    git(runs.path, "init", "-q", "-b", "main")
    committed(runs)
    here = git(runs.path, "rev-parse", "HEAD").strip()
    found = refusal(runs, parts)
    assert f"was measured at another commit:\n  the record is of commit {'b' * 40}\n  lab is at {here}\n" in found
    assert f"check out {'b' * 12} to merge it, or measure again at {here[:12]}" in found

    def of_this(record: Record) -> Record:
        return record.model_copy(update={"provenance": record.provenance.model_copy(update={"commit": here})})

    changed(parts, of_this)
    runs.limits({"metric": "wer", "max": 0.5})  # other limits may be tried
    held(runs, parts)
    manifest = runs.catalog / "datasets" / "talk.jsonl"
    manifest.write_text(manifest.read_text().replace("talk-0.wav", "talk-1.wav"))
    assert "changed here, and not committed: lab/datasets/talk.jsonl" in refusal(runs, parts)


def test_an_engine_of_the_repository_is_as_committed(runs: FakeRuns) -> None:
    (runs.catalog / "ear.py").write_text("from modellab_fake_engine import FakeEngine as Ear\n")
    path = runs.ready().model()
    path.write_text(path.read_text().replace("engine: fake-for-tests", "engine: ../ear.py:Ear"))
    (runs.path / ".gitignore").write_text("reports\nengine.log\n__pycache__\n")
    git(runs.path, "init", "-q", "-b", "main")
    committed(runs)
    runs.run(shard=Shard(1, 2))
    held(runs, runs.reports)
    (runs.catalog / "ear.py").open("a").write("# one line more\n")
    found = refusal(runs, runs.reports)
    assert "was measured at this commit, without changes:" in found
    assert "changed here, and not committed: lab/ear.py" in found


def test_data_need_not_be_where_shards_are_joined(runs: FakeRuns, parts: Path) -> None:
    for path in (runs.catalog / "datasets").glob("*.wav"):
        path.write_text("version https://git-lfs.github.com/spec/v1\n")
    held(runs, parts)
    (runs.catalog / "datasets" / "talk.jsonl").unlink()
    held(runs, parts)
