"""The fields of lines: times, names, and what is wrong with one."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..segments import MOST_MS

COMMENT = ";;"


class FormatError(Exception):
    """A file that isn't of its format; the message names the line."""


def lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """The lines with anything on them, as fields, and their numbers; comments are passed over."""
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip().lstrip("\ufeff")
        if stripped and not stripped.startswith(COMMENT):
            yield number, stripped.split()


class Channels:
    """The channels of a file's speakers: one of a name on two is two people, whom nothing here tells apart."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], str] = {}

    def check(self, session: str, speaker: str, channel: str, number: int) -> None:
        """Raises FormatError."""
        before = self._found.setdefault((session, speaker), channel)
        if before != channel:
            raise FormatError(
                f"line {number}: `{speaker:.40}` of {session:.40} is on channel {channel:.10}, and was on {before:.10};"
                " give each channel's speakers names of their own, or keep the lines of the one that is heard"
            )


def milliseconds(field: str, number: int, what: str) -> int:
    """A time in seconds as ms. Raises FormatError."""
    try:
        seconds = float(field)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds) or not 0 <= 1000 * seconds <= MOST_MS:
        raise FormatError(f"line {number}: the {what} `{field:.40}` is no number of seconds")
    return round(1000 * seconds)


def seconds(ms: int) -> str:
    """As it is written."""
    return f"{ms / 1000:.3f}"


def name(text: str) -> str:
    """A name without white space, which would divide it into two fields, and that doesn't begin a comment."""
    joined = "_".join(text.split()) or "unknown"
    return f"_{joined}" if joined.startswith(COMMENT) else joined
