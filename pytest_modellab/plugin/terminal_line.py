"""The line that pytest writes its dots to: others' lines are written above it, and it is put back below them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import groupby
from typing import Any, TextIO

import pytest

from pytest_modellab.core.console import dumb, encodable

_COLOURS = {".": "green", "F": "red", "E": "red"}
_LETTERS = frozenset(".FEsxXw?R")


class TerminalLine:
    """On a terminal the dots are erased and written anew; in a log, which can't be, the file they are of."""

    def __init__(self, reporter: pytest.TerminalReporter) -> None:
        self._reporter = reporter
        self._writer: Any = reporter.config.get_terminal_writer()
        self._held: str | None = None
        """What pytest had written to its line when others took it."""
        self._drawn = False
        self.rewritable = bool(reporter.isatty) and not dumb()

    def draw(self, text: str) -> None:
        """Write `text` in place of the dots, for as long as nothing else is drawn. On a terminal only."""
        if self._held is None:
            self.take()
        width = _width()
        self._raw(f"\r{text[:width]:<{width}}")
        self._drawn = True

    def take(self) -> None:
        """Have an empty line, for whatever is written next; `restore` gives it back."""
        if self._held is not None and not self._drawn:
            return
        if self._held is None:
            self._held = str(self._writer._current_line)
            if self._held and not self.rewritable:
                self._writer.line()
        self._erase()

    def above(self, text: str) -> None:
        """Write a line that stays; the dots, unless the line is taken, go on below it."""
        taken = self._held is not None
        self.take()
        self._raw(f"{text}\n")
        if not taken:
            self.restore()

    def restore(self) -> None:
        """Put pytest's line back, where it was taken."""
        held, self._held = self._held, None
        if held is None:
            return
        self._erase()
        if self.rewritable:
            self._raw(self._coloured(held))
        else:
            self._writer.write(self._named(held), flush=True)

    def _erase(self) -> None:
        self._drawn = False
        if self.rewritable:
            self._raw(f"\r{' ' * _width()}\r")

    def _named(self, held: str) -> str:
        """The test or file that the dots are of."""
        if self._reporter.config.get_verbosity(pytest.Config.VERBOSITY_TEST_CASES) > 0:
            return held
        named, space, _ = held.partition(" ")
        return named + space if self._reporter.currentfspath is not None else ""

    def _coloured(self, line: str) -> str:
        head, space, letters = line.rpartition(" ")
        if not self._writer.hasmarkup or not _LETTERS.issuperset(letters):
            return line
        dots = (
            self._writer.markup("".join(group), **{colour: True})
            for colour, group in groupby(letters, lambda letter: _COLOURS.get(letter, "yellow"))
        )
        return f"{head}{space}{''.join(dots)}"

    def _raw(self, text: str) -> None:
        """Past pytest's count of what is on its line."""
        # By pytest's file: `write_raw` is none of the oldest pytest that is supported.
        file = self._writer._file
        file.write(encodable(text, getattr(file, "encoding", None)))
        file.flush()


class Announcing:
    """A stream, as `sys.stderr`, that calls `before` whenever something is written to it: the dots make room."""

    def __init__(self, stream: TextIO, before: Callable[[], None]) -> None:
        self._stream = stream
        self._before = before

    def write(self, text: str) -> int:
        if text:
            self._before()
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _width() -> int:
    """Columns that can be written to without a line break."""
    return shutil.get_terminal_size().columns - 1
