"""Runs of diarization with diarizers that answer as they are told: figures, grades, gates, baselines, exports."""

from __future__ import annotations

from pathlib import Path

import pytest
from diarlab import at_random, conversations, diarizer, model, one_speaker, prepared, ready, right, swapped
from fakeruns import FakeRuns
from labsessions import LabSessions
from quietness import quiet

from pytest_modellab.catalog.load import load
from pytest_modellab.cli import main
from pytest_modellab.reports.scorecard.judged import judged
from pytest_modellab.results.record import Record
from pytest_modellab.results.rescore import rescore
from pytest_modellab.results.verdicts import Status
from pytest_modellab.tasks.diarize.formats import FORMATS


@pytest.fixture
def talks(runs: FakeRuns) -> FakeRuns:
    return conversations(runs)


def letters(runs: FakeRuns) -> dict[str, str]:
    """The grade of each model, all of them run."""
    found = [(outcome.record, outcome.path) for outcome in runs.run().values()]
    catalog = load(runs.catalog, runs.path)
    card = judged("s", catalog, found, required=[], strict="failures")  # type: ignore[arg-type]  # all were measured
    return {row.case.model: str(row.grade and row.grade.letter) for row in card.rows}


def measured(runs: FakeRuns, name: str) -> Record:
    outcome = {id.partition(":")[0]: each for id, each in runs.run().items()}[name]
    assert outcome.record is not None
    return outcome.record


def test_a_right_answer_has_no_errors_with_an_interval(talks: FakeRuns) -> None:
    diarizer(talks, "right", right, words=True)
    record = talks.measured()
    for name in ("der", "missed_speech", "false_alarm_speech", "speaker_confusion", "jer", "speaker_count_error"):
        assert record.value(name) == 0
    interval = record.interval("der")
    assert interval is not None
    assert (interval.low, interval.method) == (0, "rule of three")
    assert record.value("cpwer") in {0, None}  # None without meeteval
    assert record.value("rtf") is not None
    assert record.value("wer") is None
    assert record.parts["diarize"].collar_s == (0.0,)


def test_a_swap_of_two_speakers_is_confusion_and_nothing_else(talks: FakeRuns) -> None:
    conversations(talks, overlaps=0)
    diarizer(talks, "right", right)
    diarizer(talks, "swapped", swapped)
    record = measured(talks, "swapped")
    confusion = record.value("speaker_confusion")
    assert confusion is not None
    assert confusion > 0.1
    assert record.value("der") == confusion
    assert record.value("missed_speech") == record.value("false_alarm_speech") == 0


def test_one_speaker_and_chance_are_graded_f_and_the_truth_is_not(talks: FakeRuns) -> None:
    for name, change in (("right", right), ("one", one_speaker), ("chance", at_random)):
        diarizer(talks, name, change)
    found = letters(talks)
    assert (found["one"], found["chance"]) == ("F", "F")
    assert found["right"] in {"A+", "A"}


def test_a_limit_holds_and_the_engine_that_is_wrong_on_purpose_breaks_it(talks: FakeRuns) -> None:
    diarizer(talks, "right", right)
    talks.limits({"metric": "der", "max": 0.1})
    catalog = load(talks.catalog, talks.path)
    for control, status in ((False, Status.PASS), (True, Status.FAIL)):
        record = talks.measured(control=control)
        (row,) = judged("s", catalog, [(record, talks.path)], required=[], strict="failures").rows
        assert row.status is status


def test_what_raises_misses_all(talks: FakeRuns) -> None:
    model(talks, "broken", fails=True)
    record = talks.measured()
    assert (record.value("der"), record.value("missed_speech"), record.value("success_rate")) == (1, 1, 0)


def test_another_collar_is_scored_anew_without_the_model(talks: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    quiet(monkeypatch)
    diarizer(talks, "late", lambda segments, number: [type(e)(e.start + 100, e.end, e.speaker) for e in segments])
    before = talks.measured()
    assert (before.value("der") or 0) > 0
    conversations(talks, score={"collar_s": 0.25})
    after = talks.measured()
    assert after.value("der") == 0
    assert after.provenance.rescored is not None
    assert after.parts["diarize"].collar_s == (0.25,)


def test_scoring_again_changes_nothing(talks: FakeRuns) -> None:
    diarizer(talks, "swapped", swapped, words=True)
    record = talks.measured()
    again = rescore(record)
    assert (again.values, again.parts) == (record.values, record.parts)


def test_a_baseline_holds_what_was_reached(sessions: LabSessions, capsys: pytest.CaptureFixture[str]) -> None:
    conversations(sessions, count=12)
    diarizer(sessions, "found", right)
    assert sessions.session(asserted=("success_rate",)) == 0
    assert main(["baseline", "save"]) == 0
    assert main(["baseline", "compare"]) == 0
    assert "unchanged: DER" in capsys.readouterr().out
    diarizer(sessions, "found", swapped)
    sessions.session(asserted=("success_rate",))
    assert main(["baseline", "compare"]) != 0
    told = capsys.readouterr().out
    assert "worse: DER 0.0 %" in told


def test_answers_and_references_are_exported(
    sessions: LabSessions, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ready(sessions)
    diarizer(sessions, "right", right, words=True)
    assert sessions.session(asserted=("success_rate",)) == 0
    capsys.readouterr()
    for name in FORMATS:
        said, meant = tmp_path / f"said.{name}", tmp_path / f"meant.{name}"
        assert main(["export", name, "-o", str(said)]) == 0
        assert main(["export", name, "--references", "-o", str(meant)]) == 0
        told, truth = (FORMATS[name].read(path.read_text(encoding="utf-8")) for path in (said, meant))
        assert told.keys() == truth.keys() == {each.id for each in prepared(sessions).utterances}
        assert [len(own) for own in told.values()] == [len(own) for own in truth.values()]


def test_of_several_runs_none_is_exported(sessions: LabSessions, capsys: pytest.CaptureFixture[str]) -> None:
    ready(sessions)
    diarizer(sessions, "other", swapped)
    sessions.session(asserted=("success_rate",))
    capsys.readouterr()
    assert main(["export", "rttm"]) == 1
    assert "rttm is of one run, here are 2" in capsys.readouterr().err
