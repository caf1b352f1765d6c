"""Progress of a run: on a terminal, in a log, and of xdist's workers from the controller."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakelab import FakeLab
from screens import on_screen

from pytest_modellab.core.durations import RemainingTime
from pytest_modellab.plugin import progress
from pytest_modellab.runner.journal import checked


def on_a_terminal(command: list[str], cwd: Path) -> str:
    """What a person would see of `command` on a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, cwd=cwd, stdout=theirs, stderr=theirs, env={**os.environ, "COLUMNS": "100"})
    os.close(theirs)
    seen = b"".join(read_all(ours))
    assert process.wait() == 0, seen
    return seen.decode()


def read_all(descriptor: int) -> Iterator[bytes]:
    while True:
        try:
            yield os.read(descriptor, 65536)
        except OSError:  # Linux's way of telling that the other side has closed
            os.close(descriptor)
            return


def test_a_terminal_shows_utterance_wer_and_time_left_while_a_test_runs(lab: FakeLab) -> None:
    lab.ready(delay_s=0.1)
    lab.pytester.makeconftest(
        "import pytest_modellab.core.durations\npytest_modellab.core.durations.EARLIEST_S = 0.0\n"
    )
    seen = on_a_terminal([sys.executable, "-m", "pytest", "--lab-card=full", "-p", "no:cacheprovider"], lab.path)
    lines = [line.strip() for line in seen.replace("\n", "\r").split("\r")]
    assert "fake:cpu:clips: loading the model, first call" in lines
    assert "fake:cpu:clips: utterance 1 of 3, WER 0.0%" in lines
    assert any(line.startswith("fake:cpu:clips: utterance 2 of 3, WER 0.0%, 0:0") for line in lines)
    assert any(line.startswith("fake ") and "pass" in line for line in lines)


