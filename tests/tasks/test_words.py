"""Words with times held against known speech, and their confidence against what is right."""

from __future__ import annotations

from typing import Any

import pytest
from records import record, utterance, with_part

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.core.metrics.evaluate import evaluate
from pytest_modellab.core.metrics.measured import Utterance
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.table import Table
from pytest_modellab.core.schema_base import Failure
from pytest_modellab.core.text import TextRules
from pytest_modellab.engines.base import Clip, TimedWord, Transcript
from pytest_modellab.results.scoring import scored as record_scored
from pytest_modellab.runner.clock import believed
from pytest_modellab.tasks.asr.text_analysis import Terms
from pytest_modellab.tasks.registry import task_named
from pytest_modellab.tasks.scoring import Judged
from pytest_modellab.tasks.words import handler
from pytest_modellab.tasks.words.alignment import held_against, in_silence, missing, untimed
from pytest_modellab.tasks.words.record import KnownSpan, RecognisedWord, WordTiming

RULES = TextRules("modellab")
ENGLISH = RULES.of("en")
SPANS = (KnownSpan(text="One fine day", start_s=1.0, end_s=2.0), KnownSpan(text="we left.", start_s=3.0, end_s=4.0))
REFERENCE = "One fine day we left."
CASE = CaseRef(task="words", model="tiny", device="cpu", dataset="talk")


def word(text: str, start_s: float | None = None, end_s: float | None = None, p: float | None = None) -> RecognisedWord:
    return RecognisedWord(text=text, start_s=start_s, end_s=end_s, probability=p)


def said(shift_s: float = 0.0) -> tuple[RecognisedWord, ...]:
    """All of it at the right time, or so much later."""
    times = ((" One", 1.0, 1.3), (" fine", 1.3, 1.6), (" day,", 1.6, 2.0), (" we", 3.0, 3.4), (" left.", 3.4, 4.0))
    return tuple(word(text, start + shift_s, end + shift_s, 0.9) for text, start, end in times)


def scored(words: tuple[RecognisedWord, ...], spans: tuple[KnownSpan, ...] = SPANS, text: str | None = None) -> Any:
    text = "".join(each.text for each in words) if text is None else text
    row = with_part(utterance("a", reference=REFERENCE, hypothesis=text), "words", WordTiming(words=words, spans=spans))
    row = row.model_copy(update={"audio_s": 5.0})
    [parts] = task_named("words").scoring().score([row], RULES)
    return parts["words"]


class TestBoundaries:
    def test_the_first_and_the_last_word_of_each_span_count(self) -> None:
        part = scored(said())
        assert [(each.word, each.end) for each in part.boundaries] == [
            ("one", False),
            ("day", True),
            ("we", False),
            ("left", True),
        ]
        assert [each.error_s for each in part.boundaries] == pytest.approx([0, 0, 0, 0])
        assert (part.known_boundaries, part.untimed, part.in_silence) == (4, 0, 0)

    @pytest.mark.parametrize("shift_s", [0.1, -0.1])
    def test_a_shift_is_found(self, shift_s: float) -> None:
        assert [each.error_s for each in scored(said(shift_s)).boundaries] == pytest.approx([shift_s] * 4)

    def test_a_word_that_was_not_recognised_is_no_boundary(self) -> None:
        words = said()
        part = scored((word(" Wine", 1.0, 1.3), *words[1:]))
        assert [each.word for each in part.boundaries] == ["day", "we", "left"]
        assert part.known_boundaries == 4
        assert [each.right for each in part.words] == [False, True, True, True, True]

    def test_a_span_that_begins_or_ends_with_a_filler_tells_no_time_of_the_next_word(self) -> None:
        first, second = SPANS
        spans = (
            first.model_copy(update={"text": f"Um, {first.text}"}),
            second.model_copy(update={"text": f"{second.text} uh"}),
        )
        found = held_against(REFERENCE, spans, said(), RULES.of("en"))
        assert [(each.word, each.end) for each in found.boundaries] == [("day", True), ("we", False)]
        assert found.known == 2

    def test_what_is_not_spoken_is_no_word_at_an_edge(self) -> None:
        first, second = SPANS
        spans = (first.model_copy(update={"text": f"... {first.text}"}), second)
        assert held_against(REFERENCE, spans, said(), RULES.of("en")).known == 4

    def test_words_without_an_end_have_beginnings_only(self) -> None:
        part = scored(tuple(word(each.text, each.start_s) for each in said()))
        assert [each.end for each in part.boundaries] == [False, False]

    def test_punctuation_alone_is_no_word_and_neither_right_nor_wrong(self) -> None:
        part = scored((*said(), word(" -", 4.0, 4.1)))
        assert part.words[-1].right is None
        assert len(part.boundaries) == 4

    def test_where_no_span_is_known_words_are_right_or_wrong_all_the_same(self) -> None:
        part = scored(said(), ())
        assert [each.right for each in part.words] == [True] * 5
        assert (part.boundaries, part.known_boundaries, part.in_silence) == ((), 0, None)

    def test_characters_count_where_there_are_no_words(self) -> None:
        japanese = RULES.of("ja")
        spans = (KnownSpan(text="今日は", start_s=0.0, end_s=1.0),)
        found = held_against("今日は", spans, (word("今", 0.0, 0.3), word("日は", 0.3, 0.9)), japanese)
        assert [each.error_s for each in found.boundaries] == pytest.approx([0.0, -0.1])
        assert found.right == {0: True, 1: True}


