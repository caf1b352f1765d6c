"""Manifests of short clips, and the data sets that are read from them."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from catalogs import dataset_yaml, write_catalog

from pytest_modellab.assets.store import Store
from pytest_modellab.catalog import load
from pytest_modellab.catalog.datasets import Dataset, prepare

RATE = 16_000


def tone(path: Path, seconds: float = 0.5, pitch: float = 440.0) -> str:
    """Write a wav of a steady tone, and return its digest."""
    path.parent.mkdir(parents=True, exist_ok=True)
    times = np.arange(round(seconds * RATE)) / RATE
    soundfile.write(
        path, 0.3 * np.sin(2 * np.pi * pitch * times), RATE, format="FLAC" if path.suffix == ".flac" else "WAV"
    )
    return hashlib.sha256(path.read_bytes()).hexdigest()


def row(audio: str = "one.wav", text: str = "one", **more: Any) -> dict[str, Any]:
    return {"audio_filepath": audio, "text": text, **more}


def prepared(folder: Path, **changes: str) -> Dataset:
    """The data set `talk` of the catalog in `folder`, the lines of its YAML replaced by `changes`."""
    text = dataset_yaml("talk")
    for old, new in {"manifest: talk.jsonl": changes.pop("source", "manifest: talk.jsonl"), **changes}.items():
        text = text.replace(old, new)
    catalog = load(write_catalog(folder / "fixtures", files={"datasets/talk.yaml": text}))
    store = Store(folder / "cache", progress=False)
    return prepare(catalog.datasets["talk"], catalog, store)


def manifest(folder: Path, rows: Sequence[dict[str, Any] | str], encoding: str = "utf-8") -> Path:
    """Write `talk.jsonl`, beside it `one.wav` and `two.wav`."""
    here = folder / "fixtures" / "datasets"
    tone(here / "one.wav", pitch=440)
    tone(here / "two.wav", pitch=880)
    lines = [each if isinstance(each, str) else json.dumps(each, ensure_ascii=False) for each in rows]
    path = here / "talk.jsonl"
    path.write_bytes("\n".join([*lines, ""]).encode(encoding))
    return path
