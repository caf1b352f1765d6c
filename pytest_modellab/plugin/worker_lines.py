"""What xdist's workers write to standard error while data and weights are fetched, for the controller to show."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

_SUFFIX = ".said"


class LinesForController:
    """A stream, as `sys.stderr`, whose whole lines go to a file in the session's folder. It is no terminal."""

    def __init__(self, stream: TextIO, folder: Path) -> None:
        self._stream = stream
        self._place = folder / f"{os.getpid()}{_SUFFIX}"
        self._begun = ""

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        if lines:
            with self._place.open("a", encoding="utf-8", errors="replace") as file:
                file.write("".join(f"{line}\n" for line in lines))
        return len(text)

    def isatty(self) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def lines_said(folder: Path, seen: dict[Path, int]) -> Iterator[str]:
    """The lines that workers have written since `seen`, bytes of each file, which is brought up to date."""
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        with suppress(FileNotFoundError), path.open("rb") as file:
            file.seek(seen.get(path, 0))
            whole, end, _ = file.read().rpartition(b"\n")
            seen[path] = seen.get(path, 0) + len(whole) + len(end)
            yield from whole.decode("utf-8", "replace").split("\n") if end else ()
