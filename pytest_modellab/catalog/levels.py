"""Data sets of several levels of load as one data set for each: a level is a case of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .specs import DatasetSpec

BETWEEN = "+"
"""Between the id of a data set and a level."""
KINDS = {"c": "users", "r": "calls a second", "s": "streams"}
"""What a level counts, by the letter before its number."""
_LEVEL = re.compile(rf"(?P<dataset>.+){re.escape(BETWEEN)}(?P<kind>[{''.join(KINDS)}])(?P<number>[0-9.e+-]+)")


def with_levels(datasets: Mapping[str, DatasetSpec]) -> dict[str, DatasetSpec]:
    """The data sets, those of the task load by level: `calls+c1`, `calls+c8`."""
    return {each.id: each for spec in datasets.values() for each in _levels(spec)}


def level_in(id: str) -> tuple[str, str, float] | None:
    """The data set, the kind of level and its number, of the id of a level; None of another id."""
    found = _LEVEL.fullmatch(id)
    try:
        return found and (found["dataset"], KINDS[found["kind"]], float(found["number"]))
    except ValueError:
        return None


def at_level(spec: DatasetSpec, number: float) -> DatasetSpec:
    """Another level of a data set that is one level."""
    found = level_in(spec.id)
    assert spec.load is not None  # the caller saw to it
    assert found is not None
    load = spec.load.at(number)
    title = (spec.title or found[0]).removesuffix(f", {spec.load.level}")
    (base,) = _levels(spec.model_copy(update={"id": found[0], "title": title, "load": load}))
    return base


def _levels(spec: DatasetSpec) -> Iterator[DatasetSpec]:
    if spec.load is None:
        yield spec
        return
    for suffix, load in spec.load.levels.items():
        title = f"{spec.title or spec.id}, {load.level}"
        yield spec.model_copy(update={"id": f"{spec.id}{BETWEEN}{suffix}", "title": title, "load": load})
