"""Progress of a run: on a terminal, in a log, and of xdist's workers from the controller."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakelab import FakeLab

from pytest_modellab import progress


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
    seen = on_a_terminal([sys.executable, "-m", "pytest", "-p", "no:cacheprovider"], lab.path)
    lines = [line.strip() for line in seen.replace("\n", "\r").split("\r")]
    assert "fake:cpu:clips: loading the model, first call" in lines
    assert "fake:cpu:clips: utterance 1 of 3, WER 0.0%" in lines
    assert any(line.startswith("fake:cpu:clips: utterance 2 of 3, WER 0.0%, 0:0") for line in lines)
    assert any(line.startswith("fake ") and "pass" in line for line in lines)


def test_a_log_gets_a_line_now_and_then(lab: FakeLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LOG_EVERY_S", 0.0)
    lab.ready()
    lab.run().stdout.fnmatch_lines(["fake:cpu:clips: utterance 3 of 3, WER 0.0%"])


def test_a_quick_run_leaves_no_line_in_a_log(lab: FakeLab) -> None:
    lab.ready()
    assert "utterance 3 of 3" not in lab.run().stdout.str()


def test_journals_are_followed_by_what_is_new_in_them(tmp_path: Path) -> None:
    journal = tmp_path / "case.jsonl"
    rows: list[dict[str, object]] = [{"key": "k", "case": "a:cpu:b", "utterances": 9}]
    rows.append({"utterance": "u1", "errors": 1, "words": 4})
    journal.write_text("".join(json.dumps(row) + "\n" for row in rows))
    seen: dict[Path, int] = {}
    assert progress.new_lines(tmp_path, seen) == ["a:cpu:b: utterance 1 of 9, WER 25.0%"]
    assert progress.new_lines(tmp_path, seen) == []
    with journal.open("a") as file:
        file.write(json.dumps({"utterance": "u2", "errors": 0, "words": 1}) + "\n" + '{"utter')
    assert progress.new_lines(tmp_path, seen) == ["a:cpu:b: utterance 2 of 9, WER 20.0%"]


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "0:00"), (65, "1:05"), (7380, "2:03:00")])
def test_a_duration_on_the_clock(seconds: float, text: str) -> None:
    assert progress.clock(seconds) == text
