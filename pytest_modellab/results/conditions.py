"""Timing conditions of a run: repeated calls on a fixed clip, waiting for cores, and time stamps."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Literal

from pytest_modellab.core.cores import usable_cpus

from .core_wait import CoreUse

SPREAD_BOUND = 0.15
"""Of (slowest - fastest) / median of the fixed clip. On a quiet machine it is a few per cent."""
LEAST_SPREAD_S = 0.010
"""Differences below are the scheduler's, whatever their share of a short call."""
CORE_WAIT_BOUND = 0.10
"""Of the core wait while calls were timed."""

PassKind = Literal["accuracy", "timing", "accuracy and timing"]

_THROTTLE_COUNTS = Path("/sys/devices/system/cpu")
_CGROUP_STAT = Path("/sys/fs/cgroup/cpu.stat")


@dataclass
class Conditions:
    """The conditions, collected during a run; JSON values only, so that a journal can hold them.

    Attributes:
        clip_s: seconds of each call on the fixed clip, in order.
        calls: use of the cores while calls were timed.
        loading: the same, while the model was loaded and first called.
        throttled: how often the processor or the container's quota throttled the run; None where it isn't known.
        load_average: of the last minute when timing began; for the record, it includes our own work.
        saturated: why a load generator couldn't keep its own times, where it couldn't.
        passes: kind, start and end (UTC, ISO 8601) of each time the machine was held.
    """

    clip_s: list[float] = field(default_factory=list)
    calls: CoreUse = field(default_factory=CoreUse)
    loading: CoreUse = field(default_factory=CoreUse)
    throttled: int | None = None
    load_average: float | None = None
    saturated: list[str] = field(default_factory=list)
    passes: list[dict[str, str]] = field(default_factory=list)

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Conditions:
        """From a journal, of this version or of an older one, which didn't tell what the worker itself used."""
        fields, cores = dict(kept), len(usable_cpus()) or os.cpu_count() or 1
        for name, wall, others in (("calls", "timed_s", "others_s"), ("loading", "loading_s", "loading_others_s")):
            if wall in fields:
                fields[name] = {"wall_s": fields.pop(wall), "others_s": fields.pop(others), "cores": cores}
            fields[name] = CoreUse(**fields[name])
        return cls(**fields)

    @property
    def spread(self) -> float | None:
        """(slowest - fastest) / median of the calls on the fixed clip; None of fewer than two."""
        if len(self.clip_s) < 2:
            return None
        return (max(self.clip_s) - min(self.clip_s)) / median(self.clip_s)

    @property
    def noisy(self) -> str | None:
        """Why the times can't be relied on; None where nothing speaks against them."""
        reasons = []
        if self.spread and self.spread > SPREAD_BOUND and max(self.clip_s) - min(self.clip_s) > LEAST_SPREAD_S:
            reasons.append(f"the same clip varied by {_beyond(self.spread, SPREAD_BOUND)}")
        if waited := _waited(self.calls):
            reasons.append(waited)
        if self.throttled:
            reasons.append(f"the processor was throttled {self.throttled} times")
        reasons += self.saturated
        return "; ".join(reasons) or None

    @property
    def noisy_loading(self) -> str | None:
        """Why the times of loading and of the first call can't be relied on; None where nothing speaks against them."""
        return _waited(self.loading, " while it was loaded")

    @contextmanager
    def held(self, kind: PassKind) -> Iterator[None]:
        """Note when the machine was held, and for what."""
        entry = {"kind": kind, "start": _now(), "end": ""}
        self.passes.append(entry)
        throttled = _throttled()
        if kind != "accuracy":
            with suppress(OSError, AttributeError):  # AttributeError: Windows has none
                self.load_average = os.getloadavg()[0]
        try:
            yield
        finally:
            entry["end"] = _now()
            if kind != "accuracy" and throttled is not None:
                self.throttled = (self.throttled or 0) + (_throttled() or 0) - throttled

    def timed(self, call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Make one timed call, and see what others did meanwhile."""
        reply, use = beside(call)
        self.calls += use
        if reply.get("saturated"):
            self.saturated.append(reply["saturated"])
        return reply


def beside(call: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], CoreUse]:
    """Make a call: the reply, and the use of the cores meanwhile.

    The reply tells the CPU time and the run delay of the worker and of the processes that it started. One that tells no
    CPU time is of a worker in this process. One that tells the use of the cores itself is of another machine.
    """
    start, (busy, stolen, cores), session = time.perf_counter(), _cores_now(), time.process_time()
    reply = call()
    if "core_use" in reply:
        return reply, CoreUse(**reply.pop("core_use"))
    own_s = reply.get("cpu_s", 0.0) + reply.get("descendants_cpu_s", 0.0)
    session_s = time.process_time() - session
    now_busy, now_stolen, _ = _cores_now()
    use = CoreUse(
        wall_s=time.perf_counter() - start,
        own_s=own_s if "cpu_s" in reply else own_s + session_s,
        others_s=now_busy - busy - session_s - own_s,
        stolen_s=max(0.0, now_stolen - stolen),
        waited_s=reply.get("waited_s"),
        cores=cores,
    )
    return reply, use


def _waited(use: CoreUse, when: str = "") -> str | None:
    """Beyond the bound, how long the worker waited for a core."""
    share = use.core_wait
    if share is None or share <= CORE_WAIT_BOUND:
        return None
    return f"it waited {_beyond(share, CORE_WAIT_BOUND, f' of its time for a core that others had{when}')}"


def _beyond(share: float, bound: float, what: str = "") -> str:
    """Both, with a digit more where they look alike."""
    digits = 0 if f"{share:.0%}" != f"{bound:.0%}" else 1
    return f"{share:.{digits}%}{what} (bound {bound:.{digits}%})"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _cores_now() -> tuple[float, float, int]:
    """Seconds that the usable cores have worked since the machine started, those stolen from them, and their number."""
    import psutil

    every, usable = [each._asdict() for each in psutil.cpu_times(percpu=True)], usable_cpus()
    # Where processors are offline their places aren't their numbers.
    if usable and max(usable) < len(every):
        every = [every[i] for i in sorted(usable)]
    # Linux counts a guest's time under user, too.
    idle = ("idle", "iowait", "guest", "guest_nice", "steal")
    busy = sum(seconds for times in every for name, seconds in times.items() if name not in idle)
    return float(busy), float(sum(times.get("steal", 0.0) for times in every)), max(1, len(every))


def _throttled() -> int | None:
    """Thermal throttling events and exhausted quotas so far, as far as Linux tells them; None where it does not."""
    counts = []
    for path in _THROTTLE_COUNTS.glob("cpu[0-9]*/thermal_throttle/core_throttle_count"):
        with suppress(OSError, ValueError):
            counts.append(int(path.read_text()))
    with suppress(OSError, ValueError):
        lines = dict(line.split() for line in _CGROUP_STAT.read_text().splitlines())
        counts.append(int(lines.get("nr_throttled", 0)))
    return sum(counts) if counts else None
