"""A data set, from its spec to utterances whose audio lies on disk, with a fingerprint of all of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..catalog.specs import DatasetSpec, MirrorSpec
from ..store import Store
from .clips import from_archives
from .folder import from_folder
from .made import from_made
from .manifest import from_manifest
from .model import Dataset, DatasetError, Utterance

__all__ = ["Dataset", "DatasetError", "Utterance", "prepare"]


def prepare(spec: DatasetSpec, mirrors: Mapping[str, tuple[MirrorSpec, ...]], folder: Path, store: Store) -> Dataset:
    """Fetch and verify what the spec names; `folder` is the catalog's.

    Raises store.Unavailable where archives can't be had, and DatasetError where the data are wrong.
    """
    here = folder / "datasets"
    if spec.clips is not None:
        return Dataset(spec, from_archives(spec, spec.clips, mirrors, folder, store))
    if spec.made is not None:
        return Dataset(spec, from_made(spec, spec.made))
    if spec.manifest is not None:
        return Dataset(spec, from_manifest(spec, here / spec.manifest))
    return Dataset(spec, from_folder(spec, here / str(spec.folder)))
