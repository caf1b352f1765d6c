"""The machine-wide lock: timing needs the machine alone, accuracy may share it."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import ReadWriteLock, Timeout

from pytest_modellab.core.console import printable

_HOLDERS = "machine-holders"
_MOST_NAMED = 3


@contextmanager
def machine(folder: Path, *, alone: bool, what: str, waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold the machine, exclusively (`alone`) or shared, against every other session that uses `folder`.

    The lock goes with its process, however that ends. `what` is what it is held for, in a few words; `waiting` is
    called once if somebody else holds it, with a line that says who, for what and since when.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = ReadWriteLock(folder / "machine.lock", is_singleton=False)
    acquire = lock.acquire_write if alone else lock.acquire_read
    told = False
    try:
        while True:
            try:
                # In slices: SQLite's wait can't be interrupted, and Ctrl-C must be.
                acquire(timeout=0.2)
                break
            except Timeout:
                if not told:
                    told = True
                    waiting(f"waiting for the machine: {_holders(folder / _HOLDERS)}")
        with _noted(folder / _HOLDERS, what, alone=alone):
            yield
    finally:
        lock.close()


@contextmanager
def _noted(folder: Path, what: str, *, alone: bool) -> Iterator[None]:
    """A note of who holds it, for those that wait; that it can't be written costs nothing else."""
    note = folder / f"{os.getpid()}-{secrets.token_hex(4)}.json"
    told = {
        "process": os.getpid(),
        "started": _started(os.getpid()),
        "what": what,
        "alone": alone,
        "since": time.time(),
    }
    with suppress(OSError):
        folder.mkdir(exist_ok=True)
        note.write_text(json.dumps(told), encoding="utf-8")
    try:
        yield
    finally:
        with suppress(OSError):
            note.unlink(missing_ok=True)


def _holders(folder: Path) -> str:
    """`process 4711 has it alone for asr/a:cpu:b, since 09:29 (3 min)`; notes of dead processes are removed."""
    found = []
    for path in sorted(folder.glob("*.json")):
        with suppress(OSError, ValueError, KeyError, TypeError):
            told = json.loads(path.read_text(encoding="utf-8"))
            pid, since = int(told["process"]), float(told["since"])
            if _started(pid) != told["started"]:
                path.unlink(missing_ok=True)
                continue
            minutes = max(0, round((time.time() - since) / 60))
            alone = " alone" if told["alone"] else ""
            what = printable(str(told["what"]))
            at = time.strftime("%H:%M", time.localtime(since))
            found.append(f"process {pid} has it{alone} for {what}, since {at} ({minutes} min)")
    more = [f"{len(found) - _MOST_NAMED} more"] if len(found) > _MOST_NAMED else []
    return "; ".join([*found[:_MOST_NAMED], *more]) or "others are measuring"


def _started(pid: int) -> float | None:
    """When a process was started: another one may have its number since. None where it is gone."""
    import psutil

    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None
