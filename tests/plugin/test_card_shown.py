"""The scorecard at the end of a session, in each of its forms: what fails is told in all of them."""

from __future__ import annotations

import re

import pytest
from configs import collected, reported
from fakelab import SUITE, FakeLab
from labsessions import LabSessions


@pytest.fixture(autouse=True)
def eighty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def said(lab: LabSessions, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """The lines of a session from the scorecard on, or its line; without escapes, as no terminal is there."""
    (lab.path / "test_suite.py").write_text(SUITE)
    with collected(lab.path, *arguments) as session:
        for item in session.items:
            reported(item)
    lines = capsys.readouterr().out.splitlines()
    end = next((i for i, line in enumerate(lines) if "details: " in line), None)
    if end is None:
        return []
    return lines[
        max(i for i, line in enumerate(lines[: end + 1]) if re.search("modellab(:| scorecard)", line)) : end + 1
    ]


def test_the_short_one_of_a_session_that_passes(sessions: LabSessions, capsys: pytest.CaptureFixture[str]) -> None:
    sessions.ready()
    lines = said(sessions, capsys)
    assert lines[0].strip("= ") == "modellab scorecard"
    assert lines[1].split()[:3] == ["case", "grade", "WER"]
    assert lines[2].startswith("pass  fake:cpu:clips  ")
    assert lines[-1] == "details: reports/scorecard.json"
    assert len(lines) <= 15
    assert max(map(len, lines)) <= 80


def test_the_second_session_tells_what_changed(sessions: LabSessions, capsys: pytest.CaptureFixture[str]) -> None:
    sessions.ready()
    said(sessions, capsys)
    assert [line.split()[-1] for line in said(sessions, capsys)[1:3]] == ["run", "same"]
    sessions.model(wrong={0: "one day", 1: "two day"})
    lines = said(sessions, capsys)
    assert lines[0].strip("= ") == "modellab scorecard: NOT PASSED"
    assert lines[2].startswith("FAIL  fake:cpu:clips  ")
    assert "  +" in lines[2]
    assert lines[3].startswith("      WER ")


def test_one_that_fails_is_told_in_every_form(sessions: LabSessions, capsys: pytest.CaptureFixture[str]) -> None:
    sessions.ready(wrong={0: "x"})
    for form in ("line", "none"):
        (line,) = said(sessions, capsys, f"--lab-card={form}")
        assert line.startswith("modellab: NOT PASSED: 1 FAIL")
        assert line.endswith("; details: reports/scorecard.json")
    assert any(line.startswith("fail ") for line in said(sessions, capsys, "-v"))


def test_one_that_passes_is_a_line_or_nothing(sessions: LabSessions, capsys: pytest.CaptureFixture[str]) -> None:
    sessions.ready()
    assert said(sessions, capsys, "-q") == ["modellab: 1 pass; details: reports/scorecard.json"]
    assert said(sessions, capsys, "--lab-card=none") == []


def test_how_to_get_a_page_is_told(
    sessions: LabSessions, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_modellab.reports.scorecard.page.missing", lambda: ["jinja2"])
    sessions.ready()
    sessions.ini("modellab_page = true")
    lines = said(sessions, capsys)
    assert lines[-1].startswith("details: reports/scorecard.json; page: pip install 'pytest-modellab[report]'")
    assert said(sessions, capsys, "-q") == ["modellab: 1 pass; details: reports/scorecard.json"]


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_a_whole_session(lab: FakeLab, workers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    lab.ready(wrong={0: "caf\xe9"})
    lab.model("right")
    lab.subprocess = True
    result = lab.run(workers, "--lab-card=short")
    assert result.ret == 1
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*modellab scorecard: NOT PASSED*",
            "FAIL *fake:cpu:clips *",
            "pass *right:cpu:clips *",
            "details: reports/scorecard.json",
        ]
    )
    shown = result.outlines[next(i for i, line in enumerate(result.outlines) if "modellab scorecard" in line) :]
    assert shown.index("details: reports/scorecard.json") < 15
    assert all(line.isascii() for line in result.outlines)
    assert not any("\x1b" in line for line in result.outlines)
