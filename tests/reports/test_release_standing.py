"""Whether a case of a release can be run here, whether its record's inputs have changed, and damaged weights."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakeruns import FakeRuns

from pytest_modellab.assets.store import Store, WantedFile
from pytest_modellab.assets.store.sources import Folder
from pytest_modellab.catalog import Catalog, load
from pytest_modellab.reports.release.standing import changed_since, damaged_weights, missing_here

BYTES = b"weights"
SHA = hashlib.sha256(BYTES).hexdigest()


def catalog_of(runs: FakeRuns) -> Catalog:
    return load(runs.catalog, runs.path)


def weighted(runs: FakeRuns, id: str, **more: Any) -> None:
    """A model with one pinned file."""
    spec = {"schema": "modellab.model/1", "id": id, "engine": "fake-for-tests", "tasks": ["asr"], "tiers": ["smoke"]}
    files = {"model.bin": {"sha256": SHA, "size": len(BYTES)}}
    weights = {"repo": "org/it", "revision": "0" * 40, "files": files}
    runs.spec(f"models/{id}.yaml", {**spec, "devices": {"cpu": {}}, "weights": weights, **more})


def fetched(tmp_path: Path) -> Path:
    """Where the cache keeps the file, once it was fetched."""
    (tmp_path / "model.bin").write_bytes(BYTES)
    Store().fetch([WantedFile("model.bin", SHA, len(BYTES), (Folder(tmp_path, "model.bin"),))])
    path = Store().path(SHA)
    assert path is not None
    return path


class TestMissing:
    def test_nothing(self, runs: FakeRuns) -> None:
        assert missing_here(runs.ready().case(), catalog_of(runs)) is None

    def test_the_device(self, runs: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
        runs.ready(devices={"cuda": {}})
        told = missing_here(runs.case(), catalog_of(runs))
        assert told is not None
        assert told.startswith("cuda: CUDA_VISIBLE_DEVICES='' hides")

    def test_a_recording(self, runs: FakeRuns) -> None:
        case, catalog = runs.ready().case(), catalog_of(runs)
        (runs.catalog / "datasets" / "clips-0.wav").unlink()
        assert "clips-0.wav" in str(missing_here(case, catalog))


class TestChanged:
    def test_nothing(self, runs: FakeRuns) -> None:
        record = runs.ready().measured(executor="local")
        assert changed_since(record, runs.case(), catalog_of(runs)) == []

    def test_an_option(self, runs: FakeRuns) -> None:
        record = runs.ready().measured(executor="local")
        runs.model(wrong={0: "one fine way"})
        (told,) = changed_since(record, runs.case(), catalog_of(runs))
        assert told.startswith("changed since it was run: options.answers.4000: one fine day -> ")

    def test_code_that_scores(self, runs: FakeRuns) -> None:
        record = runs.ready().measured(executor="local")
        origin = record.provenance.model_copy(update={"judging": "0" * 64})
        (told,) = changed_since(record.model_copy(update={"provenance": origin}), runs.case(), catalog_of(runs))
        assert told == "the scoring code changed since it was run"

    def test_data_that_are_gone(self, runs: FakeRuns) -> None:
        record = runs.ready().measured(executor="local")
        case, catalog = runs.case(), catalog_of(runs)
        (runs.catalog / "datasets" / "clips.jsonl").unlink()
        (told,) = changed_since(record, case, catalog)
        assert "clips.jsonl" in told


class TestWeights:
    def test_as_they_are_pinned(self, runs: FakeRuns, tmp_path: Path) -> None:
        weighted(runs, "heavy")
        fetched(tmp_path)
        catalog = catalog_of(runs)
        assert damaged_weights(catalog.models["heavy"], catalog) == []

    def test_not_in_the_cache_any_more(self, runs: FakeRuns) -> None:
        weighted(runs, "heavy")
        catalog = catalog_of(runs)
        assert damaged_weights(catalog.models["heavy"], catalog) == ["model.bin is not in the cache any more"]

    def test_bytes_that_changed_behind_the_caches_back(self, runs: FakeRuns, tmp_path: Path) -> None:
        weighted(runs, "heavy")
        path = fetched(tmp_path)
        before = path.stat()
        path.chmod(0o644)
        path.write_bytes(BYTES.upper())
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        other = hashlib.sha256(BYTES.upper()).hexdigest()
        catalog = catalog_of(runs)
        assert damaged_weights(catalog.models["heavy"], catalog) == [
            f"model.bin has sha256 {other}, {SHA} is pinned: remove {path}"
        ]

    def test_those_of_parts_count_as_well(self, runs: FakeRuns) -> None:
        weighted(runs, "heavy")
        weighted(runs, "whole")
        catalog = catalog_of(runs)
        whole = catalog.models["whole"].model_copy(update={"parts": {"asr": "heavy"}, "weights": None})
        catalog = replace(catalog, models={**catalog.models, "whole": whole})
        assert damaged_weights(whole, catalog) == ["model.bin is not in the cache any more"]
