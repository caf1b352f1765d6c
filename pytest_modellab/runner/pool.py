"""The pool of loaded workers: one per model x device, kept until its last case is done."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pytest_modellab.core.schema_base import Failure
from pytest_modellab.results.conditions import beside
from pytest_modellab.results.core_wait import CoreUse
from pytest_modellab.results.facts import Memory

from .executor import HostLost, WorkerDied
from .load_order import LoadOrder

if TYPE_CHECKING:
    from pytest_modellab.catalog.cases import Case
    from pytest_modellab.engines.base import Fact
    from pytest_modellab.tasks.requests import Request

    from .executor import Worker
    from .locks import Leases

# A worker that dies this often in one case is not started again for it.
MAX_DEATHS = 3


@dataclass
class Loaded:
    """A loaded model; or, with `failure`, one that could not be loaded."""

    worker: Worker | None
    load_s: float | None = None
    first_call_s: float | None = None
    use: CoreUse = field(default_factory=CoreUse)
    """Use of the cores in both, as the session saw it."""
    failure: Failure | None = None
    memory: Memory = field(default_factory=Memory)
    first_death: WorkerDied | None = None
    """How the worker before this one died, of its first call."""
    facts: dict[str, Fact] = field(default_factory=dict)
    """What the engine chose, by its own word."""
    alone: bool = False
    """Whether it was loaded with the machine to itself, so that its load time counts."""
    loaded_with: Mapping[str, Any] = field(default_factory=dict)
    """Digests and versions of what was there when it was loaded; see edits.loaded_with."""


class Pool:
    """Starts workers on demand; closes each when the last expected case of its group is done."""

    def __init__(self, start: Callable[[LoadOrder], Worker], leases: Leases) -> None:
        self._start = start
        self._leases = leases
        self._loaded: dict[str, Loaded] = {}
        self._spare: dict[str, list[Loaded]] = {}
        """By group, workers of which several answer a case at once, and which do nothing now."""
        self._lock = threading.Lock()
        self._pending: Counter[str] = Counter()

    def expect(self, cases: Iterable[Case]) -> None:
        self._pending = Counter(case.group for case in cases)

    def reserve(self, group: str, device: Mapping[str, Any], waiting: Callable[[str], None]) -> None:
        """Hold `device`, as a LoadOrder has it, for the model of `group`; without the machine lock, see Leases.take."""
        self._leases.take(group, device, self.end_worker, waiting)

    def get(
        self,
        group: str,
        order: LoadOrder,
        warm_up: Request | None,
        warm_up_s: float,
        *,
        alone: bool,
        loaded_with: Mapping[str, Any],
    ) -> Loaded:
        """The loaded model of `group`, started and warmed up (within `warm_up_s`) where it is not there yet.

        With `alone` the machine is held by this session alone, and no worker is kept beside: one that was loaded beside
        others is replaced, so that its load time is a cold load's and nothing else's. So is one that was loaded with
        something else than `loaded_with`: its weights, say, were changed since.
        """
        if alone:
            for other in list(self._spare):
                self.end_worker(other)
        loaded = self._loaded.get(group)
        if loaded is not None and loaded.worker is not None and loaded.worker.gone:
            # The request was aborted from outside, for example by a time-out of the test.
            loaded = self._loaded.pop(group) and None
        if loaded is not None and ((alone and not loaded.alone) or loaded.loaded_with != loaded_with):
            self.end_worker(group)
            loaded = None
        if loaded is None:
            loaded = load_worker(self._start, replace(order, alone=alone), warm_up, warm_up_s)
            self._loaded[group] = loaded
            loaded.alone, loaded.loaded_with = alone, loaded_with
        return loaded

    def begin(self, loaded: Loaded, timeout_s: float) -> None:
        """Let peak memory begin anew, where the system can: a new case begins. Raises WorkerDied."""
        if loaded.worker is not None:
            loaded.memory.restart()
            loaded.worker.request({"op": "reset-peak"}, timeout=timeout_s)

    def another(self, group: str, order: LoadOrder, loaded_with: Mapping[str, Any]) -> Loaded:
        """A loaded model beside others of `group`, not warmed up: one that does nothing, or a new one.

        May be called from several threads. Raises HostLost.
        """
        with self._lock:
            spare = self._spare.setdefault(group, [])
            loaded = spare.pop() if spare else None
        if loaded is not None and loaded.loaded_with == loaded_with:
            with suppress(WorkerDied):
                self.begin(loaded, order.timeout_s)
                return loaded
        elif loaded is not None and loaded.worker is not None:
            loaded.worker.close()
        loaded = load_worker(self._start, order, None, order.timeout_s)
        loaded.loaded_with = loaded_with
        return loaded

    def keep(self, group: str, loaded: Loaded) -> None:
        """Take back what `another` gave."""
        with self._lock:
            if loaded.worker is not None and not loaded.worker.gone:
                self._spare.setdefault(group, []).append(loaded)

    def drop(self, group: str) -> None:
        """Forget a worker that died."""
        self._loaded.pop(group, None)

    def done(self, group: str) -> None:
        """One case of the group is finished."""
        self._pending[group] -= 1
        if self._pending[group] <= 0:
            self._close(group)

    def close(self) -> None:
        for group in {*self._loaded, *self._spare, *self._leases.groups}:
            self._close(group)

    def _close(self, group: str) -> None:
        self.end_worker(group)
        self._leases.give(group)

    def end_worker(self, group: str) -> None:
        """Close the worker of a group, whose next case loads it anew."""
        loaded = self._loaded.pop(group, None)
        with self._lock:
            ended = [*self._spare.pop(group, []), *([] if loaded is None else [loaded])]
        for each in ended:
            if each.worker is not None:
                each.worker.close()


def load_worker(
    start: Callable[[LoadOrder], Worker], order: LoadOrder, warm_up: Request | None, warm_up_s: float
) -> Loaded:
    """A new worker with its model loaded, and called once with `warm_up` within `warm_up_s`. Raises HostLost."""
    worker = start(order)
    try:
        reply, use = beside(lambda: worker.request(order.message(), timeout=order.timeout_s))
    except HostLost:
        raise
    except WorkerDied as death:
        return Loaded(
            None,
            failure=Failure(kind="load", message=f"could not be loaded: {death.reason}", detail=death.stderr),
        )
    except BaseException:
        worker.close()
        raise
    if "error" in reply:
        error = reply["error"]
        worker.close()
        message = f"could not be loaded: {error['type']}: {error['message']}"
        return Loaded(None, failure=Failure(kind="load", message=message, detail=error["traceback"]))
    loaded = Loaded(worker, load_s=reply["load_s"], facts=reply["facts"], memory=worker.memory)
    loaded.use = use
    loaded.memory.load_rss = loaded.memory.peak_rss
    if warm_up is not None:
        try:
            first, use = beside(lambda: worker.request(warm_up.message, warm_up.payload, timeout=warm_up_s))
        except WorkerDied as death:
            # What kills the first call is met again, and told, where this utterance is measured.
            again = load_worker(start, order, None, warm_up_s)
            again.first_death = death
            return again
        except BaseException:
            worker.close()
            raise
        loaded.first_call_s = first.get("seconds")
        loaded.use += use
    return loaded