class TestUnanswered:
    def test_no_boundary_was_found_where_the_model_failed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pytest_modellab.tasks.words.scoring._known", lambda utterance: SPANS)
        text, parts = task_named("words").scoring().raw(None, {"text": None, "part": None}, {}, Judged())  # type: ignore[arg-type]
        right = with_part(utterance("a", reference=REFERENCE), "words", WordTiming(words=said(), spans=SPANS))
        failed = utterance("b", reference=REFERENCE, hypothesis=text).model_copy(
            update={"parts": parts, "error": Failure(kind="exception", message="no")}
        )
        rows = [each.model_copy(update={"audio_s": 5.0}) for each in (right, failed)]
        made = record_scored(record(utterances=rows, case=CASE), RULES)
        assert made.value("boundaries_found") == 0.5
        assert made.value("boundaries_within_50ms") == 1

    def test_a_bound_is_kept_by_what_is_exactly_as_late(self) -> None:
        part = scored(said(0.1))
        row = with_part(utterance("a", reference=REFERENCE), "words", part)
        assert record_scored(record(utterances=[row], case=CASE), RULES).value("boundaries_within_100ms") == 1

    def test_characters_are_counted_where_there_are_no_words(self) -> None:
        words = (word("今天", 0.0, 0.5), word("天气", 0.5, 1.0), word("好"))
        assert untimed(words, 5.0, RULES.of("zh")) == (1, 5)


class TestTimesThatCannotBe:
    @pytest.mark.parametrize(
        "wrong",
        [
            pytest.param(word("x"), id="none"),
            pytest.param(word("x", 4.9, 5.2), id="beyond the clip"),
            pytest.param(word("x", -0.5, 1.0), id="before the clip"),
            pytest.param(word("x", 3.0, 2.9), id="ends before it begins"),
            pytest.param(word("x", 1.0, 1.2), id="before the word before"),
        ],
    )
    def test_are_counted(self, wrong: RecognisedWord) -> None:
        assert untimed((word("a", 2.0, 2.4), wrong), 5.0, ENGLISH) == (1, 2)

    def test_neighbours_may_touch_and_the_clip_may_end(self) -> None:
        assert untimed((word("a", 0.0, 2.0), word("b", 2.0, 2.0), word("c", 2.0, 5.01)), 5.0, ENGLISH) == (0, 3)

    def test_words_of_the_text_that_have_no_entry_are_missing(self) -> None:
        assert missing("one fine day", (word("one"), word(" fine day")), ENGLISH) == 0
        assert missing("one - fine, day", (word("one"),), ENGLISH) == 2

    def test_words_that_are_not_those_of_the_text_are_missing(self) -> None:
        assert missing("one fine day", (word("one"), word("zzz"), word("zzz")), ENGLISH) == 2
        assert missing("", (word("one"),), ENGLISH) == 0

    def test_words_where_nobody_speaks(self) -> None:
        words = (word("a", 0.0, 0.5), word("b", 0.9, 1.1), word("c", 2.5, 2.6), word("d", 4.1), word("e"))
        assert in_silence(words, SPANS) == 2


