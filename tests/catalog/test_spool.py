"""Data sets that are kept in a file: the same as those in memory."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pytest_modellab.assets.store import Store
from pytest_modellab.catalog import load
from pytest_modellab.catalog.datasets import Dataset, DatasetError, prepare, spool
from pytest_modellab.catalog.datasets.spool import SpooledUtterances

COUNT = 40


def manifest(folder: Path, *more: dict[str, object]) -> Path:
    """A catalog of one data set: its folder."""
    folder = folder / "datasets"
    folder.mkdir()
    soundfile.write(folder / "one.wav", np.zeros(800), 16_000)
    rows: list[dict[str, object]] = [
        {"audio_filepath": "one.wav", "id": f"u{i}", "text": f"text {i}", "speaker": f"s{i % 3}", "accent": "x"}
        for i in range(COUNT)
    ]
    (folder / "talk.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [*rows, *more]))
    spec = {
        "schema": "modellab.dataset/1",
        "id": "talk",
        "tasks": ["asr"],
        "tiers": ["smoke"],
        "manifest": "talk.jsonl",
    }
    (folder / "talk.yaml").write_text(json.dumps(spec))
    return folder.parent


def dataset(folder: Path) -> Dataset:
    catalog = load(folder, folder.parent)
    return prepare(catalog.datasets["talk"], catalog, Store())


def test_what_is_kept_in_a_file_is_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = manifest(tmp_path)
    held = dataset(path)
    monkeypatch.setattr(spool, "FEWEST", 10)
    kept = dataset(path)
    assert isinstance(kept.utterances, SpooledUtterances)
    assert isinstance(held.utterances, tuple)
    assert tuple(kept.utterances) == held.utterances
    assert len(kept.utterances) == COUNT
    assert kept.utterances[-1] == held.utterances[-1]
    assert kept.fingerprint == held.fingerprint
    assert tuple(kept.first(7).utterances) == held.first(7).utterances
    assert tuple(kept.only([30, 2]).utterances) == held.only([30, 2]).utterances
    assert kept.only([30, 2]).fingerprint == held.only([30, 2]).fingerprint
    assert kept.units == held.units


def test_an_id_that_came_before_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = manifest(tmp_path, {"audio_filepath": "one.wav", "id": "u7", "text": "again"})
    monkeypatch.setattr(spool, "FEWEST", 10)
    with pytest.raises(DatasetError, match=r"talk\.jsonl:41: duplicate id `u7` \(first at row 8\)"):
        dataset(path)
