"""A guide of the documents, followed from its top: the files that it shows are written, its commands are run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from documents import ROOT

_NAMED = re.compile(r"`((?:[\w-]+/)*[\w.-]+\.\w+|\.gitignore)`")
_FENCE = re.compile(r"^```(\w+)$")


@dataclass(frozen=True)
class File:
    """A file that the guide shows."""

    path: str
    text: str

    def write(self, folder: Path) -> Path:
        place = folder / self.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(self.text, encoding="utf-8")
        return place


@dataclass(frozen=True)
class Command:
    """A command line that the guide shows."""

    words: tuple[str, ...]


def steps(page: str) -> Iterator[File | Command]:
    """The files and commands of a page, in its order. A block is of the file that is named last before it."""
    named = ""
    lines = iter((ROOT / "docs" / page).read_text(encoding="utf-8").splitlines())
    for line in lines:
        fence = _FENCE.match(line)
        if fence:
            body = "".join(f"{each}\n" for each in _until_closed(lines))
            if named:
                yield File(named, body)
            named = ""
        elif re.match(r" {4}(modellab|pytest) ", line):
            yield Command(tuple(shlex.split(line, comments=True)))
        else:
            named = [named, *_NAMED.findall(line)][-1]
        if line.startswith("## "):
            named = ""


def _until_closed(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if line == "```":
            return
        yield line


def files(page: str) -> dict[str, File]:
    return {step.path: step for step in steps(page) if isinstance(step, File)}


def commands(page: str) -> list[tuple[str, ...]]:
    return [step.words for step in steps(page) if isinstance(step, Command)]
