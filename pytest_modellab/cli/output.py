"""The text that a command makes, on the standard output or in a file."""

from __future__ import annotations

from pathlib import Path

from pytest_modellab.core.atomic import write_text

from .exits import UsageError
from .tell import tell, tell_lines


def put(text: str, place: Path | None) -> None:
    """Print text that ends with a line end, or write it to a file and say where. Raises UsageError."""
    if place is None:
        tell_lines(text, end="")
        return
    write(text, place)
    tell(place)


def write(text: str, place: Path) -> None:
    """Write a file. Raises UsageError."""
    try:
        write_text(place, text)
    except OSError as error:
        raise UsageError(f"{place}: can't be written: {error.strerror or error}") from error
