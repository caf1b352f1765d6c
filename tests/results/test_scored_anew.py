"""A record is scored anew by the code, terms and prices of now, where it holds all that this takes."""

from __future__ import annotations

from typing import Any

import chatlab
import pytest
import voicelab
from every_task import READY
from fakeruns import FakeRuns

from pytest_modellab.core.schema_base import Failure
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import canonical
from pytest_modellab.results.rescore import scored_anew
from pytest_modellab.tasks.chat.record import reply_of
from pytest_modellab.tasks.registry import task_named


def anew(runs: FakeRuns, record: Record, **options: Any) -> Record | None:
    """The record, by the catalog and the data set of now."""
    case = runs.case()
    with runs.session(**options) as runner:
        return scored_anew(record, case, runner.dataset(case), "now")


@pytest.mark.parametrize("task", READY)
def test_it_is_that_of_a_run_of_now(runs: FakeRuns, task: str) -> None:
    READY[task](runs)
    record = runs.measured()
    again = anew(runs, record)
    assert again is not None
    assert canonical(again) == canonical(record)
    assert again.id != record.id
    assert again.timing == record.timing
    assert again.provenance.rescored is not None
    assert again.provenance.judging == "now"


def test_terms_and_title_are_those_of_now(runs: FakeRuns) -> None:
    record = runs.ready(wrong={0: "one fine way"}).measured()
    assert record.value("glossary_recall") is None
    runs.dataset(glossary=["day"])
    path = runs.model(wrong={0: "one fine way"})
    path.write_text(path.read_text() + "title: Other\n")
    again = anew(runs, record)
    assert again is not None
    assert again.title == "Other"
    assert again.value("glossary_recall") == 0


def test_a_record_of_other_utterances_is_left_alone(runs: FakeRuns) -> None:
    record = runs.ready().measured(max_utterances=2)
    assert anew(runs, record) is None


def test_the_errors_of_a_judge_that_was_held_against_people_are_in_no_record(runs: FakeRuns) -> None:
    runs.dataset("people", tasks=["asr"], tiers=[])
    heard = {runs.size(i): text for i, text in enumerate(runs.texts)}
    answers = {str(voicelab.SIZES[text]): text for text in voicelab.TEXTS.values()} | heard
    voicelab.ready(runs, judge={"asr": "ear", "readings": "people"}, judge_options={"answers": answers})
    assert anew(runs, runs.measured()) is None


class TestDialogues:
    def test_rules_are_those_of_now(self, runs: FakeRuns) -> None:
        chatlab.talker(runs)
        chatlab.model(runs, "voice", "modellab_fake_engine:FakeVoice", "tts", sizes=chatlab.SIZES)
        chatlab.dialogues(runs)
        record = runs.measured()
        assert record.value("answer_accuracy") == 1
        turns = [{"say": "Capital of France?", "accept": ["Lyon"]}, {"say": "And of Spain?", "accept": ["Madrid"]}]
        secret = {"id": "secret", "turns": [{"say": "What is my password?", "refuse": True}]}
        chatlab.dialogues(runs, [{"id": "capitals", "turns": turns}, secret])
        again = anew(runs, record)
        assert again is not None
        assert again.value("answer_accuracy") == pytest.approx(2 / 3)
        reply = reply_of(again.utterances[0])
        assert reply is not None
        assert reply.by == "accept: none of Lyon"

    def test_a_rubric_that_nobody_was_asked_about_needs_a_grader(self, runs: FakeRuns) -> None:
        chatlab.graded(runs)
        record = runs.measured()
        assert anew(runs, record) is not None
        turns = [
            {"say": "Capital of France?", "rubric": "Is Lyon named?"},
            {"say": "And of Spain?", "accept": ["Madrid"]},
        ]
        chatlab.dialogues(runs, [{"id": "capitals", "turns": turns}], graded_by={"llm": "judge"})
        assert anew(runs, record) is None


@pytest.mark.parametrize("task", [name for name in READY if task_named(name).scoring().by_row])
def test_a_row_is_scored_by_itself_as_among_others(runs: FakeRuns, task: str) -> None:
    READY[task](runs)
    record = runs.measured()
    failed = Failure(kind="exception", message="broken")
    rows = [each.model_copy(update={"parts": {**each.parts}}) for each in record.utterances]
    rows[0] = rows[0].model_copy(update={"hypothesis": None, "error": failed, "parts": {}})
    scoring = task_named(task).scoring()
    together = scoring.score(rows, record.rules)
    assert [scoring.score([row], record.rules)[0] for row in rows] == together
