"""The machine-wide lock: timing needs the machine alone, accuracy may share it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import ReadWriteLock, Timeout


@contextmanager
def machine(folder: Path, *, alone: bool, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the machine, exclusively (`alone`) or shared, against every other session that uses `folder`.

    The lock goes with its process, however that ends. `waiting` is called once if somebody else holds it.
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
                    waiting()
        yield
    finally:
        lock.close()
