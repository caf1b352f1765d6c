"""Run delay of a worker: for how long its threads were ready to run and had no core, by the Linux kernel."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from .descendants import descendants

_PROC = Path("/proc")
Delays: TypeAlias = Mapping[tuple[int, int], tuple[int, int]]
"""By process and thread: nanoseconds on a core, and nanoseconds ready to run without one."""


def delays(pid: int) -> Delays:
    """Of all threads of process `pid` and of what it started, so far; empty where the system doesn't tell."""
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for process in (pid, *descendants(pid)):
        with contextlib.suppress(OSError):
            for task in (_PROC / str(process) / "task").iterdir():
                with contextlib.suppress(OSError, ValueError):  # a thread that has just ended
                    ran, waited, *_ = map(int, (task / "schedstat").read_text().split())
                    found[process, int(task.name)] = ran, waited
    return found


def waited_s(before: Delays, after: Delays) -> float | None:
    """Seconds of run delay between the two; None where the kernel doesn't tell.

    A kernel that doesn't count says 0 for threads that ran. What ended in between isn't counted.
    """
    if not any(ran for ran, _ in after.values()):
        return None
    nothing = (0, 0)
    return sum(max(0, waited - before.get(thread, nothing)[1]) for thread, (_, waited) in after.items()) / 1e9
