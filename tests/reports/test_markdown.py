"""The scorecard as Markdown."""

from __future__ import annotations

from pathlib import Path

import pytest
from configs import collected, reported
from fakelab import SUITE
from labsessions import LabSessions

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.cli import main
from pytest_modellab.reports.scorecard import markdown
from pytest_modellab.reports.scorecard.build import build
from pytest_modellab.reports.scorecard.row import Row
from pytest_modellab.results.verdicts import Status


def row(model: str, status: Status, reason: str = "", record: str | None = "x.json") -> Row:
    case = CaseRef(task="asr", model=model, device="cpu", dataset="talk")
    return Row(case=case, title=model, status=status, reason=reason, record=record, figures={"wer": 0.125})


def test_what_failed_is_told_with_its_reason() -> None:
    rows = [row("good", Status.PASS), row("bad", Status.FAIL, "WER 12.5 %, limit <= 10.0 % (limits.yaml:3)")]
    text = markdown.render(build("s", rows, partial=None))
    assert text.startswith("### Model Lab: not passed, 2 cases measured\n\n| model ")
    assert "| good    | cpu      | talk       | 12.5 % \\[n/a\\] |" in text
    assert "- **fail** `bad:cpu:talk`: WER 12.5 %, limit \\<= 10.0 % (limits.yaml:3)\n" in text
    assert "- **not passed**: asr/bad:cpu:talk fails its gate" in text


def test_what_was_not_run_is_counted_by_reason_and_marks_are_only_text() -> None:
    absent = [row(name, Status.NOT_AVAILABLE, "<b>cuda</b> | none\nmore", record=None) for name in ("a", "b")]
    text = markdown.render(build("s", [row("good", Status.PASS), *absent], partial="stopped early"))
    assert text.startswith("### Model Lab: not passed, 1 case measured\n\n**Partial**: stopped early\n")
    assert "- 2 cases not run: \\<b\\>cuda\\</b\\> \\| none\n" in text


class TestCommand:
    def test_the_last_session(self, sessions: LabSessions, capsys: pytest.CaptureFixture[str]) -> None:
        sessions.ready().session()
        capsys.readouterr()
        assert main(["scorecard", "--markdown"]) == 0
        assert capsys.readouterr().out.startswith("### Model Lab: passed, 1 case measured")
        assert main(["scorecard"]) == 0
        assert "details: " in capsys.readouterr().out

    def test_a_test_of_no_case_that_failed(self, sessions: LabSessions, capsys: pytest.CaptureFixture[str]) -> None:
        sessions.ready()
        (sessions.path / "test_suite.py").write_text(SUITE)
        (sessions.path / "test_beside.py").write_text("def test_plain(): assert False\n")
        with collected(sessions.path, "--lab-inprocess") as session:
            for item in session.items:
                reported(item)
        capsys.readouterr()
        assert main(["scorecard", "--markdown"]) == 0
        said = capsys.readouterr().out
        assert said.startswith("### Model Lab: not passed, 1 case measured")
        assert "failed, of no case: test\\_beside.py::test\\_plain" in said

    def test_where_there_is_none(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert main(["scorecard"]) == 2
        assert "scorecard.json: can't be read: No such file or directory; run pytest first" in capsys.readouterr().err
        (tmp_path / "reports").mkdir()
        (tmp_path / "reports" / "scorecard.json").write_text("{}")
        assert main(["scorecard"]) == 2
        assert "is no scorecard" in capsys.readouterr().err
