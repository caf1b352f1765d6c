"""The page at the end of a session, of `modellab scorecard --html`, and of `modellab merge`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from configs import parsed
from fakelab import FakeCatalog, FakeLab
from labsessions import LabSessions, lab_session
from pages import Parsed

from pytest_modellab.cli import main
from pytest_modellab.plugin import options
from pytest_modellab.plugin.scorecard import finish
from pytest_modellab.reports.scorecard.card import Scorecard
from pytest_modellab.reports.scorecard.files import write
from pytest_modellab.reports.scorecard.terminal import render

ON = ("-o", "modellab_page=true")


def page(lab: FakeCatalog) -> Path:
    return lab.path / "reports" / "scorecard.html"


def test_a_session_ends_in_a_page_that_agrees_with_its_scorecard(lab: FakeLab) -> None:
    lab.ready(wrong={1: "to fine"})
    result = lab.run("-n2", *ON)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["details: reports/scorecard.json", "page: reports/scorecard.html"])
    agrees(page(lab).read_text(encoding="utf-8"), lab.scorecard())


def agrees(text: str, scorecard: dict[str, Any]) -> None:
    said = Parsed(text).text
    assert "✕ Not passed 1 case measured, 0 passed, 1 failed" in said
    assert "failed test: test_suite.py::test_wer[fake:cpu:clips]" in said
    assert scorecard["session"] in said
    assert '<ins>to</ins><sup title="substituted">S</sup>' in text


def test_the_page_of_a_session_in_one_process_agrees_as_well(sessions: LabSessions) -> None:
    assert sessions.ready(wrong={1: "to fine"}).session(*ON) == pytest.ExitCode.TESTS_FAILED
    agrees(page(sessions).read_text(encoding="utf-8"), sessions.scorecard())


def told(sessions: LabSessions) -> list[str]:
    """What the terminal says of the last session's scorecard, written anew with a page."""
    card = Scorecard.model_validate(sessions.scorecard())
    left = write(card, sessions.reports)
    shown = left.hint if left.page is None else "reports/scorecard.html"
    return [line for line, _ in render(left.card, "reports/scorecard.json", shown, 500)]


def test_without_what_draws_it_the_session_says_how_to_get_it(
    sessions: LabSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions.reports.mkdir()
    page(sessions).write_text("of an earlier session")
    monkeypatch.setattr("pytest_modellab.reports.scorecard.page.document.find_spec", lambda name: None)
    assert sessions.ready().session(*ON) == 0
    assert not page(sessions).exists()
    (line,) = [line for line in told(sessions) if line.startswith("page: ")]
    assert re.match(r"page: pip install 'pytest-modellab\[report\]' for a page .*modellab_page = false", line)


def test_a_page_that_is_not_asked_for_is_not_spoken_of(sessions: LabSessions) -> None:
    assert sessions.ready().session() == 0
    assert not page(sessions).exists()
    card = Scorecard.model_validate(sessions.scorecard())
    left = write(card, sessions.reports, with_page=False)
    assert (left.page, left.hint) == (None, "")
    assert not [line for line, _ in render(left.card, "reports/scorecard.json", left.hint) if line.startswith("page: ")]


def test_a_page_that_cannot_be_written_is_a_problem_and_no_traceback(sessions: LabSessions) -> None:
    page(sessions).mkdir(parents=True)
    (page(sessions) / "in the way").touch()
    assert sessions.ready().session(*ON) == pytest.ExitCode.TESTS_FAILED
    (problem,) = sessions.scorecard()["problems"]
    assert problem.startswith("the page could not be written to")
    assert any(line.startswith("NOT PASSED: the page could not be written to ") for line in told(sessions))


def test_nor_is_one_that_cannot_be_made(sessions: LabSessions, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> str:
        raise RuntimeError("out of ink")

    monkeypatch.setattr("pytest_modellab.reports.scorecard.page.panels.of_tasks", broken)
    assert sessions.ready().session(*ON) == pytest.ExitCode.TESTS_FAILED
    assert not page(sessions).exists()
    assert "NOT PASSED: the page could not be made: RuntimeError: out of ink" in told(sessions)


def test_a_scorecard_that_cannot_be_written_is_a_problem(sessions: LabSessions, tmp_path: Path) -> None:
    assert sessions.ready().session() == 0
    card = Scorecard.model_validate(sessions.scorecard())
    (tmp_path / "file").touch()
    left = write(card, tmp_path / "file" / "reports", with_page=False)
    assert left.card.problems[0].startswith("the scorecard could not be written to ")


def test_a_session_of_nothing_has_none(sessions: LabSessions) -> None:
    with parsed(sessions.path, *ON, ini=None) as config:
        sessions.ready()
        lab = lab_session(options.read(config))
        assert finish(lab, pytest.ExitCode.OK) == pytest.ExitCode.OK
    assert lab.scorecard is None
    assert not page(sessions).exists()


class TestCommand:
    def test_into_any_file(self, sessions: LabSessions, capsys: pytest.CaptureFixture[str]) -> None:
        sessions.ready().session()
        capsys.readouterr()
        assert main(["scorecard", "--html", "elsewhere/card.html"]) == 0
        assert capsys.readouterr().out == "elsewhere/card.html\n"
        assert "✓ Passed" in (sessions.path / "elsewhere" / "card.html").read_text(encoding="utf-8")

    def test_where_it_cannot_be(
        self, sessions: LabSessions, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sessions.ready().session()
        (sessions.path / "file").touch()
        assert main(["scorecard", "--html", "file/card.html"]) == 2
        assert "argument --html: file/card.html: can't be written: " in capsys.readouterr().err
        monkeypatch.setattr("pytest_modellab.reports.scorecard.page.document.find_spec", lambda name: None)
        assert main(["scorecard", "--html", "card.html"]) == 2
        assert "takes Jinja2 and matplotlib: pip install 'pytest-modellab[report]'" in capsys.readouterr().err

    def test_of_merged_shards(self, sessions: LabSessions, capsys: pytest.CaptureFixture[str]) -> None:
        sessions.ready()
        sessions.ini("modellab_page = true")
        for i in (1, 2):
            sessions.session(f"--lab-shard={i}/2", f"--lab-report=shards/{i}", "-o", "modellab_page=false")
        capsys.readouterr()
        assert main(["merge", "shards", "--output", "whole"]) == 0
        assert capsys.readouterr().out.endswith("page: whole/scorecard.html\n")
        rows = json.loads(Path("whole/scorecard.json").read_text(encoding="utf-8"))["rows"]
        assert f"{rows[0]['words']} " in Path("whole/scorecard.html").read_text(encoding="utf-8")
