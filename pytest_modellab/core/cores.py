"""The number of processor cores that this process may use: affinity and container quotas counted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUPS = Path("/proc/self/cgroup")


def usable_cores() -> float:
    """Cores that this process may use at once; a quota may leave a fraction of one."""
    allowed = usable_cpus()
    count = float(len(allowed) if allowed else os.cpu_count() or 1)
    quota = _quota()
    return count if quota is None else min(count, quota)


def usable_cpus() -> frozenset[int]:
    """The numbers of the processors that this process may run on; empty where the system doesn't tell (macOS)."""
    with suppress(AttributeError, OSError):
        return frozenset(os.sched_getaffinity(0))
    return frozenset()


def _quota() -> float | None:
    """The least quota of the control groups that this process is in, in cores; None where there is none."""
    return min((found for folder in _folders() if (found := _quota_in(folder)) is not None), default=None)


def _folders() -> Iterator[Path]:
    """The control groups that hold this process, each with those above it. In a container the root is its own."""
    try:
        lines = _OWN_CGROUPS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, place = rest.partition(":")
        if controllers and "cpu" not in controllers.split(","):
            continue
        roots = [_CGROUPS / controllers, _CGROUPS / "cpu"] if controllers else [_CGROUPS, _CGROUPS / "unified"]
        path = PurePosixPath(place.lstrip("/"))
        for root in roots:
            yield from (root / each for each in (path, *path.parents) if ".." not in each.parts)


def _quota_in(folder: Path) -> float | None:
    with suppress(OSError, ValueError, ZeroDivisionError):
        limit, period = (folder / "cpu.max").read_text().split()
        return None if limit == "max" else round(int(limit) / int(period), 2)
    with suppress(OSError, ValueError, ZeroDivisionError):
        limit, period = ((folder / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        return None if int(limit) <= 0 else round(int(limit) / int(period), 2)
    return None
