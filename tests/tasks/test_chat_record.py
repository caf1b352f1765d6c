"""The worker's side of a dialogue, and the figures of many turns."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from records import record

from pytest_modellab.catalog import load
from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.catalog.datasets.turn import TurnOf
from pytest_modellab.core.metrics.answers import Rules
from pytest_modellab.core.schema_base import Failure
from pytest_modellab.core.text import TextRules
from pytest_modellab.engines.base import Heard, Speech, Turn
from pytest_modellab.reports.scorecard.grade import grade
from pytest_modellab.results import baseline
from pytest_modellab.results.record import Record, UtteranceResult
from pytest_modellab.results.scoring import scored
from pytest_modellab.results.verdicts import Status
from pytest_modellab.tasks.chat import handler as chat_handler
from pytest_modellab.tasks.chat import scoring as chat_scoring
from pytest_modellab.tasks.chat.record import Reply, dialogues_of, reply_of

ENGLISH = TextRules("whisper-english")
MESSAGE = {"op": "respond", "text": "Hello?", "rate": 16_000, "language": "en", "samples": None, "history": []}


def noise(seconds: float, rate: int = 16_000) -> Speech:
    return Speech(np.full(round(seconds * rate), 0.5, np.float32), rate)


class Slow:
    """Yields its script; a number is a wait in seconds."""

    def __init__(self, *script: Any) -> None:
        self.script = script
        self.turns: list[Turn] = []

    def synchronize(self) -> None: ...

    def respond(self, turn: Turn) -> Iterator[Any]:
        self.turns.append(turn)
        for each in self.script:
            if isinstance(each, float):
                time.sleep(each)
            else:
                yield each


class TestTheClock:
    def test_it_is_read_at_the_first_word_and_at_the_first_sound(self) -> None:
        engine = Slow(Heard("hello"), " ", 0.05, "Hi ", noise(0), 0.05, noise(0.5), "there", noise(0.5))
        reply, samples = chat_handler.answer(engine, MESSAGE, b"")
        assert (reply["text"], reply["heard"], reply["pieces"], reply["rate"]) == ("Hi there", "hello", 2, 16_000)
        assert len(samples) == 4 * 16_000
        assert 0.05 <= reply["first_token_s"] < reply["first_audio_s"] <= reply["seconds"]
        assert reply["first_audio_s"] >= 0.1
        assert reply["stalled_s"] < 0.05  # the second piece was there long before the first had been played

    def test_silence_in_the_middle_is_told(self) -> None:
        reply, _ = chat_handler.answer(Slow(noise(0.01), 0.1, noise(0.01)), MESSAGE, b"")
        assert reply["stalled_s"] >= 0.08

    def test_nothing_at_all_is_a_reply_without_times(self) -> None:
        reply, samples = chat_handler.answer(Slow(), MESSAGE, b"")
        assert (reply["text"], reply["first_token_s"], reply["first_audio_s"], samples) == ("", None, None, b"")

    def test_speech_of_two_rates_is_refused(self) -> None:
        with pytest.raises(ValueError, match="several sample rates"):
            chat_handler.answer(Slow(noise(0.1), noise(0.1, 24_000)), MESSAGE, b"")

    def test_clips_of_now_and_of_before_are_told_apart(self) -> None:
        engine = Slow("Yes.")
        history = [
            {"text": None, "heard": "told", "reply": "a", "samples": None},
            {"text": None, "heard": None, "reply": "b", "samples": 3},
        ]
        payload = np.arange(5, dtype="<f4").tobytes()
        chat_handler.answer(engine, {**MESSAGE, "text": None, "samples": 2, "history": history}, payload)
        (turn,) = engine.turns
        assert turn.clip is not None
        assert turn.clip.samples.tolist() == [0, 1]
        first, second = turn.history
        assert (first.clip, first.heard, first.reply) == (None, "told", "a")
        assert second.clip is not None
        assert second.clip.samples.tolist() == [2, 3, 4]


def turn(dialogue: str, context: bool = False, **rules: Any) -> TurnOf:
    return TurnOf(dialogue, (), Rules(**rules), context)


def result(id: str, said: str, about: TurnOf | None, text: str | None, **extra: Any) -> UtteranceResult:
    times: dict[str, Any] = {name: extra.pop(name) for name in ("first_token_s", "first_audible_s") if name in extra}
    transcript = extra.pop("transcript", None)
    part = None if text is None else {"text": text, "heard": None, "audible": False, **extra}
    reply = chat_scoring.unscored(id, about, part, times, transcript=transcript, graded=None)
    error = Failure(kind="timeout", message="none") if text is None else None
    return UtteranceResult(id=id, reference=said, hypothesis=None, audio_s=1.0, error=error, parts={"chat": reply})


def talked(results: Sequence[UtteranceResult]) -> Record:
    """The record of these turns, scored."""
    case = CaseRef(task="chat", model="mind", device="cpu", dataset="talk")
    return scored(record(utterances=results, case=case, wer=None), ENGLISH)


class TestFigures:
    def test_shares_are_of_the_turns_that_they_are_about(self) -> None:
        found = talked(
            [
                result("a.1", "Say A.", turn("a", accept=("A",)), "It is A."),
                result("a.2", "And B?", turn("a", context=True, accept=("B",)), "C"),
                result("b.1", "Hello.", turn("b"), "Hi."),
                result("c.1", "And you?", turn("c", accept=("C",)), "..."),
                result("d.1", "Really?", turn("d", accept=("D",)), None),
            ]
        )
        dialogues = dialogues_of(found)
        assert dialogues is not None
        assert found.value("answer_accuracy") == 0.25
        assert (dialogues.judged.count, dialogues.judged.of) == (1, 4)
        assert found.value("context_kept") == 0
        assert found.value("missed_replies") == 0.4
        assert dialogues.dialogues == 4
        assert found.value("replies_to_noise") is None
        assert found.why_missing("replies_to_noise") == "somebody speaks in every clip of the data set"

    def test_quick_replies_that_nothing_can_judge_earn_no_grade(self) -> None:
        bands = load(Path(__file__).parents[2] / "fixtures").grades["chat"]
        asked = talked([result("a", "Say what?", turn("a"), "What."), result("b", "And?", turn("b"), "So.")])
        found = grade(asked, bands)
        assert found.letter is None
        assert found.why == "no turn of this data set has an answer to be right by"

    def test_turns_of_one_dialogue_stand_and_fall_together(self) -> None:
        def of(dialogues: int) -> float:
            results = [
                result(
                    f"{n}.{i}", "Say A.", turn(f"d{n % dialogues}", accept=("A",)), "A" if n % dialogues % 2 else "B"
                )
                for n in range(40)
                for i in (1,)
            ]
            found = talked(results).interval("answer_accuracy")
            assert found is not None
            return found.high - found.low

        assert of(40) < of(8)

    def test_silence_that_is_answered(self) -> None:
        made = [("silence", ""), ("noise", "Thank you."), ("hum", "")]
        found = talked([result(id, "", None, text) for id, text in made])
        assert found.value("replies_to_noise") == pytest.approx(1 / 3)
        assert found.value("missed_replies") is None
        assert found.value("answer_accuracy") is None

    def test_the_users_wait_is_for_sound_where_there_is_any(self) -> None:
        found = talked(
            [
                result("a", "Hi.", None, "Hello.", first_token_s=0.1, first_audible_s=0.5, audible=True),
                result("b", "Hi.", None, "Hello.", first_token_s=0.3),
            ]
        )
        assert found.value("first_token_p50_s") == pytest.approx(0.2)
        assert found.value("first_audio_p50_s") == pytest.approx(0.5)
        assert found.value("onset_p50_s") == pytest.approx(0.4)

    def test_what_is_said_is_held_against_what_is_written(self) -> None:
        found = talked(
            [
                result("a", "Hi.", None, "Twenty days.", transcript="20 days", audible=True),
                result("b", "Hi.", None, "A fine day", transcript="a fine way", audible=True),
                result("c", "Hi.", None, "Nothing to hear"),
            ]
        )
        assert found.value("agreement_wer") == pytest.approx(1 / 5)

    def test_judging_again_comes_to_the_same(self) -> None:
        (row,) = talked([result("a.1", "Say A.", turn("a", accept=("A",), reject=("B",)), "It is A.")]).utterances
        reply = reply_of(row)
        assert reply is not None
        stored = Reply.model_validate_json(reply.model_dump_json())
        assert stored == reply
        assert chat_scoring.judged(stored, "Say A.", ENGLISH.of("en"), failed=False) == reply


def test_two_runs_that_tell_nothing_of_what_they_heard_are_not_held_against_each_other() -> None:
    """Both would count every word as missed: a gate against such a baseline could never fail."""
    said = [result("a", "Say A.", turn("d", accept=("A",)), "A")]
    made = talked(said)
    assert not made.comparable
    judged = baseline.judge(made, lambda: baseline.of(made), "there")
    assert judged.verdict.status is Status.NOT_AVAILABLE
    assert judged.verdict.reason == "the model reports no transcript of its input"
