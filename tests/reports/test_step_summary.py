"""The scorecard in the summary of a step of GitHub Actions."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakelab import FakeLab

from pytest_modellab.reports.step_summary import append, within

BOTH = pytest.mark.parametrize("workers", ["-n0", "-n2"])


@BOTH
def test_a_session_appends_its_scorecard_once(
    lab: FakeLab, workers: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = lab.path / "summary.md"
    file.write_text("# Before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    lab.ready(wrong={1: "to fine"})
    assert lab.run(workers).ret == pytest.ExitCode.TESTS_FAILED
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# Before\n### Model Lab: not passed, 1 case measured\n")
    assert text.count("### Model Lab") == 1


def test_none_where_the_ini_file_says_so_or_nothing_was_measured(lab: FakeLab, monkeypatch: pytest.MonkeyPatch) -> None:
    file = lab.path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    lab.ready().run("-o", "modellab_step_summary=false")
    assert not file.exists()
    lab.pytester.makepyfile(test_suite="def test_plain(): pass")
    lab.run()
    assert not file.exists()


def test_a_summary_that_cannot_be_written_is_told_and_fails_nothing(
    lab: FakeLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(lab.path / "nowhere" / "summary.md"))
    result = lab.ready().run()
    assert result.ret == 0
    result.stdout.fnmatch_lines(["the step's summary could not be written to *summary.md: No such file or directory"])


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
