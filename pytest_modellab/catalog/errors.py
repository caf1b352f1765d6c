"""Errors of a catalog: every problem with its file and line, reported together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path


@dataclass(frozen=True)
class Problem:
    """One problem in one file. `line` counts from 1."""

    file: Path
    line: int
    message: str

    def show(self, base: Path) -> str:
        """`fixtures/models/x.yaml:12: message`, the path relative to `base` where it lies inside."""
        file = self.file.relative_to(base) if self.file.is_relative_to(base) else self.file
        return f"{file.as_posix()}:{self.line}: {self.message}"


class CatalogError(Exception):
    """A catalog that can't be used. The message lists every problem, a line each."""

    def __init__(self, problems: Sequence[Problem], base: Path) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = "the catalog has a problem:" if count == 1 else f"the catalog has {count} problems:"
        super().__init__("\n".join([head, *(f"  {problem.show(base)}" for problem in self.problems)]))


MOST_LISTED = 40
"""Names that a message lists in full: an engine's options, say, or all metrics of a task."""
_FEW = 8
"""Names that it lists of more: all cases of a catalog would fill screens."""


def suggest(word: object, allowed: Iterable[str]) -> str:
    """`did you mean X? allowed: a, b, c`, for the end of a message; of very many names those that are most alike."""
    options = sorted({*allowed})
    near = nearest(word, options)
    hint = f"did you mean `{near}`? " if near else ""
    if len(options) > MOST_LISTED:
        alike = get_close_matches(str(word), options, n=_FEW, cutoff=0.0)
        return f"{hint}allowed: {', '.join(alike)}, and {len(options) - len(alike)} more"
    return f"{hint}allowed: {', '.join(options) if options else '(nothing)'}"


def nearest(word: object, allowed: Iterable[str]) -> str | None:
    """The closest match of `word` among `allowed`."""
    return next(iter(get_close_matches(str(word), list(allowed), n=1, cutoff=0.6)), None)
