"""Files that are to be written: those that are there already are shown as a difference, never overwritten."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_modellab.core.atomic import write_text

from ..exits import UsageError


@dataclass(frozen=True)
class Planned:
    """A file, and what it is to hold."""

    path: Path
    text: str
    added: bool = False
    """Whether `text` is what the file holds already, with lines added."""
    generated: bool = False
    """Whether nobody edits the file: it is made anew by each version."""

    @property
    def there(self) -> str | None:
        """What the file holds; None where there is none. Raises UsageError."""
        try:
            return read(self.path) if self.path.exists() else None
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{self.path}: can't be read: {error}") from None

    def difference(self) -> str:
        """A unified diff from what is there to what is planned."""
        name = shown(self.path)
        lines = difflib.unified_diff(
            (self.there or "").splitlines(keepends=True), self.text.splitlines(keepends=True), name, name, n=1
        )
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def read(path: Path) -> str:
    """The text of a file with its line ends as they are. Raises OSError or UnicodeDecodeError."""
    return path.read_bytes().decode("utf-8")


def line_end(text: str) -> str:
    """The line end that a text has."""
    return "\r\n" if "\r\n" in text else "\n"


def shown(path: Path) -> str:
    """A path as a person would write it from here."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


@dataclass(frozen=True)
class Written:
    """What became of planned files."""

    lines: Sequence[str]
    """A line or a diff for each."""
    whole: bool
    """Whether all of them hold now what was planned."""


def write(files: Sequence[Planned], *, merge: bool) -> Written:
    """Write what isn't there, and with `merge` add lines to files that are. Raises UsageError."""
    lines: list[str] = []
    lacking, differing = False, False
    for file in {each.path: each for each in files}.values():
        there = file.there
        if there == file.text:
            lines += [] if file.generated else [f"there already: {shown(file.path)}"]
        elif there is None or file.generated or (file.added and merge):
            try:
                write_text(file.path, file.text)
            except OSError as error:
                raise UsageError(f"{file.path}: can't be written: {error.strerror or error}") from None
            what = "added to" if file.added and there is not None else "wrote"
            lines += [] if file.generated else [f"{what} {shown(file.path)}"]
        else:
            lacking, differing = lacking or file.added, differing or not file.added
            lines.append(f"{shown(file.path)} is there and was left as it is; it would be")
            lines.append(file.difference().rstrip("\n"))
    if lacking:
        lines.append("lines are lacking in a file that is there: `--merge` adds them, as shown")
    if differing:
        lines.append("what differs was left alone: remove the file to have it made anew")
    return Written(lines, not lacking and not differing)
