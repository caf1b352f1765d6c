"""The scorecard in the summary of a step of GitHub Actions."""

from __future__ import annotations

from pathlib import Path

import pytest
from _pytest.pytester import LineMatcher
from configs import collected, reported
from fakelab import SUITE
from labsessions import LabSessions

from pytest_modellab.reports.step_summary import append, within


def test_a_session_appends_its_scorecard_once(sessions: LabSessions, monkeypatch: pytest.MonkeyPatch) -> None:
    file = sessions.path / "summary.md"
    file.write_text("# Before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    assert sessions.ready(wrong={1: "to fine"}).session() == pytest.ExitCode.TESTS_FAILED
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# Before\n### Model Lab: not passed, 1 case measured\n")
    assert text.count("### Model Lab") == 1


def test_none_where_the_ini_file_says_so_or_nothing_was_measured(
    sessions: LabSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = sessions.path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    sessions.ready().session("-o", "modellab_step_summary=false")
    assert not file.exists()
    (sessions.path / "test_suite.py").write_text("def test_plain(): pass\n")
    with collected(sessions.path) as session:
        reported(session.items[0])
    assert not file.exists()


def test_a_summary_that_cannot_be_written_is_told_and_fails_nothing(
    sessions: LabSessions, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(sessions.path / "nowhere" / "summary.md"))
    (sessions.ready().path / "test_suite.py").write_text(SUITE)
    with collected(sessions.path, "--lab-inprocess") as session:
        for item in session.items:
            reported(item)
    assert session.exitstatus == 0
    LineMatcher(capsys.readouterr().out.splitlines()).fnmatch_lines(
        ["the step's summary could not be written to *summary.md: No such file or directory"]
    )


class TestBound:
    def test_what_fits_is_whole(self) -> None:
        assert within("a\nb\n", 4) == "a\nb\n"

    def test_what_does_not_ends_with_a_line_and_a_note(self) -> None:
        text = "".join(f"line {n} é\n" for n in range(1000))
        cut = within(text, 500)
        assert len(cut.encode()) <= 500
        *lines, blank, note, end = cut.split("\n")
        assert (blank, end) == ("", "")
        assert note.startswith("*cut off here")
        assert text.startswith("\n".join(lines))

    def test_a_file_that_is_full_is_told(self, tmp_path: Path) -> None:
        file = tmp_path / "summary.md"
        file.write_text("x" * 90)
        assert append("one\ntwo\n", file, most=100) == ""
        assert append("one\ntwo\n" * 99, file, most=100).endswith("is full: it may hold 100 bytes")
        assert file.read_text() == "x" * 90 + "one\ntwo\n"
