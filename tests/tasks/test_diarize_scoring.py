"""Diarization from the worker's side to figures: handler, parts of a record, words by speaker."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from records import record, utterance

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.core.schema_base import Failure
from pytest_modellab.core.text import TextRules
from pytest_modellab.engines.diarizer import SpeakerSegment
from pytest_modellab.results.record import Record, UtteranceResult
from pytest_modellab.results.scoring import scored
from pytest_modellab.tasks.diarize import handler, words
from pytest_modellab.tasks.diarize.record import diarizations, diarized
from pytest_modellab.tasks.diarize.rules import collar_of, overlap_of
from pytest_modellab.tasks.diarize.scoring import DiarizationScoring
from pytest_modellab.tasks.diarize.segments import read
from pytest_modellab.tasks.registry import task_named
from pytest_modellab.tasks.scoring import Judged

SCORING = DiarizationScoring("diarize")
RULES = TextRules("modellab")
REFERENCE = "0.000 4.000 ann so what do you say | 4.000 6.000 bob well not much | 6.000 8.000 ann thank you"
ANSWER = "0.000 4.000 x so what do you say | 4.000 6.000 y well not much | 6.000 8.000 x thank you"


def row(
    hypothesis: str | None, *, name: str = "a", reference: str = REFERENCE, told: bool = True, **attributes: str
) -> UtteranceResult:
    line = {"text": hypothesis, "part": None if hypothesis is None else {"words": told}}
    text, parts = SCORING.raw(cast(Any, SimpleNamespace()), line, {}, Judged())
    made = utterance(name, reference=reference, hypothesis=text)
    error = Failure(kind="exception", message="no") if hypothesis is None else None
    more = {"parts": parts, "attributes": attributes, "audio_s": 10.0, "error": error}
    return made.model_copy(update={**more, "language": "en"})


def run(*rows: UtteranceResult) -> Record:
    case = CaseRef(task="diarize", model="tiny", device="cpu", dataset="talks")
    return scored(record(utterances=list(rows), case=case), RULES)


class Engine:
    def __init__(self, given: Any) -> None:
        self.given = given

    def diarize(self, clip: Any) -> Any:
        clip.samples[:] = 0  # some engines write into their input
        return self.given

    def synchronize(self) -> None: ...


def answered(*segments: Any) -> dict[str, Any]:
    message = {"rate": 16_000, "language": None}
    reply, sound = handler.answer(Engine([*segments]), message, np.zeros(16_000, "<f4").tobytes())
    assert sound == b""
    return reply


class TestHandler:
    def test_segments_become_text(self) -> None:
        reply = answered(
            SpeakerSegment(1.0, 2.5, "b c"), SpeakerSegment(-0.01, 0.5, "a"), SpeakerSegment(3.0, 3.0, "a")
        )
        assert reply["text"] == "0.000 0.500 a | 1.000 2.500 b_c"
        assert not reply["words"]
        assert reply["seconds"] >= 0

    def test_words_are_told_even_where_there_are_none(self) -> None:
        assert answered(SpeakerSegment(0, 1, "a", ""))["words"]
        assert answered(SpeakerSegment(0, 1, "a", "well \udcff"))["text"] == "0.000 1.000 a well \ufffd"

    def test_words_of_a_segment_that_does_not_last_are_kept(self) -> None:
        found = answered(SpeakerSegment(2.0001, 2.0003, "a", "thanks"), SpeakerSegment(-2, 0, "b", "made up"))
        assert found["text"] == "0.000 0.001 b made up | 2.000 2.001 a thanks"

    def test_nobody_is_an_answer(self) -> None:
        assert answered()["text"] == ""

    @pytest.mark.parametrize(
        ("segment", "error"),
        [
            ((0, 1, "a"), TypeError),
            (SpeakerSegment(0, 1, cast(Any, 3)), TypeError),
            (SpeakerSegment(0, 1, "a", cast(Any, 3)), TypeError),
            (SpeakerSegment(2, 1, "a"), ValueError),
            (SpeakerSegment(float("nan"), 1, "a"), ValueError),
        ],
    )
    def test_what_is_no_segment_is_refused(self, segment: Any, error: type[Exception]) -> None:
        with pytest.raises(error):
            answered(segment)

    def test_what_is_no_list_is_refused(self) -> None:
        with pytest.raises(TypeError, match="must return a list"):
            handler.answer(Engine("a"), {"rate": 16_000, "language": None}, b"")


class TestFigures:
    def test_they_are_sums_over_all_recordings(self) -> None:
        made = run(row(ANSWER), row(ANSWER.replace("6.000 8.000 x", "6.000 8.000 y"), name="b"), row("", name="c"))
        # 2 s of the wrong speaker in the second, all 8 s missed in the third; the third finds none of two speakers.
        assert made.value("der") == pytest.approx(10 / 24)
        assert made.value("speaker_confusion") == pytest.approx(2 / 24)
        assert made.value("missed_speech") == pytest.approx(8 / 24)
        assert made.value("false_alarm_speech") == 0
        assert made.value("speaker_count_error") == pytest.approx(2 / 3)
        # In the second ann shares 4 s of 6 with x, bob 2 s of 4 with y.
        assert made.value("jer") == pytest.approx((0 + (1 - 4 / 6) + (1 - 2 / 4) + 2) / 6)
        assert made.error_metric == "der"
        assert [made.errors_of(each) for each in made.utterances] == [0, 2, 8]

    def test_a_failure_misses_all_of_it(self) -> None:
        made = run(row(ANSWER), row(None, name="b"))
        assert made.value("missed_speech") == made.value("der") == 0.5

    def test_collar_and_overlap_are_those_of_the_data_set(self) -> None:
        late = "0.000 4.200 x | 4.200 6.000 y | 6.000 8.000 x"
        assert run(row(late, told=False)).value("der") == pytest.approx(0.2 / 8)
        made = run(row(late, told=False, collar_s="0.25", overlap="left out"))
        assert made.value("der") == 0
        summary = diarizations(made)
        assert summary is not None
        assert (summary.collar_s, summary.overlap) == ((0.25,), (False,))

    def test_baselines_count_seconds(self) -> None:
        assert SCORING.errors(row(ANSWER), ANSWER.replace("8.000", "7.500"), RULES) == (0.5, 8.0)
        assert SCORING.errors(row(ANSWER), None, RULES) == (8.0, 8.0)

    def test_scored_again_it_stays_the_same(self) -> None:
        made = run(row(ANSWER), row(None, name="b"), row(ANSWER.replace("y", "x"), name="c"))
        again = scored(made, RULES)
        assert (again.values, again.parts) == (made.values, made.parts)
        assert [each.parts for each in again.utterances] == [each.parts for each in made.utterances]

    def test_a_recording_in_which_nobody_speaks(self) -> None:
        made = run(row("1.000 3.000 x", reference="", told=False))
        assert made.value("der") is None
        part = diarized(made.utterances[0])
        assert part is not None
        assert part.false_alarm_s == 2

    def test_the_page_is_told_of_it(self) -> None:
        made = run(row(ANSWER.replace("6.000 8.000 x", "6.000 8.000 y")))
        task = task_named("diarize")
        assert "2 speakers found of 2" in [*task.show(made.utterances[0])]
        reference, answer = task.lanes(made.utterances[0])
        assert [each.key for each in reference.stretches] == ["ann", "bob", "ann"]
        assert [(each.key, each.note) for each in answer.stretches][-1] == ("bob", "y as bob")
        assert not [*task.lanes(utterance("bare"))]
        assert not [*task.show(utterance("bare"))]
        assert len([*task.lanes(run(row(None)).utterances[0])]) == 1


@pytest.mark.skipif(bool(words.absent()), reason=words.absent())
class TestWords:
    def test_right_words_of_the_right_speakers_are_no_errors(self) -> None:
        made = run(row(ANSWER))
        assert made.value("cpwer") == made.value("tcpwer") == 0

    def test_words_of_the_wrong_speaker_are_errors(self) -> None:
        # "thank you" is missing of one speaker and too much of the other; ten words.
        made = run(row(ANSWER.replace("6.000 8.000 x", "6.000 8.000 y")))
        assert made.value("cpwer") == pytest.approx(4 / 10)

    def test_words_at_other_times_are_errors_of_the_second_alone(self) -> None:
        late = "0.000 4.000 x so what do you say | 4.000 6.000 y well not much | 60.000 62.000 x thank you"
        made = run(row(late).model_copy(update={"audio_s": 70.0}))
        assert made.value("cpwer") == 0
        assert made.value("tcpwer") == pytest.approx(4 / 10)

    def test_an_engine_without_words_has_none_to_miss(self) -> None:
        made = run(row("0.000 4.000 x | 4.000 6.000 y | 6.000 8.000 x", told=False))
        assert made.value("cpwer") is None
        assert "no words" in made.why_missing("cpwer")
        assert not made.applies("cpwer")

    @pytest.mark.parametrize("nothing", ["", None])
    def test_without_segments_all_words_are_missed(self, nothing: str | None) -> None:
        made = run(row(ANSWER), row(nothing, name="b", told=False))
        assert made.value("cpwer") == 0.5

    def test_words_where_nobody_speaks_are_insertions(self) -> None:
        made = run(row(ANSWER), row(ANSWER, name="noise", reference=""))
        assert made.value("cpwer") == made.value("tcpwer") == 1.0
        alone = run(row(ANSWER, reference=""))
        assert (alone.value("cpwer"), alone.why_missing("cpwer")) == (None, "the references have no words")

    def test_words_where_the_reference_has_speech_without_words_are_not_judged(self) -> None:
        made = run(row(ANSWER), row(ANSWER, name="b", reference="0.000 4.000 ann | 4.000 6.000 bob"))
        assert made.value("cpwer") == 0

    def test_an_answer_that_lost_its_words_misses_all_of_them(self) -> None:
        made = run(row(ANSWER), row("0.000 4.000 x | 4.000 6.000 y | 6.000 8.000 x", name="b", told=False))
        assert made.value("cpwer") == made.value("tcpwer") == 0.5

    def test_speakers_are_counted_in_the_time_that_is_scored(self) -> None:
        # A quarter of a second on both sides of each edge isn't: of 0.4 s nothing is left.
        short = "0.000 4.000 ann so | 6.000 6.400 bob well"
        assert run(row(short.replace("ann", "x"), reference=short, collar_s="0.25")).value("speaker_count_error") == 0

    def test_without_meeteval_or_words_in_the_references_it_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        silent = "0.000 4.000 ann | 4.000 6.000 bob"
        assert run(row(ANSWER, reference=silent)).why_missing("cpwer") == "the references have no words"
        monkeypatch.setattr(words, "absent", lambda: "meeteval is not installed")
        made = run(row(ANSWER))
        assert made.value("der") == 0
        assert (made.value("cpwer"), made.why_missing("cpwer")) == (None, "meeteval is not installed")
        assert made.applies("cpwer")

    def test_beyond_what_can_be_paired_all_words_are_wrong(self) -> None:
        many = " | ".join(f"{i}.000 {i}.500 s{i} so" for i in range(21))
        cp, tcp = words.word_errors(read(REFERENCE), read(many), RULES.of("en"))
        assert (cp.deletions, cp.insertions, cp.units) == (10, 21, 10)
        assert tcp == cp

    def test_a_speaker_over_themselves_is_counted_all_the_same(self) -> None:
        twice = "0.000 4.000 x so what do you say | 1.000 5.000 x well not much | 1.000 8.000 x thank you"
        cp, tcp = words.word_errors(read(REFERENCE), read(twice), RULES.of("en"))
        assert cp.units == tcp.units == 10


def test_attributes_that_say_nothing_sensible_change_nothing() -> None:
    assert [collar_of({"collar_s": each}) for each in ("0.25", "x", "-1", "99", "nan")] == [0.25, 0, 0, 0, 0]
    assert collar_of({}) == 0
    assert overlap_of({})
    assert not overlap_of({"overlap": "left out"})
