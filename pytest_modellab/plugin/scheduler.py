"""xdist scheduling by model and device: two workers never load the same model, or share one device's memory.

xdist's own grouping (`--dist loadgroup`) does nothing on pytest 9.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadGroupScheduling, LoadScopeScheduling
from xdist.workermanage import WorkerController

from pytest_modellab.catalog.cases import named_in

_TOGETHER = {"loadscope": LoadScopeScheduling, "loadgroup": LoadGroupScheduling}
"""Who says which of the tests without a case stay together, by `--dist`; under any other they may be anywhere."""


class ModelDeviceScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist brings no types
    """Tests of one model x device go to one worker, all other tests by `--dist`; the longest first.

    The longest group must not begin last, or one worker ends long after the others.
    """

    def __init__(
        self,
        config: pytest.Config,
        log: Producer | None,
        groups: Mapping[str, str],
        seconds: Callable[[str], float],
    ) -> None:
        """`groups` maps case ids to groups; `seconds` tells how long a group is likely to take, infinity if unknown."""
        super().__init__(config, log)
        self._groups = groups
        self._seconds = seconds
        self._together = _TOGETHER.get(config.getvalue("dist"))

    def _split_scope(self, nodeid: str) -> str:
        case = named_in(nodeid, self._groups)
        if case is not None:
            return self._groups[case]
        return nodeid if self._together is None else str(self._together._split_scope(self, nodeid))

    def _assign_work_unit(self, node: WorkerController) -> None:
        self.workqueue.move_to_end(self.longest(self.workqueue), last=False)
        super()._assign_work_unit(node)

    def longest(self, scopes: Iterable[str]) -> str:
        """The scope that is likely to take longest; of equals the first."""
        return max(scopes, key=self._likely)

    def _likely(self, scope: str) -> float:
        return self._seconds(scope) if scope in self._groups.values() else 0.0
