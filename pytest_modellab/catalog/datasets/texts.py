"""Text files of data sets: UTF-8, with an error that names the line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .root import Place
from .utterance import DatasetError


def text_of(path: Path, place: Place) -> str:
    """The text of a file, which is called `place`. Raises DatasetError where it can't be read, or isn't UTF-8."""
    try:
        return decoded(path.read_bytes(), place)
    except OSError as error:
        raise DatasetError(f"{place}: can't be read: {error.strerror}") from None


def lines_of(path: Path, place: Place) -> Iterator[tuple[int, str]]:
    """The lines of a file, without their ends, by their number from 1 on, as they are read. Raises as `text_of`."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                yield number, line.removesuffix("\n")
    except UnicodeDecodeError:
        text_of(path, place)  # which tells the line
        raise
    except OSError as error:
        raise DatasetError(f"{place}: can't be read: {error.strerror}") from None


def decoded(data: bytes, place: Place) -> str:
    """The text of these bytes. Raises DatasetError where they aren't UTF-8."""
    try:
        # Windows editors begin a file with a byte order mark.
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DatasetError(f"{place}:{line}: not UTF-8 text; save the file as UTF-8") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")
