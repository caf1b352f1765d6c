"""Corpora made here: their archives, served from 127.0.0.1, and catalogs with them."""

import io
from collections.abc import Mapping
from pathlib import Path

import pytest
import soundfile
import yaml
from catalogs import write_catalog
from encoded import encoded, tone

from pytest_modellab.assets.store import Store
from pytest_modellab.catalog import CatalogError, load
from pytest_modellab.catalog.datasets import Dataset, prepare

RATE = 16_000


def sound(suffix: str = "wav", seconds: float = 0.5, pitch: float = 440.0) -> bytes:
    """A tone in a file."""
    samples = tone(seconds, RATE, pitch)
    if suffix == "g722":
        return encoded(samples, RATE, suffix)
    out = io.BytesIO()
    soundfile.write(out, samples, RATE, format=suffix.upper())
    return out.getvalue()


def catalog_of(folder: Path, archives: Mapping[str, object], **fields: object) -> Path:
    """A catalog with the set `talk` of these archives."""
    spec = {
        "schema": "modellab.dataset/1",
        "id": "talk",
        "tasks": ["asr"],
        "tiers": ["real_e2e"],
        "language": "en",
        "archives": archives,
        **fields,
    }
    return write_catalog(folder / "fixtures", files={"datasets/talk.yaml": yaml.safe_dump(spec, sort_keys=False)})


def prepared(folder: Path, archives: Mapping[str, object], *, asked: bool = False, **fields: object) -> Dataset:
    catalog = load(catalog_of(folder, archives, **fields))
    return prepare(catalog.datasets["talk"], catalog, Store(folder / "cache", progress=False), asked=asked)


def problems(folder: Path, archives: Mapping[str, object], **fields: object) -> str:
    with pytest.raises(CatalogError) as caught:
        load(catalog_of(folder, archives, **fields))
    return str(caught.value)
