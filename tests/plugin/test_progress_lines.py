"""Lines of progress, on a terminal and in a log, by a real reporter that writes to a text."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from _pytest.terminal import TerminalReporter
from configs import parsed
from fakeruns import FakeRuns
from screens import on_screen
from waiting import wait_for

from pytest_modellab.catalog.cases import Case
from pytest_modellab.plugin import progress
from pytest_modellab.plugin.progress import Follower, TerminalProgress
from pytest_modellab.runner.journal import Journal


class Terminal(io.StringIO):
    """A text that says of itself whether it is a terminal."""

    def __init__(self, tty: bool) -> None:
        super().__init__()
        self.tty = tty
        self.named = "utf-8"

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self.named

    def isatty(self) -> bool:
        return self.tty


@pytest.fixture
def case(runs: FakeRuns) -> Case:
    return runs.ready().case()


@pytest.fixture
def config(tmp_path: Path) -> Iterator[pytest.Config]:
    with parsed(tmp_path) as found:
        yield found


def shown(config: pytest.Config, *, tty: bool) -> tuple[TerminalProgress, Terminal, TerminalReporter]:
    text = Terminal(tty)
    reporter = reporting(config, text)
    plugins: dict[str, Any] = {"terminalreporter": reporter}
    return TerminalProgress(plugins.get), text, reporter


def reporting(config: pytest.Config, text: Terminal) -> TerminalReporter:
    reporter = TerminalReporter(config, text)
    config.pluginmanager.register(reporter, "terminalreporter")
    return reporter


class TestTerminal:
    def test_one_line_is_rewritten_and_cleared(self, config: pytest.Config, case: Case) -> None:
        line, text, _ = shown(config, tty=True)
        line.say(case, "preparing data and weights")
        line.advance(case, 1, 3, 2.0, 0.25)
        drawn = [each.rstrip() for each in text.getvalue().split("\r")]
        assert drawn[-2:] == [
            "fake:cpu:clips: preparing data and weights",
            "fake:cpu:clips: utterance 1 of 3, WER 25.0%",
        ]
        line.clear()
        assert re.search(r"\r +\r$", text.getvalue())
        before = text.getvalue()
        line.clear()
        assert text.getvalue() == before

    def test_the_dots_are_there_again_below_it(self, config: pytest.Config, case: Case) -> None:
        line, text, reporter = shown(config, tty=True)
        reporter._tw.hasmarkup = False
        reporter.write("test_suite.py ..s")
        line.say(case, "loading")
        assert on_screen(text.getvalue()) == ["fake:cpu:clips: loading"]
        line.clear()
        assert on_screen(text.getvalue()) == ["test_suite.py ..s"]
        reporter.write(".")
        assert on_screen(text.getvalue()) == ["test_suite.py ..s."]

    def test_downloads_and_builds_stay_above_the_dots(
        self, config: pytest.Config, case: Case, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        line, text, reporter = shown(config, tty=True)
        monkeypatch.setattr("sys.stderr", text)
        reporter._tw.hasmarkup = False
        reporter.write("test_suite.py ..")
        line.say(case, "preparing data and weights")
        with line.visible():
            sys.stderr.write("fetching a.bin (145 MB)\n")
            sys.stderr.write("fetching b.bin\n")
            line.say(case, "preparing data and weights")
            sys.stderr.write("fetching c.bin\n")
        line.clear()
        assert on_screen(text.getvalue()) == [
            "fetching a.bin (145 MB)",
            "fetching b.bin",
            "fetching c.bin",
            "test_suite.py ..",
        ]
        assert sys.stderr is text

    def test_the_dots_keep_their_colours(self, config: pytest.Config, case: Case) -> None:
        line, text, reporter = shown(config, tty=True)
        reporter._tw.hasmarkup = True
        reporter.write("test_suite.py ..F")
        line.say(case, "loading")
        line.clear()
        assert text.getvalue().endswith("\rtest_suite.py \x1b[32m..\x1b[0m\x1b[31mF\x1b[0m")

    def test_what_a_stream_can_not_encode_is_replaced(self, config: pytest.Config, case: Case) -> None:
        line, text, _ = shown(config, tty=True)
        text.named = "ascii"
        line.say(case, "loading café ≤ 3")
        assert on_screen(text.getvalue()) == ["fake:cpu:clips: loading caf\\xe9 <= 3"]

    def test_the_time_that_is_left_once_it_can_be_told(
        self, config: pytest.Config, case: Case, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        line, text, _ = shown(config, tty=True)
        monkeypatch.setattr("time.monotonic", count(0.0, 10.0).__next__)
        for done in (1, 2, 3):
            line.advance(case, done, 9, 10.0 * (9 - done), None)
        assert re.search(r"utterance 3 of 9, \d+:\d\d left", text.getvalue())

    def test_nothing_hostile_in_a_message_reaches_it(self, config: pytest.Config, case: Case) -> None:
        line, text, _ = shown(config, tty=True)
        line.say(case, "\x1b[2Jloading")
        assert "\x1b[2J" not in text.getvalue()

    def test_without_a_reporter_nothing_is_shown(self, case: Case) -> None:
        line = TerminalProgress(lambda name: None)
        line.say(case, "loading")
        line.clear()


class TestLog:
    def test_the_file_is_named_again_before_the_next_dot(
        self, config: pytest.Config, case: Case, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        line, text, reporter = shown(config, tty=False)
        monkeypatch.setattr("sys.stderr", text)
        reporter.write_fspath_result("test_suite.py::test_x", ".")
        with line.visible():
            sys.stderr.write("fetching a.bin (145 MB)\n")
        line.say(case, "waiting for the machine: others are measuring")
        line.clear()
        reporter.write(".")
        name = reporter._tw._current_line.removesuffix(".")
        assert text.getvalue().lstrip("\n").splitlines() == [
            f"{name}.",
            "fetching a.bin (145 MB)",
            "fake:cpu:clips: waiting for the machine: others are measuring",
            f"{name}.",
        ]

    def test_a_dumb_terminal_is_one(self, config: pytest.Config, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TERM", "dumb")
        line, text, _ = shown(config, tty=True)
        line.say(case, "loading")
        line.say(case, "waiting for the machine: others are measuring")
        line.clear()
        assert text.getvalue() == "fake:cpu:clips: waiting for the machine: others are measuring\n"

    def test_what_is_waited_for_is_told_at_once_all_else_now_and_then(
        self, config: pytest.Config, case: Case, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        line, text, _ = shown(config, tty=False)
        line.say(case, "loading")
        assert text.getvalue() == ""
        line.say(case, "waiting for the machine: others are measuring")
        assert text.getvalue().splitlines() == ["fake:cpu:clips: waiting for the machine: others are measuring"]
        monkeypatch.setattr(progress, "LOG_EVERY_S", 0.0)
        line.advance(case, 2, 3, 1.0, 0.0)
        assert text.getvalue().splitlines()[-1].startswith("fake:cpu:clips: utterance 2 of 3, WER 0.0%")


def test_the_runs_of_other_processes_are_followed_by_their_journals(
    config: pytest.Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LOG_EVERY_S", 0.02)
    head = {"key": "k", "case": "fake:cpu:clips", "utterances": 3, "audio_s": 3.0}
    with Journal.open(tmp_path / "case.jsonl", head) as journal:
        journal.append({"utterance": "a", "errors": 1, "words": 4})
    text = Terminal(False)
    follower = Follower(tmp_path, reporting(config, text))
    try:
        assert wait_for(lambda: "fake" in text.getvalue(), seconds=10)
    finally:
        follower.stop()
    assert text.getvalue().splitlines() == ["fake:cpu:clips: utterance 1 of 3, WER 25.0%"]


class TestWorkers:
    def test_what_a_worker_fetches_is_told_above_the_dots_of_the_controller(
        self, config: pytest.Config, case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        beside = Terminal(True)
        monkeypatch.setattr("sys.stderr", beside)
        worker = TerminalProgress(lambda name: None, tmp_path)
        worker.say(case, "preparing data and weights")
        with worker.visible():
            assert not sys.stderr.isatty()
            sys.stderr.write("fetching a.bin (145 MB)\nfetching ")
            sys.stderr.write("b.bin\nfetching c")
            sys.stderr.flush()
        worker.clear()
        assert beside.getvalue() == ""
        text = Terminal(True)
        reporter = reporting(config, text)
        reporter._tw.hasmarkup = False
        reporter.write("..")
        monkeypatch.setattr(progress, "SAID_EVERY_S", 0.02)
        follower = Follower(tmp_path, reporter)
        try:
            assert wait_for(lambda: "b.bin" in text.getvalue(), seconds=10)
        finally:
            follower.stop()
        assert on_screen(text.getvalue()) == ["fetching a.bin (145 MB)", "fetching b.bin", ".."]

    def test_what_was_said_last_is_told_at_the_end(self, config: pytest.Config, tmp_path: Path) -> None:
        text = Terminal(False)
        follower = Follower(tmp_path, reporting(config, text))
        (tmp_path / "1.said").write_text("fetching a.bin\n")
        follower.stop()
        assert text.getvalue().splitlines()[-1] == "fetching a.bin"
