"""Child processes of a worker and their CPU time, which counts as the engine's, as that of its threads does."""

from __future__ import annotations

import contextlib
from pathlib import Path

_LIST = Path("/proc/thread-self/children")
"""Where the kernel lists a thread's children; not every one does."""


def descendants_cpu_s(pid: int) -> float:
    """CPU seconds so far of what process `pid` started: of those that live, and of those that it has waited for.

    A process that was given another parent, as a daemon gives itself, isn't found. Where the system doesn't tell what
    ended children used (Windows, macOS), only those that live count.
    """
    import psutil

    total = 0.0
    with contextlib.suppress(psutil.Error, OSError):
        total += _of_ended(psutil.Process(pid).cpu_times())
        for child in _living(pid):
            with contextlib.suppress(psutil.Error, OSError):
                times = psutil.Process(child).cpu_times()
                total += times.user + times.system + _of_ended(times)
    return total


def descendants(pid: int) -> list[int]:
    """The processes below `pid` that live, zombies included; [] where it is gone."""
    import psutil

    with contextlib.suppress(psutil.Error, OSError):
        return _living(pid)
    return []


def _of_ended(times: object) -> float:
    return float(getattr(times, "children_user", 0.0)) + float(getattr(times, "children_system", 0.0))


def _living(pid: int) -> list[int]:
    """The processes below `pid` that live, zombies included. Raises psutil.Error or OSError where it is gone."""
    if not _LIST.exists():
        import psutil

        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    found = _children(pid)
    for child in tuple(found):
        with contextlib.suppress(OSError):
            found += _living(child)
    return found


def _children(pid: int) -> list[int]:
    """By the kernel's own list (Linux), which costs little however many processes there are. Raises OSError."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # a thread that has just ended
            found += map(int, (task / "children").read_text().split())
    return found
