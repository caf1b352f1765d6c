"""`modellab comment` and `modellab results --html`: what they write, and where they can't."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import Told
from labsessions import LabSessions

from pytest_modellab.cli.exits import Exit
from pytest_modellab.core.atomic import write_text
from pytest_modellab.reports.comment import MARKER
from pytest_modellab.reports.scorecard import kept


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


@pytest.fixture
def worse(sessions: LabSessions) -> LabSessions:
    """A session that passed, then one whose model misses the words of half of the clips."""
    sessions.texts = [f"the number {i} of a day" for i in range(12)]
    assert sessions.ready().session() == 0
    sessions.model(wrong=dict.fromkeys(range(6), "the number of no day"))
    assert sessions.session() == 1
    return sessions


def test_a_file_that_can_not_be_written_is_told_by_every_command_that_writes_one(
    worse: LabSessions, told: Told, tmp_path: Path
) -> None:
    newest, before = (kept.session_of(path) for path in kept.files(worse.reports))
    folder = str(tmp_path)
    for words in (
        ["comment", "-o", folder],
        ["compare", before, newest, "-o", folder],
        ["scorecard", "--format", "json", "-o", folder],
        ["results", "-o", folder],
        ["results", "--html", folder],
    ):
        told(*words, code=Exit.USAGE)
        assert f"{folder}: can't be written" in told.errors, words


def test_a_side_is_named_as_for_compare(worse: LabSessions, told: Told) -> None:
    before = kept.session_of(kept.files(worse.reports)[1])
    assert "| **worse** | `asr/fake:cpu:clips` | WER | 0.0 % |" in told("comment", "--against", before)


def test_a_side_that_is_not_there_costs_the_comparison_alone(worse: LabSessions, told: Told) -> None:
    text = told("comment", "--against", "baseline")
    assert "Not compared: no baseline in " in text
    assert "### Model Lab: ❌ not passed" in text


def test_it_is_written_to_a_file(worse: LabSessions, told: Told, tmp_path: Path) -> None:
    place = tmp_path / "comment.md"
    assert told("comment", "-o", str(place)).strip() == str(place)
    assert place.read_text(encoding="utf-8").startswith(MARKER)
    told("comment", "-o", str(tmp_path), code=Exit.USAGE)
    assert "can't be written" in told.errors


def test_without_a_session_it_says_what_to_do(sessions: LabSessions, told: Told) -> None:
    sessions.ready()
    told("comment", code=Exit.USAGE)
    assert "run pytest first" in told.errors


def test_kept_results_are_written_as_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_text(tmp_path / "fixtures" / "limits.yaml", "schema: modellab.limits/1\nlimits: []\n")
    monkeypatch.chdir(tmp_path)
    told = Told(capsys)
    assert told("results", "--html", "board.html").strip() == "board.html"
    assert "Nothing was measured yet." in (tmp_path / "board.html").read_text()
    told("results", "--html", "nowhere/../fixtures", code=Exit.USAGE)
    assert "can't be written" in told.errors
