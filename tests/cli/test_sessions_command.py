"""`modellab sessions`, and what else takes the id of a session: scorecard, compare, clean."""

from __future__ import annotations

import json
import os
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from commands import Told
from labsessions import LabSessions

from pytest_modellab.cli.exits import Exit
from pytest_modellab.plugin import scorecard
from pytest_modellab.reports.scorecard import kept
from pytest_modellab.reports.scorecard.files import JSON
from pytest_modellab.results.record_files import read


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


@pytest.fixture
def two(sessions: LabSessions) -> LabSessions:
    """A session that passed, and one of the same case that failed, newest last, an hour apart by their files."""
    sessions.texts = [*LabSessions.texts, "four fine days", "five fine days"]
    assert sessions.ready().session() == 0
    for path in kept.files(sessions.reports):
        os.utime(path, ns=(1, 1))
    sessions.model(wrong={0: "none of it", 1: "none of that", 2: "none at all"})
    assert sessions.session() == 1
    return sessions


def ids(lab: LabSessions) -> list[str]:
    return [kept.session_of(path) for path in kept.files(lab.reports)]


def test_all_are_listed_the_newest_first(two: LabSessions, told: Told) -> None:
    newest, oldest = ids(two)
    lines = told("sessions").splitlines()
    assert re.match(rf"{newest} +not passed +1 fail +-c", lines[1])
    assert re.match(rf"{oldest} +passed +1 pass +-c", lines[2])
    assert lines[3] == f"show one: modellab scorecard {newest}; two: modellab compare A B"
    assert told("sessions", "--last", "1").splitlines()[-1] == "1 older session: --last 2 lists all"
    listed = json.loads(told("sessions", "--format", "json"))["sessions"]
    assert [(each["session"], each["result"], each["cases"]) for each in listed] == [
        (newest, "not passed", {"fail": 1}),
        (oldest, "passed", {"pass": 1}),
    ]


def test_one_that_was_broken_off_replaces_none(two: LabSessions, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    real = scorecard._write_scorecard
    monkeypatch.setattr(scorecard, "_write_scorecard", lambda lab, why, interrupted: real(lab, why, interrupted=True))
    two.session()
    assert len(ids(two)) == 3
    assert re.search(r"^\w+ +interrupted +1 fail", told("sessions"), re.MULTILINE)
    assert "PARTIAL: interrupted" in told("scorecard")
    assert "PARTIAL" not in told("scorecard", ids(two)[1])


def test_an_earlier_one_is_shown_again(two: LabSessions, told: Told, tmp_path: Path) -> None:
    _, oldest = ids(two)
    assert "fail fake:cpu:clips" in told("scorecard")
    assert "fail fake:cpu:clips" not in told("scorecard", oldest)
    page = tmp_path / "earlier.html"
    told("scorecard", oldest, "--html", str(page))
    assert oldest in page.read_text(encoding="utf-8")
    told("scorecard", "nope", code=Exit.USAGE)
    assert "no session `nope`; the newest are " in told.errors


def test_any_two_are_compared(two: LabSessions, told: Told) -> None:
    newest, oldest = ids(two)
    said = told("compare", oldest, newest, code=Exit.WRONG)
    assert f"session {oldest}" in said
    assert f"session {newest}" in said
    assert "1 worse" in said


def test_a_day_stands_for_the_newest_records_before_it(two: LabSessions, told: Told) -> None:
    tomorrow = f"{datetime.now().astimezone() + timedelta(days=1):%Y-%m-%d}"
    assert "the newest records before " in told("compare", tomorrow)
    told("compare", "7d", code=Exit.USAGE)
    assert "`7d`: no record in " in told.errors
    assert "is so old; the oldest: " in told.errors
    told("compare", "2026-02-30", code=Exit.USAGE)
    assert "`2026-02-30` is no day of the calendar" in told.errors


def test_as_many_stay_as_are_asked_for_with_the_records_that_they_name(two: LabSessions, told: Told) -> None:
    names = {Path(row.record or "").name for card in kept.scorecards(two.reports, []) for row in card.rows}
    told("clean", "--keep", "2", "--yes")
    assert len(ids(two)) == 2
    assert {path.name for path in (two.reports / "runs").rglob("*.json")} == names
    told("clean", "--keep", "1", "--yes")
    (last,) = kept.scorecards(two.reports, [])
    assert last.session == json.loads((two.reports / JSON).read_text())["session"]
    assert [read(path).provenance.session for path in (two.reports / "runs").rglob("*.json")] == [last.session]


def test_damaged_ones_are_named(two: LabSessions, told: Told) -> None:
    path = kept.files(two.reports)[0]
    path.write_text("{}")
    assert f"passed over: {path}: is no scorecard of this version" in told("sessions", code=Exit.WRONG)


def test_a_killed_one_is_told_and_the_comment_is_not_of_the_one_before(two: LabSessions, told: Told) -> None:
    two.model()
    assert two.session() == 0
    assert "### Model Lab: ✅ passed" in told("comment")
    assert "not passed" in told("comment", "--exit-code", "4").splitlines()[1]
    folder = two.reports / "sessions" / "20260101-000000-abcdef"
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text("[]")
    assert "killed, without a scorecard: 20260101-000000-abcdef" in told("sessions")
    comment = told("comment")
    assert "not passed" in comment.splitlines()[1]
    assert "session 20260101-000000-abcdef was killed: this is the scorecard of an earlier one" in comment


def test_where_there_is_none_it_says_so(sessions: LabSessions, told: Told) -> None:
    sessions.ready()
    told("sessions", code=Exit.USAGE)
    assert "run pytest first" in told.errors
