"""Locks of the processes that use the cache: it is cleaned only while no process uses it.

occupants/<pid>-<random>.lock   held by a process that has files of the cache in use, for as long as it has
locks/emptying.lock             held while one comes, and while the cache is emptied
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from .errors import StoreError


class CacheInUse(StoreError):
    """Another process uses the cache."""

    def __init__(self, root: Path) -> None:
        super().__init__(f"a session uses the cache {root}; try again when it has ended")


class Occupant:
    """This process as a user of the cache. The lock goes with the process, however it ends."""

    def __init__(self, root: Path) -> None:
        self._lock: FileLock | None = None
        # A cache that is read-only can't be emptied either.
        with suppress(OSError):
            folder = _made(root / "occupants")
            with _emptying(root, timeout=-1):
                lock = FileLock(folder / f"{os.getpid()}-{secrets.token_hex(4)}.lock")
                lock.acquire()
            self._lock = lock

    def leave(self) -> None:
        if self._lock is not None:
            self._lock.release()
            Path(self._lock.lock_file).unlink(missing_ok=True)
            self._lock = None


@contextmanager
def emptying(root: Path) -> Iterator[None]:
    """Lock the cache for cleaning. Raises CacheInUse where another process uses or cleans it."""
    try:
        with _emptying(root, timeout=0):
            for path in (root / "occupants").glob("*.lock"):
                with FileLock(path, timeout=0):
                    path.unlink(missing_ok=True)  # of a process that was killed
            yield
    except Timeout:
        raise CacheInUse(root) from None


def _emptying(root: Path, timeout: float) -> FileLock:
    return FileLock(_made(root / "locks") / "emptying.lock", timeout=timeout)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