class TestFigures:
    def run(self, *parts: tuple[RecognisedWord, ...], texts: str | None = None, spans: Any = SPANS) -> Table:
        rows = [
            with_part(
                utterance(
                    f"u{i}",
                    reference=REFERENCE,
                    hypothesis="".join(each.text for each in words) if texts is None else texts,
                ),
                "words",
                WordTiming(words=words, spans=spans),
            ).model_copy(update={"audio_s": 5.0})
            for i, words in enumerate(parts)
        ]
        scoring = task_named("words").scoring()
        rows = [
            row.model_copy(update={"parts": found}) for row, found in zip(rows, scoring.score(rows, RULES), strict=True)
        ]
        summary = scoring.summarize(rows, {}, RULES, Terms())
        return Table(record(utterances=rows, case=CASE, parts=summary))

    def value(self, table: Table, name: str) -> float | None:
        return evaluate(METRICS[name], table).value

    def test_of_times_that_are_right(self) -> None:
        table = self.run(*([said()] * 6))
        assert self.value(table, "word_boundary_median_s") == pytest.approx(0.0, abs=1e-9)
        for name in ("boundaries_within_50ms", "boundaries_within_100ms", "boundaries_found"):
            assert self.value(table, name) == 1.0
        assert self.value(table, "untimed_words") == 0.0
        assert self.value(table, "words_in_silence") == 0.0

    def test_a_planted_shift_of_100_ms_is_found(self) -> None:
        before, after = (self.run(*(said(shift + i / 1000) for i in range(-6, 7))) for shift in (0.02, 0.12))
        values = [self.value(each, "word_boundary_median_s") for each in (before, after)]
        assert values == pytest.approx([0.02, 0.12])
        intervals = [evaluate(METRICS["word_boundary_median_s"], each).interval for each in (before, after)]
        assert intervals[0] is not None
        assert intervals[1] is not None
        assert intervals[0].high < intervals[1].low
        shifts = [
            (each.run.parts["words"].start_shift_s, each.run.parts["words"].end_shift_s) for each in (before, after)
        ]
        assert shifts == [pytest.approx((0.02, 0.02)), pytest.approx((0.12, 0.12))]
        assert self.value(after, "boundaries_within_50ms") == 0.0
        assert self.value(after, "boundaries_within_200ms") == 1.0

    def test_an_engine_that_gives_no_words_has_all_of_its_text_untimed(self) -> None:
        table = self.run((), (), texts="One fine day we left.")
        assert self.value(table, "untimed_words") == 1.0
        assert self.value(table, "boundaries_found") == 0.0
        found = evaluate(METRICS["word_boundary_median_s"], table)
        assert found.value is None
        assert found.missing is not None
        assert found.missing.why == "the model tells no times of words"

    def test_a_data_set_without_known_times_says_so(self) -> None:
        found = evaluate(METRICS["word_boundary_median_s"], self.run(said(), spans=()))
        assert found.missing is not None
        assert "join recordings, or give a `ctm`" in found.missing.why

    def test_confidence(self) -> None:
        wrong = (word(" Wine", 1.0, 1.3, 0.2), *said()[1:])
        table = self.run(said(), wrong)
        assert self.value(table, "word_calibration_error") == pytest.approx((9 * 0.1 + 0.2) / 10)
        assert self.value(table, "wrong_of_confident") == 0.0
        nce = self.value(table, "word_nce")
        assert nce is not None
        assert 0 < nce < 1
        kept = table.run.parts["words"].kept
        assert (kept[-1].coverage, kept[-1].wrong) == (1.0, pytest.approx(0.1))

    def test_a_model_that_tells_no_probabilities_misses_nothing(self) -> None:
        table = self.run(tuple(word(each.text, each.start_s, each.end_s) for each in said()))
        for name in ("word_nce", "word_calibration_error", "wrong_of_confident"):
            missing = evaluate(METRICS[name], table).missing
            assert missing is not None
            assert not missing.possible

    def test_confidence_of_some_words_alone_is_no_figure(self) -> None:
        words = (word(" Wine", 1.0, 1.3), *said()[1:])
        for name in ("word_nce", "word_calibration_error", "wrong_of_confident"):
            found = evaluate(METRICS[name], self.run(words, said())).missing
            assert found is not None
            assert (found.why, found.possible) == ("1 of 10 words have no probability", True)

    def test_confidence_of_listed_words_alone_is_no_figure(self) -> None:
        for name in ("word_nce", "word_calibration_error", "wrong_of_confident"):
            table = self.run(said()[1:], said(), texts="Wine fine day, we left.")
            found = evaluate(METRICS[name], table).missing
            assert found is not None
            why = "2 of 11 words of the texts are not among those that have a probability"
            assert (found.why, found.possible) == (why, True)

    def test_all_right_has_nothing_to_tell_apart(self) -> None:
        missing = evaluate(METRICS["word_nce"], self.run(said())).missing
        assert missing is not None
        assert "nothing to tell apart" in missing.why

    def test_the_worst_boundary_is_told(self) -> None:
        table = self.run((*said()[:4], word(" left.", 3.4, 4.5, 0.9)))
        row = table.run.utterances[0]
        assert list(task_named("words").show(row)) == ["word boundaries up to 0.50 s off (`left`)"]
        fault = METRICS["word_boundary_median_s"].fault
        assert fault is not None
        found = fault(Utterance(row, table.run))
        assert found is not None
        assert found.note == "the end of `left` is 0.50 s late"

    def test_nothing_is_shown_where_nothing_is_known(self) -> None:
        task = task_named("words")
        row = self.run(said(), spans=()).run.utterances[0]
        assert list(task.show(row)) == []
        bare = utterance()
        assert (list(task.show(bare)), list(task.timed_words(bare))) == ([], [])
        fault = METRICS["word_boundary_median_s"].fault
        assert fault is not None
        assert fault(Utterance(row, self.run(said()).run)) is None

    def test_words_for_the_page_have_times_and_notes(self) -> None:
        words = (*said()[:1], word(" fine", 1.3, None, 0.2), word(" day,"))
        row = self.run(words).run.utterances[0]
        shown = task_named("words").timed_words(row)
        assert [(each.text, each.start_s, each.end_s) for each in shown] == [(" One", 1.0, 1.3), (" fine", 1.3, 1.6)]
        assert [each.note for each in shown] == ["1.00 to 1.30 s, 90% sure", "1.30 s, 20% sure"]

    def test_recognised_words_without_times_at_boundaries(self) -> None:
        words = tuple(word(each.text, each.start_s if i in {1, 2} else None) for i, each in enumerate(said()))
        missing = evaluate(METRICS["word_boundary_median_s"], self.run(words)).missing
        assert missing is not None
        assert missing.why == "no word at a known boundary was found"


