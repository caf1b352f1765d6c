"""Output of commands: all text is stripped of terminal control sequences."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from pytest_modellab.core.console import printable, printable_lines


class OutputClosed(Exception):
    """Nobody reads the output any more. No OSError: commands take those for faults of the files they write."""


def tell(text: object, *, file: TextIO | None = None, flush: bool = False) -> None:
    """Print one line; a line end within `text` is shown as U+FFFD, so that untrusted text can't start a new line.

    Raises OutputClosed.
    """
    _print(printable(str(text)), "\n", file or sys.stdout, flush=flush)


def tell_lines(text: object, *, end: str = "\n", file: TextIO | None = None) -> None:
    """Print text of our own making that has several lines, each of them printable. Raises OutputClosed."""
    _print(printable_lines(str(text)), end, file or sys.stdout)


def _print(text: str, end: str, file: TextIO, *, flush: bool = False) -> None:
    try:
        print(text, end=end, file=file, flush=flush)
    except BrokenPipeError:
        raise OutputClosed from None


def flush_output() -> None:
    """Write what is still buffered. Raises OutputClosed."""
    if any(_is_closed(stream) for stream in _streams()):
        raise OutputClosed


def discard_output() -> bool:
    """Send the rest of an output that nobody reads nowhere, so that the interpreter's end doesn't fail of it.

    Whether there was such an output.
    """
    closed = [stream for stream in _streams() if _is_closed(stream)]
    for stream in closed:
        with suppress(OSError), Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())
    return bool(closed)


def _streams() -> list[TextIO]:
    return [stream for stream in (sys.stdout, sys.stderr) if stream is not None]


def _is_closed(stream: TextIO) -> bool:
    try:
        stream.flush()
    except BrokenPipeError:
        return True
    except (OSError, ValueError):
        return False
    return False
