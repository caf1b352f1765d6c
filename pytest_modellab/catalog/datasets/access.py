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
from .utterance import Utterance


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

    def utterances_of(self, name: str) -> Sequence[Utterance]:
        """Those of another data set of the catalog. Raises as `DatasetForm.read` does."""
        found = self.prepare(self.catalog.datasets[name])
        self.left_out.update(found.left_out)
        return found.utterances
