"""Cases whose device isn't on this machine: one test of each is kept, which tells so; the others are deselected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pytest

from pytest_modellab.core.console import counted
from pytest_modellab.core.devices import presence

from .selection import case_of

if TYPE_CHECKING:
    from pytest_modellab.catalog.cases import Case
    from pytest_modellab.catalog.catalog import Catalog

_ON_DEVICE = frozenset({"modellab_run", "modellab_start_model"})
"""Fixtures that are of no use without the device; every other that needs it needs one of them."""
_OWN_REASON = ("skip", "skipif")
"""Marks under which a test says itself why it doesn't run."""
LOCAL = frozenset({"local", "in-process"})
"""Executors that run models on this machine."""


def absent_devices(cases: Iterable[Case], catalog: Catalog, executor: str, dist: Iterable[str] = ()) -> dict[str, str]:
    """The reasons, by the keys of cases, why cases have no device here.

    None are known where models, or xdist's workers (`dist`, as `--tx` names them), are on other machines.
    """
    if executor not in LOCAL or not all("popen" in spec for spec in dist):
        return {}
    found = {}
    for case in cases:
        asked = presence(case.device.kind, case.device.index)
        if asked.present:
            continue
        other = case.device.fallback
        if other is not None and other in case.model.devices:
            stand_in = catalog.devices[other]
            if presence(stand_in.kind, stand_in.index).present:
                continue
        found[case.key] = f"{case.device.id}: {asked.reason}"
    return found


def needless(items: Iterable[pytest.Item], absent: Mapping[str, str]) -> dict[pytest.Item, str]:
    """The tests that would only tell again that the device of their case is absent, with the key of that."""
    told: set[str] = set()
    found: dict[pytest.Item, str] = {}
    for item in items:
        case = case_of(item)
        if case is None or case.key not in absent or not _asks_for_device(item):
            continue
        if case.key in told:
            found[item] = case.key
        told.add(case.key)
    return found


def message(left_out: Mapping[str, int], absent: Mapping[str, str]) -> str:
    """A line on the tests that were left out, by the number for each case."""
    told = "; ".join(dict.fromkeys(absent[key] for key in left_out))
    tests, cases = counted(sum(left_out.values()), "test"), counted(len(left_out), "case")
    return f"modellab: {tests} of {cases} left out: {told}"


def _asks_for_device(item: pytest.Item) -> bool:
    return not _ON_DEVICE.isdisjoint(getattr(item, "fixturenames", ())) and not any(
        item.get_closest_marker(name) for name in _OWN_REASON
    )
