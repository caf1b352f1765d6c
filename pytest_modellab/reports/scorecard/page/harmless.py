"""Untrusted text (transcripts, ids, messages) made safe for a page: isolated writing direction, bounded length."""

from __future__ import annotations

from collections.abc import Callable

from pytest_modellab.core.console import printable, printable_lines

LONGEST = 2_000
"""Characters of one text."""


def shown(value: object) -> object:
    """What a template writes, whoever wrote it: text that is no mark-up of ours has nothing in it that is obeyed."""
    return printable_lines(value) if type(value) is str else value


def line(text: str | None, most: int = LONGEST) -> str:
    """On one line, nothing in it that would be obeyed; what is left out is counted. Mark-up is the template's care."""
    return _bounded(text or "", most, printable)


def lines(text: str | None, most: int = LONGEST) -> str:
    """The same with its line ends kept, as of a traceback."""
    return _bounded(text or "", most, printable_lines)


def _bounded(text: str, most: int, shown: Callable[[str], str]) -> str:
    cut = len(text) - most
    return shown(text) if cut <= 0 else f"{shown(text[:most])} … ({cut:,} more characters)"
