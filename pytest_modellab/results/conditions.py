"""Timing conditions of a run: repeated calls on a fixed clip, other load on the machine, and time stamps."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    pass

SPREAD_BOUND = 0.15
"""Of (slowest - fastest) / median of the fixed clip. On a quiet machine it is a few per cent."""
LEAST_SPREAD_S = 0.010
"""Differences below are the scheduler's, whatever their share of a short call."""
OTHERS_BOUND = 0.10
"""Of the share of all CPUs that others kept busy while calls were timed."""
LEAST_TIMED_S = 1.0
"""Below, the kernel's ticks of 10 ms are too coarse to tell what others used."""

PassKind = Literal["accuracy", "timing", "accuracy and timing"]

_THROTTLE_COUNTS = Path("/sys/devices/system/cpu")
_CGROUP_STAT = Path("/sys/fs/cgroup/cpu.stat")


@dataclass
class Conditions:
    """The conditions, collected during a run; JSON values only, so that a journal can hold them.

    Attributes:
        clip_s: seconds of each call on the fixed clip, in order.
        timed_s: wall time during which calls were timed.
        others_s: CPU seconds that other processes used in that time.
        throttled: how often the processor or the container's quota throttled the run; None where it isn't known.
        load_average: of the last minute when timing began; for the record, it includes our own work.
        loading_s: wall time of loading the model and of its first call.
        loading_others_s: CPU seconds that other processes used in that time.
        passes: kind, start and end (UTC, ISO 8601) of each time the machine was held.
    """

    clip_s: list[float] = field(default_factory=list)
    timed_s: float = 0.0
    others_s: float = 0.0
    loading_s: float = 0.0
    loading_others_s: float = 0.0
    throttled: int | None = None
    load_average: float | None = None
    passes: list[dict[str, str]] = field(default_factory=list)

    @property
    def spread(self) -> float | None:
        """(slowest - fastest) / median of the calls on the fixed clip; None of fewer than two."""
        if len(self.clip_s) < 2:
            return None
        return (max(self.clip_s) - min(self.clip_s)) / median(self.clip_s)

    @property
    def others(self) -> float | None:
        """Share of all CPUs that others kept busy; None where too little was timed to tell."""
        return _share(self.others_s, self.timed_s)

    @property
    def loading_others(self) -> float | None:
        """As `others`, while the model was loaded and first called."""
        return _share(self.loading_others_s, self.loading_s)

    @property
    def noisy(self) -> str | None:
        """Why the times can't be relied on; None where nothing speaks against them."""
        reasons = []
        if self.spread and self.spread > SPREAD_BOUND and max(self.clip_s) - min(self.clip_s) > LEAST_SPREAD_S:
            reasons.append(f"the same clip varied by {_beyond(self.spread, SPREAD_BOUND)}")
        if self.others is not None and self.others > OTHERS_BOUND:
            reasons.append(f"others used {_beyond(self.others, OTHERS_BOUND, ' of the processors')}")
        if self.throttled:
            reasons.append(f"the processor was throttled {self.throttled} times")
        return "; ".join(reasons) or None

    @property
    def noisy_loading(self) -> str | None:
        """Why the times of loading and of the first call can't be relied on; None where nothing speaks against them."""
        share = self.loading_others
        if share is None or share <= OTHERS_BOUND:
            return None
        return f"others used {_beyond(share, OTHERS_BOUND, ' of the processors while it was loaded')}"

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
        reply, seconds, used = beside(call)
        self.timed_s += seconds
        self.others_s += used
        return reply


def beside(call: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], float, float]:
    """Make a call: the reply, its wall time, and CPU seconds of others.

    The reply tells those of the worker and of the processes that it started. Those of others are not cut off at 0: the
    kernel counts in ticks, and what it gives one call it takes from another.
    """
    start, busy, own = time.perf_counter(), _busy_s(), time.process_time()
    reply = call()
    seconds = reply.get("cpu_s", 0.0) + reply.get("descendants_cpu_s", 0.0)
    used = _busy_s() - busy - (time.process_time() - own) - seconds
    return reply, time.perf_counter() - start, used


def _beyond(share: float, bound: float, what: str = "") -> str:
    """Both, with a digit more where they look alike."""
    digits = 0 if f"{share:.0%}" != f"{bound:.0%}" else 1
    return f"{share:.{digits}%}{what} (bound {bound:.{digits}%})"


def _share(others_s: float, wall_s: float) -> float | None:
    return None if wall_s < LEAST_TIMED_S else max(0.0, others_s / wall_s / (os.cpu_count() or 1))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _busy_s() -> float:
    """CPU seconds that this machine has worked since it started, all processors together, stolen time included."""
    import psutil

    times = psutil.cpu_times()._asdict()
    # Linux counts a guest's time under user, too.
    idle = ("idle", "iowait", "guest", "guest_nice")
    return float(sum(seconds for name, seconds in times.items() if name not in idle))


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