def test_a_log_gets_a_line_now_and_then(lab: FakeLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LOG_EVERY_S", 0.0)
    lab.ready()
    lab.run().stdout.fnmatch_lines(["fake:cpu:clips: utterance 3 of 3, WER 0.0%"])


DOTS = """
import pytest
from pytest_modellab.plugin import progress
from pytest_modellab.core.durations import RemainingTime

progress.LOG_EVERY_S = progress.FOLLOW_EVERY_S = 0.0

@pytest.mark.parametrize("n", range(5))
def test_first(n): pass

@pytest.mark.asr
def test_run(run): pass

@pytest.mark.asr
def test_again(run): pass
"""


def told(result: pytest.RunResult) -> list[str]:
    """The lines of progress, before the scorecard."""
    lines = result.outlines
    until = next(i for i, line in enumerate(lines) if "modellab scorecard" in line)
    return [line for line in lines[:until] if ":cpu:clips: " in line]


@pytest.mark.parametrize("arguments", [(), ("-q",), ("-v",)])
def test_in_a_log_no_line_runs_into_the_dots(lab: FakeLab, arguments: tuple[str, ...]) -> None:
    lab.ready()
    lab.model("other")
    lab.pytester.makepyfile(test_suite=DOTS)
    lab.subprocess = True
    lines = told(lab.run(*arguments))
    assert len(lines) > 4
    assert [line for line in lines if not line.startswith(("fake:", "other:"))] == []


def test_with_workers_no_line_runs_into_the_dots(lab: FakeLab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.ready(delay_s=0.3)
    lab.pytester.makepyfile(test_suite=DOTS)
    lab.pytester.makeconftest(
        "import pytest_modellab.plugin.progress\npytest_modellab.plugin.progress.LOG_EVERY_S = 0.05\n"
    )
    lines = told(lab.run("-n2"))
    assert lines
    assert [line for line in lines if not line.startswith("fake:")] == []


@pytest.mark.parametrize("arguments", [[], ["-q"]])
def test_on_a_terminal_no_line_is_written_over_the_dots(lab: FakeLab, arguments: list[str]) -> None:
    lab.ready(delay_s=0.1)
    lab.pytester.makepyfile(test_suite=DOTS)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=no", *arguments]
    lines = on_screen(on_a_terminal(command, lab.path))
    assert sum(line.removeprefix("test_suite.py ").startswith(".....") for line in lines) == 1
    assert not any(line.startswith("fake:") for line in lines)
    # What was drawn doesn't count for the width that pytest puts its percentage by.
    assert [line for line in lines if line.endswith("%]")] == [line for line in lines if line.endswith("[100%]")]


class TestPace:
    def left(self, done: list[tuple[float, float]], audio_left_s: float, utterances: int) -> float | None:
        """The estimate after utterances of (seconds of work, seconds of audio)."""
        now, left = 100.0, audio_left_s + sum(audio for _, audio in done)
        pace = RemainingTime(now, left)
        for took, audio in done:
            now, left = now + took, left - audio
            pace.note(now, left)
        return pace.left_s(utterances)

    def test_short_clips_first_do_not_make_hours(self) -> None:
        # Half a second for any call and 0.1 s for each of audio: an hour in clips of 36 s is left, which takes 410 s.
        clips = [(0.5 + 0.1 * audio, audio) for audio in (0.4, 0.6, 0.5, 0.8, 30.0, 36.0, 40.0, 90.0)]
        assert self.left(clips, 3600.0, 100) == pytest.approx(410.0)
        by_audio = sum(took for took, _ in clips[:4]) / sum(audio for _, audio in clips[:4]) * 3600
        assert by_audio > 3000

    @pytest.mark.parametrize(
        "done",
        [
            pytest.param([], id="nothing"),
            pytest.param([(1.0, 0.3), (9.0, 0.2)], id="next to no audio"),
            pytest.param([(1.0, 600.0), (1.0, 600.0)], id="next to no time"),
            pytest.param([(9.0, 0.0)], id="no audio"),
        ],
    )
    def test_too_early_there_is_none(self, done: list[tuple[float, float]]) -> None:
        assert self.left(done, 3600.0, 100) is None

    def test_work_that_goes_by_the_utterance(self) -> None:
        assert self.left([(3.0, 10.0), (3.0, 30.0), (3.0, 20.0)], 600.0, 10) == pytest.approx(30.0)

    def test_work_that_goes_by_the_audio(self) -> None:
        assert self.left([(1.0, 10.0), (3.0, 30.0), (2.0, 20.0)], 600.0, 10) == pytest.approx(60.0)

    def test_whatever_was_seen_it_lies_between_the_two(self) -> None:
        # Longer clips took less: a straight line through them would end below 0.
        done = [(5.0, 1.0), (1.0, 60.0), (0.5, 120.0)]
        found = self.left(done, 1000.0, 10)
        assert found is not None
        assert 6.5 / 3 * 10 - 1e-9 <= found <= 6.5 / 181 * 1000

    def test_clips_of_one_length(self) -> None:
        assert self.left([(3.0, 10.0)] * 4, 100.0, 10) == pytest.approx(30.0)


def test_a_quick_run_leaves_no_line_in_a_log(lab: FakeLab) -> None:
    lab.ready()
    assert "utterance 3 of 3" not in lab.run().stdout.str()


def test_journals_are_followed_by_what_is_new_in_them(tmp_path: Path) -> None:
    journal = tmp_path / "case.jsonl"
    rows: list[dict[str, object]] = [{"key": "k", "case": "a:cpu:b", "utterances": 9}]
    rows.append({"utterance": "u1", "errors": 1, "words": 4})
    journal.write_bytes(b"".join(checked(row) + b"\n" for row in rows))
    seen: dict[Path, progress.Followed] = {}
    assert progress.new_lines(tmp_path, seen) == ["a:cpu:b: utterance 1 of 9, WER 25.0%"]
    assert progress.new_lines(tmp_path, seen) == []
    with journal.open("ab") as file:
        file.write(checked({"utterance": "u2", "errors": 0, "words": 1}) + b'\n{"utter')
    assert progress.new_lines(tmp_path, seen) == ["a:cpu:b: utterance 2 of 9, WER 20.0%"]


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "0:00"), (65, "1:05"), (7380, "2:03:00")])
def test_a_duration_on_the_clock(seconds: float, text: str) -> None:
    assert progress.clock(seconds) == text
