"""Categories of files on disk, with those that may be removed."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

STALE_S = 24 * 3600.0
"""What is younger may be somebody's that is still at work."""


class InUse(Exception):
    """The files are in use by another process; the message names them."""


@dataclass(frozen=True)
class Removable:
    """Files that may be removed."""

    path: Path
    size: int
    why: str
    remove: Callable[[], None]
    """Raises InUse or OSError."""


@dataclass
class Category:
    """The files of one category.

    Attributes:
        name: as shown to the user.
        count: how many there are.
        size: bytes of all of them.
        removable: files that may be removed.
        notes: why some files are kept although they look unused.
        young: number of files that are kept only because they are younger than a day.
    """

    name: str
    count: int = 0
    size: int = 0
    removable: list[Removable] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    young: int = 0

    def add(self, size: int) -> None:
        self.count += 1
        self.size += size


def file(path: Path, why: str) -> Removable:
    return Removable(path, size_of(path), why, partial(unlink, path))


def folder(path: Path, why: str) -> Removable:
    return Removable(path, size_of(path), why, partial(remove_folder, path))


def unlink(path: Path) -> None:
    """Remove a file, which may be gone already. Raises OSError."""
    with suppress(OSError):
        if not path.is_symlink():
            path.chmod(stat.S_IRUSR | stat.S_IWUSR)  # Windows does not remove what is read-only
    path.unlink(missing_ok=True)


def remove_folder(path: Path) -> None:
    """Remove a folder, which may be gone already. Raises OSError."""
    with suppress(FileNotFoundError):
        shutil.rmtree(path)


def size_of(path: Path) -> int:
    """Bytes of a file or of all files in a folder; links count for nothing, nor does what vanishes meanwhile."""
    found = _lstat(path)
    if found is None:
        return 0
    if not stat.S_ISDIR(found.st_mode):
        return 0 if stat.S_ISLNK(found.st_mode) else found.st_size
    inside = (Path(where) / name for where, _, names in os.walk(path) for name in names)
    return sum(each.st_size for each in map(_lstat, inside) if each is not None and stat.S_ISREG(each.st_mode))


def age_s(paths: Iterable[Path]) -> float:
    """Seconds since the youngest of them was changed; 0 of none."""
    times = [found.st_mtime for path in paths if (found := _lstat(path)) is not None]
    return time.time() - max(times) if times else 0.0


def _lstat(path: Path) -> os.stat_result | None:
    with suppress(OSError):
        return path.lstat()
    return None
