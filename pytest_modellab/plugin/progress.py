"""Progress of long runs: one line, rewritten, on a terminal; occasional lines in a log."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, cast

import pytest

from pytest_modellab.catalog.cases import Case
from pytest_modellab.core.console import printable
from pytest_modellab.core.durations import RemainingTime
from pytest_modellab.core.language_tags import canonical_language
from pytest_modellab.core.text import unit_of
from pytest_modellab.runner import journal as journals

from .terminal_line import Announcing, TerminalLine
from .worker_lines import LinesForController, lines_said

LOG_EVERY_S = 30.0
FOLLOW_EVERY_S = 5.0
SAID_EVERY_S = 1.0


class TerminalProgress:
    """Shows the run of this process. In a worker of xdist, which has no terminal, the controller shows it."""

    def __init__(self, plugin: Callable[[str], Any], controlled: Path | None = None) -> None:
        """`controlled` is the folder of a session whose controller is another process."""
        self._plugin = plugin
        self._controlled = controlled
        self._line: TerminalLine | None = None
        self._logged = time.monotonic()
        self._remaining: dict[str, RemainingTime] = {}

    def say(self, case: Case, text: str) -> None:
        self._show(f"{case.id}: {text}", log="waiting" in text or text.startswith("interrupted"))

    def advance(self, case: Case, done: int, total: int, audio_left_s: float, wer: float | None) -> None:
        now = time.monotonic()
        remaining = self._remaining.get(case.key)
        if remaining is None:  # what came before the first answer is loading
            remaining = self._remaining[case.key] = RemainingTime(now, audio_left_s)
        else:
            remaining.note(now, audio_left_s)
        left = remaining.left_s(total - done)
        spaced = unit_of(canonical_language(case.dataset.language)) == "words"
        text = f"{case.id}: {progress_text(done, total, wer, spaced)}"
        if left is not None and done < total:
            text += f", {clock(left)} left"
        self._show(text)

    def clear(self) -> None:
        """Give pytest its line back."""
        if self._line is not None:
            with self._capture_suspended():
                self._line.restore()

    @contextmanager
    def visible(self) -> Iterator[None]:
        """Let downloads and builds be seen: above pytest's dots, as far as they write to `sys.stderr`."""
        with self._capture_suspended():
            stderr = sys.stderr
            sys.stderr = cast(TextIO, self._announcing(stderr))
            try:
                yield
            finally:
                sys.stderr = stderr

    @contextmanager
    def _capture_suspended(self) -> Iterator[None]:
        """Suspend pytest's capture: while a test runs it takes what is written to the terminal, too."""
        capture = self._plugin("capturemanager")
        if capture is None:
            yield
        else:
            with capture.global_and_fixture_disabled():
                yield

    def _pytests_line(self) -> TerminalLine | None:
        if self._line is None:
            reporter: pytest.TerminalReporter | None = self._plugin("terminalreporter")
            self._line = None if reporter is None else TerminalLine(reporter)
        return self._line

    def _announcing(self, stderr: TextIO) -> Announcing | LinesForController:
        if self._controlled is not None:
            return LinesForController(stderr, self._controlled)
        return Announcing(stderr, self._make_room)

    def _make_room(self) -> None:
        line = self._pytests_line()
        if line is not None:
            line.take()

    def _show(self, text: str, log: bool = False) -> None:
        line = self._pytests_line()
        if line is None:
            return
        with self._capture_suspended():
            if line.rewritable:
                line.draw(printable(text))
            elif log or time.monotonic() - self._logged >= LOG_EVERY_S:
                self._logged = time.monotonic()
                line.take()
                line.above(printable(text))


class Follower:
    """Shows the runs of xdist's workers, from their journals, in the controller."""

    def __init__(self, folder: Path, reporter: pytest.TerminalReporter) -> None:
        self._folder = folder
        self._line = TerminalLine(reporter)
        self._stop = threading.Event()
        self._seen: dict[Path, Followed] = {}
        self._seen_said: dict[Path, int] = {}
        self._told: set[str] = set()
        self._every = FOLLOW_EVERY_S if reporter.isatty else LOG_EVERY_S
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=2)
        self._show_said()

    def _follow(self) -> None:
        shown = time.monotonic()
        while not self._stop.wait(min(SAID_EVERY_S, self._every)):
            self._show_said()
            if time.monotonic() - shown >= self._every:
                shown = time.monotonic()
                for line in new_lines(self._folder, self._seen):
                    if line not in self._told:  # clips that are only timed again
                        self._told.add(line)
                        self._line.above(line)

    def _show_said(self) -> None:
        """Downloads and builds, soon after they began."""
        for line in lines_said(self._folder, self._seen_said):
            self._line.above(printable(line.rpartition("\r")[2]))


@dataclass
class Followed:
    """What was read of a journal: up to which byte, its header, and its answers."""

    place: int = 0
    head: dict[str, Any] | None = None
    answers: int = 0
    errors: int = 0
    words: int = 0

    def read(self, path: Path) -> bool:
        """Take in what was added; whether anything was."""
        before = self.place
        for line in journals.lines_from(path, self.place):
            self.place = line.end
            row = line.row or {}
            if self.head is None:
                self.head = row
            elif "utterance" in row:
                self.answers += 1
                self.errors += row["errors"]
                self.words += row["words"]
        return self.place > before


def new_lines(folder: Path, seen: dict[Path, Followed]) -> list[str]:
    """A line for each journal in `folder` that has grown since `seen`, which is brought up to date."""
    lines = []
    for path in sorted(folder.glob("*.jsonl")):
        found = seen.setdefault(path, Followed())
        with suppress(FileNotFoundError):
            if path.stat().st_size < found.place:  # begun anew
                found = seen[path] = Followed()
        if not found.read(path) or found.head is None or "key" not in found.head:
            continue
        wer = found.errors / found.words if found.words else None
        head = found.head
        text = progress_text(found.answers, head["utterances"], wer, head.get("spaced", True))
        lines.append(f"{head['case']}: {text}")
    return lines


def progress_text(done: int, total: int, rate: float | None, spaced: bool = True) -> str:
    """The progress of a run; in languages without spaces between words the error rate is CER."""
    text = f"utterance {done} of {total}"
    return text if rate is None else f"{text}, {'WER' if spaced else 'CER'} {rate:.1%}"


def clock(seconds: float) -> str:
    """`1:05` or `2:03:00`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
