"""Access of data set forms to the catalog, the store and other data sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pytest_modellab.assets.store import Store

from ..catalog import Catalog
from ..specs import DatasetSpec
from .archives import Archives
from .model import Dataset
from .remote_files import RemoteFiles
from .root import Place, Root, place_of
from .sound_files import SoundFiles
from .utterance import DatasetError, Utterance


@dataclass(frozen=True)
class DatasetAccess:
    """The catalog, the store of what was fetched, and the other data sets."""

    spec: DatasetSpec
    catalog: Catalog
    store: Store
    asked: bool
    """Whether somebody asked for this set by name, so that it may be fetched whatever its size."""
    prepare: Callable[[DatasetSpec], Dataset]
    notes: list[str] = field(default_factory=list)
    """What a person should look at, added to by forms as they read."""
    left_out: dict[str, str] = field(default_factory=dict)
    """The utterances that other data sets had to leave out, and why."""

    @property
    def folder(self) -> Path:
        """Where the YAML files of data sets lie, which relative paths start from."""
        return self.catalog.folder / "datasets"

    @cached_property
    def archives(self) -> Archives:
        return Archives(self.spec, self.catalog, self.store, asked=self.asked)

    @cached_property
    def remote(self) -> RemoteFiles:
        return RemoteFiles(self.spec.id, self.store, asked=self.asked)

    def place(self, name: str) -> Place:
        """What a path of the YAML file names. Raises DatasetError."""
        return place_of(self.spec, name, self.folder)

    def file(self, place: Place, what: str) -> Path:
        """A file on this machine, or the copy of a remote one; `what` it is, for messages.

        Raises DatasetError where there is none, and as RemoteFiles.
        """
        if isinstance(place, Path):
            found = place if place.exists() else None
        else:
            copy = self.remote.file(place)
            found = None if copy is None else copy.path
        if found is None:
            raise DatasetError(f"data set {self.spec.id}: no {what} {place} (named in {self.spec.origin})")
        return found

    def sounds(self, folder: Place) -> SoundFiles:
        """The audio files that a listing names from `folder` on, and which lie in it unless `audio_root` says else."""
        return SoundFiles(folder, Root.of(self.spec, folder), self.remote)

    def utterances_of(self, name: str) -> Sequence[Utterance]:
        """Those of another data set of the catalog. Raises as `DatasetForm.read` does."""
        found = self.prepare(self.catalog.datasets[name])
        self.left_out.update(found.left_out)
        return found.utterances