class Engine:
    """An engine that gives back what it is made with."""

    def __init__(self, given: Any) -> None:
        self.given = given

    def synchronize(self) -> None:
        """Nothing to wait for."""

    def transcribe_words(self, clip: Clip) -> Any:
        return self.given


class TestHandler:
    MESSAGE = {"rate": 16_000, "language": "en"}  # noqa: RUF012 - never changed

    def test_words_are_kept_as_they_are_told(self) -> None:
        words = (TimedWord("One", 0.1, 0.4, 0.9), TimedWord("day", None, float("nan"), float("inf")))
        reply, samples = handler.answer(Engine(Transcript("One day", "en", words)), self.MESSAGE, b"\0" * 64)
        assert samples == b""
        assert (reply["text"], reply["language"]) == ("One day", "en")
        assert reply["words"] == [["One", 0.1, 0.4, 0.9], ["day", None, None, None]]

    def test_times_in_the_clip_are_no_times_of_the_call(self) -> None:
        words = (TimedWord("One", 10.1, 10.4, 0.9),)
        reply, _ = handler.answer(Engine(Transcript("One", "en", words)), self.MESSAGE, b"\0" * 64)
        assert believed(reply, 1.0) == reply

    @pytest.mark.parametrize("probability", [-3.2, 1.5])
    def test_a_logarithm_is_no_probability(self, probability: float) -> None:
        words = (TimedWord("One", 0.1, 0.4, probability),)
        with pytest.raises(ValueError, match=r"must be from 0 to 1, not .* \(`One`\)"):
            handler.answer(Engine(Transcript("One", "en", words)), self.MESSAGE, b"\0" * 64)

    @pytest.mark.parametrize("given", [None, Transcript("one"), Transcript("one", None, ("one",))])  # type: ignore[arg-type]  # what no engine may return
    def test_what_is_no_transcript_with_words_is_refused(self, given: Any) -> None:
        with pytest.raises(TypeError, match="must return a Transcript"):
            handler.answer(Engine(given), self.MESSAGE, b"\0" * 64)
