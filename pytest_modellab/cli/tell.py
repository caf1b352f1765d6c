"""Output of commands: all text is stripped of terminal control sequences."""

from __future__ import annotations

import sys
from typing import TextIO

from pytest_modellab.core.console import printable, printable_lines


def tell(text: object, *, file: TextIO | None = None, flush: bool = False) -> None:
    """Print one line; a line end within `text` is shown as U+FFFD, so that untrusted text can't start a new line."""
    print(printable(str(text)), file=file or sys.stdout, flush=flush)


def tell_lines(text: object, *, end: str = "\n", file: TextIO | None = None) -> None:
    """Print text of our own making that has several lines, each of them printable."""
    print(printable_lines(str(text)), end=end, file=file or sys.stdout)
