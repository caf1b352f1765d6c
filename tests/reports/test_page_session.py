"""The page at the end of a session, of `modellab scorecard --html`, and of `modellab merge`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fakelab import FakeLab
from pages import Parsed

from pytest_modellab.cli import main

BOTH = pytest.mark.parametrize("workers", ["-n0", "-n2"])
ON = ("-o", "modellab_page=true")


def page(lab: FakeLab) -> Path:
    return lab.path / "reports" / "scorecard.html"


@BOTH
def test_a_session_ends_in_a_page_that_agrees_with_its_scorecard(lab: FakeLab, workers: str) -> None:
    lab.ready(wrong={1: "to fine"})
    result = lab.run(workers, *ON)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["details: reports/scorecard.json", "page: reports/scorecard.html"])
    text = page(lab).read_text(encoding="utf-8")
    said = Parsed(text).text
    assert "✕ Not passed 1 case measured, 0 passed, 1 failed" in said
    assert "failed test: test_suite.py::test_wer[fake:cpu:clips]" in said
    assert lab.scorecard()["session"] in said
    assert '<ins>to</ins><sup title="substituted">S</sup>' in text


def test_without_what_draws_it_the_session_says_how_to_get_it(lab: FakeLab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.ready()
    page(lab).parent.mkdir()
    page(lab).write_text("of an earlier session")
    monkeypatch.setattr("pytest_modellab.reports.scorecard.page.document.find_spec", lambda name: None)
    result = lab.run(*ON)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["page: pip install 'pytest-modellab?report?' for a page *modellab_page = false*"])
    assert not page(lab).exists()


def test_a_page_that_is_not_asked_for_is_not_spoken_of(lab: FakeLab) -> None:
    result = lab.ready().run()
    assert result.ret == 0
    result.stdout.no_fnmatch_line("page: *")
    assert not page(lab).exists()


def test_a_page_that_cannot_be_written_is_a_problem_and_no_traceback(lab: FakeLab) -> None:
    lab.ready()
    page(lab).mkdir(parents=True)
    (page(lab) / "in the way").touch()
    result = lab.run(*ON)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["NOT PASSED: the page could not be written to *scorecard.html: *"])
    result.stdout.no_fnmatch_line("*Traceback*")
    (problem,) = lab.scorecard()["problems"]
    assert problem.startswith("the page could not be written to")


def test_nor_is_one_that_cannot_be_made(lab: FakeLab, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> str:
        raise RuntimeError("out of ink")

    monkeypatch.setattr("pytest_modellab.reports.scorecard.page.panels.of_tasks", broken)
    result = lab.ready().run(*ON)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["NOT PASSED: the page could not be made: RuntimeError: out of ink"])
    assert not page(lab).exists()


def test_a_session_of_nothing_has_none(lab: FakeLab) -> None:
    lab.ready()
    lab.pytester.makepyfile(test_suite="def test_plain(): pass")
    assert lab.run(*ON).ret == 0
    assert not page(lab).exists()


class TestCommand:
    def test_into_any_file(self, lab: FakeLab, capsys: pytest.CaptureFixture[str]) -> None:
        lab.ready().run()
        capsys.readouterr()
        assert main(["scorecard", "--html", "elsewhere/card.html"]) == 0
        assert capsys.readouterr().out == "elsewhere/card.html\n"
        assert "✓ Passed" in (lab.path / "elsewhere" / "card.html").read_text(encoding="utf-8")

    def test_where_it_cannot_be(
        self, lab: FakeLab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lab.ready().run()
        (lab.path / "file").touch()
        assert main(["scorecard", "--html", "file/card.html"]) == 2
        assert "modellab: file/card.html: can't be written: " in capsys.readouterr().err
        monkeypatch.setattr("pytest_modellab.reports.scorecard.page.document.find_spec", lambda name: None)
        assert main(["scorecard", "--html", "card.html"]) == 2
        assert "takes Jinja2 and matplotlib: pip install 'pytest-modellab[report]'" in capsys.readouterr().err

    def test_of_merged_shards(self, lab: FakeLab, capsys: pytest.CaptureFixture[str]) -> None:
        lab.ready()
        lab.pytester.makeini("[pytest]\nmodellab_catalog = lab\n")
        for i in (1, 2):
            lab.run(f"--lab-shard={i}/2", f"--lab-report=shards/{i}", "-o", "modellab_page=false")
        capsys.readouterr()
        assert main(["merge", "shards", "--output", "whole"]) == 0
        assert capsys.readouterr().out.endswith("page: whole/scorecard.html\n")
        rows = json.loads(Path("whole/scorecard.json").read_text(encoding="utf-8"))["rows"]
        assert f"{rows[0]['words']} " in Path("whole/scorecard.html").read_text(encoding="utf-8")
