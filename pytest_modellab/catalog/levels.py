"""Data sets of several levels of load as one data set for each: a level is a case of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .specs import DatasetSpec

BETWEEN = "+"
"""Between the id of a data set and a level."""


def with_levels(datasets: Mapping[str, DatasetSpec]) -> dict[str, DatasetSpec]:
    """The data sets, those of the task load by level: `calls+c1`, `calls+c8`."""
    return {each.id: each for spec in datasets.values() for each in _levels(spec)}


def _levels(spec: DatasetSpec) -> Iterator[DatasetSpec]:
    if spec.load is None:
        yield spec
        return
    for suffix, load in spec.load.levels.items():
        title = f"{spec.title or spec.id}, {load.level}"
        yield spec.model_copy(update={"id": f"{spec.id}{BETWEEN}{suffix}", "title": title, "load": load})
