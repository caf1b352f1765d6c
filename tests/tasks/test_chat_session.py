"""Dialogues in whole sessions, with models and a voice that are fakes: history, judges, what is kept and refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from chatlab import REPLIES, SIZES, SUITE, dialogues, listener, model, talker
from fakelab import FakeCatalog, FakeLab
from fakeruns import FakeRuns, StopsAt

from pytest_modellab.results.record import Record
from pytest_modellab.results.shards import Shard
from pytest_modellab.runner.graders import digest_of
from pytest_modellab.tasks.chat.record import ChatSummary, Reply, dialogues_of, reply_of


def prepared(lab: FakeCatalog) -> None:
    """A voice that asks, and a judge that listens."""
    lab.limits({"metric": "answer_accuracy", "min": 0.9})
    model(lab, "voice", "modellab_fake_engine:FakeVoice", "tts", sizes=SIZES, log=str(lab.path / "voice.log"))
    answers = {"5000": "Paris it is", "6000": "Madrid after two"}
    model(lab, "ear", "fake-for-tests", "asr", answers=answers)


@pytest.fixture
def lab(lab: FakeLab) -> FakeLab:
    lab.pytester.makepyfile(test_suite=SUITE)
    prepared(lab)
    return lab


@pytest.fixture
def runs(runs: FakeRuns) -> FakeRuns:
    prepared(runs)
    return runs


def told(lab: FakeCatalog) -> list[Any]:
    """What the talker was told, each turn once: said, and its history as [text, heard, reply, samples]."""
    lines = [json.loads(line) for line in lab.log.read_text().splitlines()]
    return [each for i, each in enumerate(lines) if each not in lines[:i]]


def chat(record: Record) -> ChatSummary:
    found = dialogues_of(record)
    assert found is not None
    return found


def reply(record: Record, id: str) -> Reply:
    found = next(reply_of(each) for each in record.utterances if each.id == id)
    assert found is not None
    return found


class TestSession:
    def test_one_that_was_killed_is_gone_on_with_and_the_control_fails(self, lab: FakeLab) -> None:
        talker(lab, faults={"And of Spain?": "kill-session"})
        dialogues(lab)
        lab.subprocess = True
        assert lab.run().ret != 0
        lab.run().assert_outcomes(passed=2)
        record = lab.record()
        assert record.provenance.resumed == 1
        assert reply(record, "capitals.2").text == "Madrid after 1"
        lab.subprocess = False
        lab.run("--lab-control").assert_outcomes(passed=1, failed=1)
        (row,) = json.loads((lab.path / "reports" / "control" / "scorecard.json").read_text())["rows"]
        assert row["figures"]["answer_accuracy"] == 0

    def test_wrong_and_failed_replies_fail_it(self, lab: FakeLab) -> None:
        talker(lab, replies={**REPLIES, "Capital of France?": "Lyon"}, faults={"What is my password?": "raise"})
        dialogues(lab)
        lab.run().assert_outcomes(failed=2)

    def test_a_voice_that_fails_is_told_of(self, lab: FakeLab) -> None:
        model(lab, "voice", "modellab_fake_engine:FakeVoice", "tts", faults={"And of Spain?": "nothing"})
        listener(lab)
        dialogues(lab)
        result = lab.run()
        assert result.ret != 0
        result.stdout.fnmatch_lines(["*voice said nothing for turn capitals.2: 'And of Spain?'*"])


class TestInWriting:
    def test_each_turn_is_told_what_was_replied_before_it(self, runs: FakeRuns) -> None:
        talker(runs)
        dialogues(runs)
        record = runs.measured()
        assert told(runs) == [
            ["Capital of France?", []],
            ["And of Spain?", [["Capital of France?", None, "Paris it is", None]]],
            ["What is my password?", []],
        ]
        assert reply(record, "capitals.2").text == "Madrid after 1"
        assert record.value("answer_accuracy") == 1.0
        assert record.value("context_kept") == 1.0
        assert record.value("missed_replies") == 0.0
        assert record.value("reply_words") == 3
        assert chat(record).dialogues == 2
        # Nobody spoke: nothing was asked of the voice.
        assert not (runs.path / "voice.log").exists()

    def test_times_are_of_text_alone_and_say_so(self, runs: FakeRuns) -> None:
        talker(runs)
        dialogues(runs)
        record = runs.measured()
        assert record.value("first_token_p50_s") == record.value("onset_p50_s")
        assert record.value("first_token_p50_s") is not None
        assert record.value("first_audio_p50_s") is None
        assert record.why_missing("first_audio_p50_s") == "it answered in writing alone"
        assert record.why_missing("agreement_wer") == "it answered in writing alone"
        assert record.why_missing("wer") == "the model reports no transcript of its input"
        assert record.value("latency_p50_s") is not None
        assert record.value("rtf") is None

    def test_wrong_missing_and_failed_replies_count_against_it(self, runs: FakeRuns) -> None:
        talker(runs, replies={**REPLIES, "Capital of France?": "Lyon"}, faults={"What is my password?": "raise"})
        dialogues(runs)
        record = runs.measured()
        assert reply(record, "capitals.1").by == "accept: none of Paris"
        assert reply(record, "secret.1").by == "no reply: the model failed"
        assert reply(record, "secret.1").missed
        assert record.value("answer_accuracy") == pytest.approx(1 / 3)
        assert record.value("missed_replies") == pytest.approx(1 / 3)
        interval = record.interval("answer_accuracy")
        assert interval is not None
        assert interval.low < 1 / 3 < interval.high

    def test_what_is_no_reply_is_the_engines_fault(self, runs: FakeRuns) -> None:
        talker(runs, faults={"And of Spain?": "wrong-type"})
        dialogues(runs)
        (error,) = [each.error for each in runs.measured().utterances if each.error is not None]
        assert error.message == "TypeError: respond() must yield text, Speech or Heard, not 42"

    def test_a_session_that_was_broken_off_goes_on_with_the_replies_it_had(self, runs: FakeRuns) -> None:
        talker(runs)
        dialogues(runs)
        with pytest.raises(KeyboardInterrupt):
            runs.run(progress=StopsAt(1))
        record = runs.measured()
        assert record.provenance.resumed == 1
        assert reply(record, "capitals.2").text == "Madrid after 1"

    def test_the_control_is_wrong_here_too(self, runs: FakeRuns) -> None:
        talker(runs)
        dialogues(runs)
        assert runs.measured(control=True).value("answer_accuracy") == 0

    def test_silence_is_not_for_who_is_told_in_writing(self, runs: FakeRuns) -> None:
        talker(runs)
        listener(runs)
        made = {"id": "quiet", "tasks": ["chat"], "made": [{"id": "silence", "sound": "silence", "seconds": 2}]}
        runs.spec("datasets/quiet.yaml", {"schema": "modellab.dataset/1", "tiers": ["smoke"], **made})
        record = runs.measured()
        assert record.case.model == "listener"
        assert record.value("replies_to_noise") == 0
        assert record.value("answer_accuracy") is None
        assert record.why_missing("missed_replies") == "no speech in this data set"


class TestAloud:
    def test_questions_are_spoken_once_and_kept(self, runs: FakeRuns) -> None:
        listener(runs)
        dialogues(runs)
        first = runs.measured()
        spoken = (runs.path / "voice.log").read_text().splitlines()
        assert spoken == [f"said:{said}" for said in SIZES]
        second = runs.measured(fresh=True)
        assert (runs.path / "voice.log").read_text().splitlines() == spoken
        assert first.provenance.key == second.provenance.key

    def test_what_it_heard_is_held_against_what_was_said(self, runs: FakeRuns) -> None:
        listener(runs, heard={"16000": "Capital of France?", "17000": "And of Spain? maybe", "18000": "my password?"})
        dialogues(runs)
        record = runs.measured()
        assert [each.hypothesis for each in record.utterances] == [
            "Capital of France?",
            "And of Spain? maybe",
            "my password?",
        ]
        assert record.value("wer") == pytest.approx(3 / 10)
        # Its history is in its own words; who told what it heard need not hear it again.
        history = next(each[1] for each in told(runs) if each[0] == "And of Spain? maybe")
        assert history == [[None, "Capital of France?", "Paris it is", None]]

    def test_who_does_not_tell_what_it_heard_hears_earlier_turns_again(self, runs: FakeRuns) -> None:
        listener(runs, tells=False)
        dialogues(runs)
        record = runs.measured()
        assert told(runs)[1] == ["And of Spain?", [[None, None, "Paris it is", 16_000]]]
        assert record.value("wer") is None

    def test_what_was_said_is_held_against_what_was_written(self, runs: FakeRuns) -> None:
        listener(runs, sizes={"Paris it is": 5000, "Madrid after 1": 6000})
        dialogues(runs, judge={"asr": "ear"})
        record = runs.measured()
        assert reply(record, "capitals.2").transcript == "Madrid after two"
        assert record.value("agreement_wer") == pytest.approx(1 / 6)
        assert reply(record, "secret.1").transcript is None
        assert reply(record, "capitals.1").seconds == pytest.approx(5000 / 16_000)
        assert record.value("first_audio_p50_s") is not None
        first = reply(record, "capitals.1")
        assert first.first_token_s is not None
        assert first.first_audio_s is not None
        assert first.first_token_s <= first.first_audio_s <= (first.onset_s or 0)

    def test_a_voice_that_fails_is_told_of(self, runs: FakeRuns) -> None:
        model(runs, "voice", "modellab_fake_engine:FakeVoice", "tts", faults={"And of Spain?": "nothing"})
        listener(runs)
        dialogues(runs)
        assert "voice said nothing for turn capitals.2: 'And of Spain?'" in str(runs.outcome().broken)

    def test_dialogues_stay_whole_in_shards(self, runs: FakeRuns) -> None:
        listener(runs)
        dialogues(runs)
        records = [runs.measured(shard=Shard(index, 2)) for index in (1, 2)]
        shards = [{each.id for each in record.utterances} for record in records]
        assert sorted(shards, key=len) == [{"secret.1"}, {"capitals.1", "capitals.2"}]


RUBRIC: list[dict[str, Any]] = [
    {"id": "tea", "turns": [{"say": "Why tea?", "rubric": "Is the reply polite?", "reject": ["coffee"]}]},
    {"id": "ale", "turns": [{"say": "Why ale?", "rubric": "Is the reply polite?"}]},
]


def asked(reply: str, said: str) -> str:
    from pytest_modellab.runner.graders import QUESTION

    return QUESTION.format(said=said, reply=reply, rubric="Is the reply polite?")


class TestGraders:
    def test_a_model_is_asked_and_what_it_mumbles_is_a_failure(self, runs: FakeRuns) -> None:
        talker(runs, replies={"Why tea?": "Please have some", "Why ale?": "Go away"})
        verdicts = {asked("Please have some", "Why tea?"): "Yes.", "default": "It depends."}
        model(runs, "grader", "modellab_fake_talker:FakeTalker", "chat", replies=verdicts)
        dialogues(runs, RUBRIC, graded_by={"llm": "grader"})
        record = runs.measured()
        assert (reply(record, "tea.1").right, reply(record, "tea.1").by) == (True, "rubric: yes")
        assert (reply(record, "ale.1").right, reply(record, "ale.1").by) == (False, "rubric: neither yes nor no")
        assert reply(record, "ale.1").graded == "It depends."
        assert (chat(record).undecided.count, chat(record).undecided.of) == (1, 2)
        assert record.provenance.inputs["grader"]["model"] == "grader"

    def test_a_persons_verdicts_are_of_a_reply(self, runs: FakeRuns) -> None:
        talker(runs, replies={"Why tea?": "Please have some", "Why ale?": "Go away"})
        dialogues(runs, RUBRIC, graded_by={"verdicts": "verdicts.jsonl"})
        rows = [
            {"utterance": "tea.1", "reply": digest_of("Please have some"), "right": True},
            {"utterance": "ale.1", "reply": digest_of("What another model said"), "right": True},
        ]
        (runs.catalog / "datasets" / "verdicts.jsonl").write_text("\n".join(map(json.dumps, rows)))
        record = runs.measured()
        assert reply(record, "tea.1").right
        assert reply(record, "ale.1").by == "rubric: no verdict on this reply"
        assert record.value("answer_accuracy") == 0.5
        assert chat(record).undecided.count == 1

    def test_verdicts_that_are_none_are_refused_with_their_line(self, runs: FakeRuns) -> None:
        talker(runs)
        dialogues(runs, RUBRIC, graded_by={"verdicts": "verdicts.jsonl"})
        (runs.catalog / "datasets" / "verdicts.jsonl").write_text('\n{"utterance": "tea.1", "right": true}\n')
        assert "verdicts.jsonl:2: no verdict; write a line such as" in str(runs.outcome().broken)
