"""What WER hides, counted over a run: into the record, out of it as figures, and back to the utterances behind them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from records import edits, record, stated, utterance

from pytest_modellab.catalog.specs import LimitSpec
from pytest_modellab.core.metrics.asr import score
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.table import Table
from pytest_modellab.core.schema_base import Failure, Range
from pytest_modellab.core.stats.evidence import weigh
from pytest_modellab.core.stats.intervals import proportion_interval, share_interval
from pytest_modellab.core.text import TextRules
from pytest_modellab.reports.explanation import explain
from pytest_modellab.reports.scorecard.grade import grade
from pytest_modellab.reports.scorecard.hidden_errors import lines, standing_out
from pytest_modellab.results.record import Record, UtteranceResult
from pytest_modellab.results.record_files import canonical
from pytest_modellab.results.scoring import scored
from pytest_modellab.results.verdicts import Limits, Run, Status
from pytest_modellab.results.worst_utterances import behind
from pytest_modellab.tasks.asr.record import TranscriptSummary, transcripts_of
from pytest_modellab.tasks.asr.text_analysis import Terms

ENGLISH = TextRules("whisper-english")
SILENT = Failure(kind="timeout", message="no answer in 60 s")


def result(reference: str, hypothesis: str | None, name: str = "one", **more: Any) -> UtteranceResult:
    """An utterance scored as a run would; no hypothesis is no answer."""
    words = score(reference, hypothesis, ENGLISH.of("en")).words
    made = utterance(
        name,
        reference,
        hypothesis,
        words=edits(words.substitutions, words.deletions, words.insertions, words.hits),
        error=SILENT if hypothesis is None else None,
    )
    return made.model_copy(update=more)


def run_with(*results: UtteranceResult, glossary: Sequence[str] = (), names: Sequence[str] = ()) -> Record:
    """The record of these utterances, scored."""
    return scored(record(utterances=results), ENGLISH, Terms.of(glossary, names))


def of(made: Record, name: str) -> tuple[float, float]:
    """So many of so many, of a metric that is a share; none of none where it is missing."""
    if made.value(name) is None:
        return 0, 0
    column = Table(made).column(METRICS[name])
    return sum(column.values), sum(column.of)


def summary(made: Record) -> TranscriptSummary:
    found = transcripts_of(made)
    assert found is not None
    return found


class TestCounts:
    def test_words_where_nobody_speaks(self) -> None:
        made = run_with(
            result("", "thank you", audio_s=20.0),
            result("[noise]", "", audio_s=10.0),  # nothing is left of it after normalisation
            result("", None, audio_s=60.0),  # no answer proves nothing
            result("good day", "good day to you", audio_s=60.0),
        )
        assert of(made, "insertions_per_min") == (2, 0.5)
        assert made.value("insertions_per_min") == 4.0

    def test_loops_count_against_answers(self) -> None:
        found = run_with(result("good day", "day " * 5), result("good day", "good day"), result("good day", None))
        assert of(found, "looped") == (1, 2)

    def test_symbols_that_repeat_are_a_loop_though_no_word_is_left(self) -> None:
        assert of(run_with(result("", "※" * 200)), "looped") == (1, 1)

    def test_lost_ends_count_against_answers_to_more_than_three_words(self) -> None:
        found = run_with(
            result("and so my fellow americans", "and so"),
            result("and so my fellow americans", "and so my fellow"),
            result("and so my", ""),
            result("and so my fellow americans", None),
        )
        assert of(found, "truncated") == (1, 2)

    @pytest.mark.parametrize(
        ("answers", "deviation"), [(("a b c", "a"), 0.0), (("a b c", "a b c"), 0.5), (("", "a"), 0.75)]
    )
    def test_length(self, answers: tuple[str, str], deviation: float) -> None:
        made = run_with(*(result("red green", text.replace("a", "red")) for text in answers))
        assert made.value("length_deviation") == deviation

    def test_terms_of_several_words_however_written(self) -> None:
        found = run_with(
            result("My fellow Americans, and the Wizard.", "my fellow americans and the lizard"),
            result("The wizard met the Wizard.", "the wizard met a wizard and a wizard"),
            result("Wizard!", None),
            glossary=["Fellow Americans", "wizard", "witch"],
        )
        assert [(each.term, each.said, each.found) for each in summary(found).glossary] == [
            ("Fellow Americans", 1, 1),
            ("wizard", 4, 2),  # what is found more often than said counts once; no answer finds nothing
            ("witch", 0, 0),
        ]
        assert of(found, "glossary_recall") == (3, 5)

    def test_names_and_numbers(self) -> None:
        found = run_with(
            result("Ann has twenty three cats and 5 dogs", "and has 23 cats and 6 dogs"),
            result("call nine one one", "call 911"),
            names=["Ann"],
        )
        assert of(found, "name_recall") == (0, 1)
        assert of(found, "number_recall") == (2, 3)

    def test_writing_only_where_the_reference_tells(self) -> None:
        found = run_with(
            result("Well, yes.", "well yes"),
            result("HE BEGAN, ALAS", "He began"),
            result("six", "Six."),
        )
        assert of(found, "casing_error") == (1, 2)
        assert of(found, "punctuation_error") == (3, 3)

    def test_languages_only_where_one_was_detected(self) -> None:
        spoken: dict[str, Any] = {"language": "en-US"}
        assert of(run_with(result("a b", "a b", **spoken)), "language_accuracy") == (0, 0)
        found = run_with(
            result("a b", "a b", detected_language="en", **spoken),
            result("a b", "a b", detected_language="cy", **spoken),
            result("a b", "a b", **spoken),  # others were told: this one is not right
            result("a b", None, **spoken),
            result("a b", "a b", detected_language="en"),  # nobody knows what it is
            result("", "you", detected_language="cy", **spoken),
        )
        assert of(found, "language_accuracy") == (1, 3)

    def test_slices_where_there_are_at_least_two(self) -> None:
        found = run_with(
            result("red green", "red green", speaker="a", kind="read", snr_db=3.0, audio_s=1.0),
            result("red green", "red", speaker="b", kind="read", snr_db=30.0, audio_s=1.0),
            result("red green", "", speaker=None, kind="read", audio_s=1.0),
            result("", "red", speaker="c", kind="read", audio_s=9.0),
        )
        assert [
            (each.by, each.value, each.utterances, each.wer, each.meaningful) for each in summary(found).slices
        ] == [
            ("speaker", "a", 1, 0.0, False),
            ("speaker", "b", 1, 0.5, False),
            ("snr", "0 to 5 dB", 1, 0.0, False),
            ("snr", "20 dB or more", 1, 0.5, False),
        ]

    def test_a_slice_needs_words_and_utterances_to_be_the_worst(self) -> None:
        text = "one fine day " * 7  # 21 words
        good = [result(text, text, kind="read") for _ in range(5)]
        bad = [result(text, text.replace("fine", ""), kind="whispered") for _ in range(5)]
        assert run_with(*good, *bad).value("worst_slice_wer") == pytest.approx(1 / 3)
        assert run_with(*good, *bad[:4]).value("worst_slice_wer") == 0.0
        assert run_with(*good).value("worst_slice_wer") is None

    def test_scores_are_part_of_what_makes_two_runs_the_same(self) -> None:
        assert canonical(run_with(result("a b", "a b"))) != canonical(run_with(result("a b", "a b " * 9)))


class TestFigures:
    def test_each_has_an_attribute_of_a_run(self) -> None:
        run = Run(record(), "pytest", on_verdict=lambda verdict: None)
        for name, metric in METRICS.items():
            assert getattr(run, name).metric is metric

    def test_those_said_to_have_an_interval_have_one(self) -> None:
        shares = {
            *("looped", "truncated", "glossary_recall", "number_recall", "name_recall"),
            *("punctuation_error", "casing_error", "language_accuracy"),
        }
        results = [
            result("Ann, and so 5 wizards.", "Ann, and so 5 wizards", detected_language="en", language="en")
            for _ in range(3)
        ]
        made = run_with(*results, glossary=["wizards"], names=["Ann"])
        assert all(METRICS[name].has_interval for name in shares)
        for name in shares:
            interval, value = made.interval(name), made.value(name)
            assert interval is not None, name
            assert value is not None, name
            assert interval.low <= value <= interval.high, name
            assert 0 <= weigh(value, interval, 0.5).above <= 1

    @pytest.mark.parametrize(
        ("made", "metric", "why"),
        [
            (record(), "insertions_per_min", "no clip without speech was answered"),
            (record(), "glossary_recall", "the data set's spec has no `glossary:`"),
            (
                run_with(result("a b", "a b"), names=["Ann"]),
                "name_recall",
                "no name of the data set's `names:` is in a reference",
            ),
            (record(), "punctuation_error", "no answered utterance has a punctuated reference"),
            (run_with(result("a b", "a b")), "number_recall", "no reference holds a number"),
            (run_with(result("", "you")), "truncated", "no speech in this data set"),
            (run_with(result("", None)), "looped", "no utterance was answered"),
        ],
    )
    def test_a_missing_figure_has_a_reason(self, made: Record, metric: str, why: str) -> None:
        assert made.value(metric) is None
        assert made.interval(metric) is None
        assert made.why_missing(metric) == why


class TestShareInterval:
    def test_one_place_each_is_the_exact_one(self) -> None:
        found, exact = share_interval([1] * 30 + [0] * 70, [1] * 100, [None] * 100), proportion_interval(30, 100)
        assert found is not None
        assert exact is not None
        assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=0.001)

    def test_places_that_go_together_count_for_less(self) -> None:
        apart = share_interval([1, 0] * 50, [1] * 100, [None] * 100)
        together = share_interval([10, 0] * 5, [10] * 10, [None] * 10)
        assert apart is not None
        assert together is not None
        assert together.clusters <= 10 < apart.clusters
        assert together.high - together.low > apart.high - apart.low

    def test_where_nothing_varies_a_cluster_counts_once(self) -> None:
        found = share_interval([50, 50], [50, 50], [None, None])
        assert found is not None
        assert (found.clusters, found.high) == (2, 1.0)
        assert found.low < 0.4

    def test_nothing_to_count(self) -> None:
        assert share_interval([], [], []) is None
        assert share_interval([0, 0], [0, 0], [None, None]) is None


class TestCulprits:
    @pytest.mark.parametrize(
        ("metric", "results", "notes"),
        [
            (
                "insertions_per_min",
                [result("", "you", "a"), result("", "so " * 9, "b"), result("", "", "c"), result("a b", "a b c", "d")],
                [
                    "b: 9 words in 1 s without speech; `so` 9 times in a row",
                    "a: 1 word in 1 s without speech",
                ],
            ),
            ("looped", [result("a b", "a b"), result("a b", "so " * 9, "b")], ["b: `so` 9 times in a row"]),
            ("truncated", [result("and so my fellow man", "and so", "b")], ["b: stops 3 words early"]),
            (
                "length_deviation",
                [result("red green", "red", "a"), result("red green", "red " * 3, "b"), result("a b", "a " * 3, "c")],
                ["b: 3 words written, 2 said", "c: 3 words written, 2 said"],
            ),
            ("glossary_recall", [result("red red green", "green", "a")], ["a: missed `Red` 2 times"]),
            ("name_recall", [result("ann left", "and left", "a")], ["a: missed `Ann`"]),
            ("number_recall", [result("gate 5", "gate 6", "a")], ["a: 1 of 1 number missed"]),
            ("punctuation_error", [result("Well, yes.", "Well yes", "a")], ["a: 2 of 2 marks wrong"]),
            ("casing_error", [result("Well, yes.", "well yes", "a")], ["a: 1 of 2 words cased wrong"]),
            (
                "language_accuracy",
                [
                    result("a b", "a b", "a", language="en", detected_language="cy"),
                    result("a b", "a b", "b", language="en", detected_language="en"),
                ],
                ["a: heard cy, spoken en"],
            ),
            ("rtf", [result("a b", "a")], []),
        ],
    )
    def test_the_worst_first(self, metric: str, results: list[UtteranceResult], notes: list[str]) -> None:
        made = run_with(*results, glossary=["Red"], names=["Ann"])
        assert [f"{each.result.id}: {each.note}" for each in behind(made, metric)] == notes

    def test_of_the_worst_slice(self) -> None:
        text = "one fine day " * 7
        good = [result(text, text, f"good-{i}", kind="read") for i in range(5)]
        bad = [result(text, text.replace("fine", "", i), f"bad-{i}", kind="whispered") for i in range(5)]
        found = behind(run_with(*good, *bad), "worst_slice_wer")
        assert [(each.result.id, each.note) for each in found[:2]] == [
            ("bad-4", "kind whispered"),
            ("bad-3", "kind whispered"),
        ]
        assert len(found) == 4

    def test_a_long_loop_is_cut_short_on_the_screen(self) -> None:
        made = run_with(result("", "i am sorry " * 500, "noise"), result("one two", "so " * 900, "talk"))
        run = Run(made, "pytest x", on_verdict=lambda verdict: None)
        text = explain([run.looped <= 0.0], made, run.rerun).splitlines()
        assert "in 2 of 2 utterances, the worst first:" in text
        assert "  noise: `i am sorry` 500 times in a row" in text
        assert "    HYP: i am sorry x500" in text
        place = next(i for i, line in enumerate(text) if " so x" in line)
        assert re.match(r"    REF: .*\bone\b.*\btwo\b|    REF: .*\b12\b", text[place - 1])
        assert len(text) <= 23
        assert all(len(line) < 200 for line in text)

    def test_raw_texts_where_it_is_them_that_differ(self) -> None:
        made = run_with(result("Well, yes.", "well yes\x1b[2J", "a"))
        run = Run(made, "pytest x", on_verdict=lambda verdict: None)
        text = explain([run.casing_error <= 0.0], made, run.rerun)
        assert "    REF: Well, yes.\n    HYP: well yes\N{REPLACEMENT CHARACTER}[2J" in text


WER = LimitSpec(metric="wer", max=0.1)


class TestWhereNobodySpeaks:
    QUIET = run_with(result("", "you"), result("", ""))

    def test_a_limit_on_wer_is_not_available_but_not_missing(self) -> None:
        verdict = Run(self.QUIET, "", lambda verdict: None).wer <= 0.5
        assert (verdict.status, verdict.reason) == (Status.NOT_AVAILABLE, "no speech in this data set")
        assert not self.QUIET.applies("wer")
        assert not self.QUIET.applies("truncated")
        assert self.QUIET.applies("looped")
        assert self.QUIET.applies("rtf")

    def test_references_of_which_nothing_is_left_are_missing(self) -> None:
        made = run_with(result("[noise]", "you"))
        assert made.applies("wer")

    def test_the_gate_says_so_and_grades_nothing(self) -> None:
        (verdict,) = Limits(self.QUIET.case, (WER,), str).judge(self.QUIET)
        assert verdict.status is Status.NOT_AVAILABLE
        found = grade(self.QUIET, None)
        assert found.letter is None


class TestStandingOut:
    def slices(self, high: float) -> Record:
        text = "one fine day " * 7
        good = [result(text, text, kind="read") for _ in range(5)]
        bad = [result(text, text.replace("fine", "", 5 + i % 3), kind="whispered") for i in range(5)]
        whole = Range(low=0.05, high=high, method="m", clusters=10, conditional="")
        return stated(run_with(*good, *bad), {}, {"wer": whole})

    def test_a_part_whose_interval_lies_above_that_of_the_whole(self) -> None:
        (text,) = standing_out(self.slices(0.15))
        assert text.startswith("kind whispered 27.6 % [")

    def test_one_that_overlaps_does_not(self) -> None:
        assert standing_out(self.slices(0.28)) == ()

    def test_nor_where_there_is_nothing_to_hold_it_against(self) -> None:
        assert standing_out(record()) == ()
        assert list(lines([])) == []
