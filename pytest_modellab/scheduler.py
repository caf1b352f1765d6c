"""xdist scheduling by model and device: two workers never load the same model, or share one device's memory.

xdist's own grouping (`--dist loadgroup`) does nothing on pytest 9.2.
"""

from __future__ import annotations

import re

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling


class ModelDeviceScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist brings no types
    """Tests of one model x device go to one worker, every other test wherever there is room."""

    def __init__(self, config: pytest.Config, log: Producer | None, groups: dict[str, str]) -> None:
        super().__init__(config, log)
        self._groups = groups

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid, self._groups) or nodeid


def group_of(nodeid: str, groups: dict[str, str]) -> str | None:
    """The model x device group of a test id, by the case id inside its brackets; `groups` maps case id to group."""
    _, bracket, parameters = nodeid.partition("[")
    if not bracket:
        return None
    # Ids of several parameters are joined with "-", which ids may hold themselves: the longest match is meant.
    found = max((case for case in groups if _stands_in(case, parameters)), key=len, default=None)
    return None if found is None else groups[found]


def _stands_in(case: str, parameters: str) -> bool:
    return re.search(rf"(?:^|-){re.escape(case)}\d*(?:$|[-\]])", parameters) is not None
