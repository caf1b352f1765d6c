import random
import sys
import unicodedata
from itertools import pairwise
from subprocess import run

import numpy as np
import pytest
from edit_distance import edit_counts
from hypothesis import given
from hypothesis import strategies as st
from records import record, utterance

from pytest_modellab.core.metrics.asr import Counts, Pair, Scored, align, corpus, render_alignment, score
from pytest_modellab.core.metrics.evaluate import evaluate
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.speed import quantile
from pytest_modellab.core.metrics.table import Table
from pytest_modellab.core.text import TextRules

# The first example pays for importing jiwer.

RAW = TextRules("none").of("en")
ENGLISH = TextRules("whisper-english").of("en")

# Few words, so that repeats and chance matches abound; several scripts, and one word that contains another.
VOCABULARY = ["a", "the", "then", "no", "no-no", "é", "ß", "猫", "नमस्ते", "שלום", "🙂", "***"]
WORDS = st.lists(st.sampled_from(VOCABULARY), max_size=12)


def random_pairs(count: int) -> list[tuple[list[str], list[str]]]:
    """Pairs half unrelated and half alike (a few words dropped, replaced or put in); either may be empty."""
    source = random.Random(20221206)
    pairs = []
    for index in range(count):
        reference = source.choices(VOCABULARY, k=source.randrange(15))
        if index % 2:
            pairs.append((reference, source.choices(VOCABULARY, k=source.randrange(15))))
            continue
        hypothesis = []
        for word in reference:
            draw = source.random()
            if draw < 0.8:
                hypothesis.append(word)
            if draw > 0.7:
                hypothesis.append(source.choice(VOCABULARY))
        pairs.append((reference, hypothesis))
    return pairs


MANY = pytest.mark.nightly("tests/core/test_metrics.py::test_agrees_with_an_independent_edit_distance")


class TestScore:
    @pytest.mark.slow
    @pytest.mark.parametrize("count", [1000, pytest.param(10_000, marks=MANY)])
    def test_agrees_with_an_independent_edit_distance(self, count: int) -> None:
        for reference, hypothesis in random_pairs(count):
            scored = score(" ".join(reference), " ".join(hypothesis), RAW)
            for counts, truth, guess in (
                (scored.words, reference, hypothesis),
                (scored.characters, list(scored.reference), list(scored.hypothesis)),
            ):
                assert counts.errors == sum(edit_counts(truth, guess)), (truth, guess)
                assert counts.reference == len(truth)
                assert counts.deletions - counts.insertions == len(truth) - len(guess)

    @given(WORDS, WORDS)
    def test_is_a_distance(self, left: list[str], right: list[str]) -> None:
        there = score(" ".join(left), " ".join(right), RAW).words.errors
        back = score(" ".join(right), " ".join(left), RAW).words.errors
        assert there == back
        assert (there == 0) == (left == right)
        assert abs(len(left) - len(right)) <= there <= max(len(left), len(right))

    def test_both_texts_are_normalised(self) -> None:
        scored = score("Mr. Smith can't pay $20!", "mister smith can not pay twenty dollars", ENGLISH)
        assert scored == Scored(
            "mister smith can not pay $20", "mister smith can not pay $20", Counts(hits=6), Counts(hits=28)
        )

    def test_a_failure_counts_as_every_word_wrong(self) -> None:
        failed = score("one small step", None, RAW)
        assert failed.words == Counts(deletions=3)
        assert failed.characters == Counts(deletions=14)
        assert failed.hypothesis == ""

    def test_insertions_take_the_rate_past_one(self) -> None:
        assert score("yes", "yes yes yes yes", RAW).words.rate == 3.0

    @pytest.mark.parametrize("reference", ["", "   ", "[laughter]", "(inaudible)", "um, hmm"])
    def test_a_reference_without_words_has_no_rate(self, reference: str) -> None:
        scored = score(reference, "thank you", ENGLISH)
        assert scored.words == Counts(insertions=2)
        assert scored.words.rate is None
        assert scored.characters.rate is None

    def test_silence_recognised_as_silence_has_no_errors_and_no_rate(self) -> None:
        silent = score("", "", RAW)
        assert silent.words == silent.characters == Counts()
        assert silent.words.rate is None

    def test_whitespace_of_any_kind_separates_words(self) -> None:
        assert score("a\u00a0b\tc\n", " a  b c", RAW).words == Counts(hits=3)

    def test_a_space_is_a_character(self) -> None:
        assert score("ice cream", "icecream", RAW).characters == Counts(deletions=1, hits=8)

    def test_composed_and_decomposed_text_are_the_same(self) -> None:
        for name in ("none", "whisper-basic", "whisper-english"):
            text = "señor café 한국어 がぎ"
            assert score(text, unicodedata.normalize("NFD", text), TextRules(name).of("en")).words.errors == 0


class TestCorpus:
    def test_is_not_the_mean_of_utterances(self) -> None:
        perfect = "the north wind and the sun were disputing which was the stronger when a traveler came"
        summed = corpus([score("yes", "no", RAW), score(perfect, perfect, RAW)])
        assert summed.wer == pytest.approx(1 / 17)
        assert summed.above_half == 1
        assert summed.worst_wer == 1.0

    def test_exactly_half_is_not_above_half(self) -> None:
        assert corpus([score("a b", "a c", RAW)]).above_half == 0

    def test_empty_references_are_counted_and_their_insertions_kept(self) -> None:
        summed = corpus([score("", "thank you", RAW), score("", "", RAW), score("a b c d", "a b c d", RAW)])
        assert summed.empty_references == 2
        assert summed.wer == 0.5
        assert summed.above_half == 0
        assert summed.worst_wer == 0.0

    def test_of_nothing_has_no_rate(self) -> None:
        assert corpus([]).wer is None
        assert corpus([]).cer is None
        assert corpus([]).worst_wer is None
        assert corpus([score("", "you", RAW)]).wer is None

    def test_takes_a_generator(self) -> None:
        assert corpus(score("a", "b", RAW) for _ in range(3)).words == Counts(substitutions=3)

    @given(st.lists(st.tuples(WORDS, WORDS), max_size=5))
    def test_sums_every_count(self, texts: list[tuple[list[str], list[str]]]) -> None:
        summed = corpus(score(" ".join(left), " ".join(right), RAW) for left, right in texts)
        assert summed.words.errors == sum(sum(edit_counts(left, right)) for left, right in texts)
        assert summed.words.reference == sum(len(left) for left, _ in texts)


class TestAlign:
    def test_names_every_kind(self) -> None:
        assert align("we choose to go now", "we chose to go right now") == [
            ("hit", "we", "we"),
            ("sub", "choose", "chose"),
            ("hit", "to", "to"),
            ("hit", "go", "go"),
            ("ins", None, "right"),
            ("hit", "now", "now"),
        ]
        assert align("a b", "") == [("del", "a", None), ("del", "b", None)]
        assert align("", "a") == [("ins", None, "a")]
        assert align("", "") == []

    @given(WORDS, WORDS)
    def test_holds_both_texts_and_the_counts_of_score(self, left: list[str], right: list[str]) -> None:
        pairs = align(" ".join(left), " ".join(right))
        counts = score(" ".join(left), " ".join(right), RAW).words
        kinds = [kind for kind, _, _ in pairs]
        assert [word for _, word, _ in pairs if word is not None] == left
        assert [word for _, _, word in pairs if word is not None] == right
        assert counts == Counts(kinds.count("sub"), kinds.count("del"), kinds.count("ins"), kinds.count("hit"))


def columns(text: str) -> int:
    """Terminal columns, for the characters in these tests."""
    return sum(
        0 if unicodedata.category(c) in ("Mn", "Cf") else 1 + (unicodedata.east_asian_width(c) in ("W", "F"))
        for c in text
    )


class TestRenderAlignment:
    def test_three_rows(self) -> None:
        drawn = render_alignment(
            [
                ("hit", "we", "we"),
                ("sub", "choose", "chose"),
                ("del", "to", None),
                ("hit", "go", "go"),
                ("ins", None, "right"),
                ("hit", "now", "now"),
            ]
        )
        assert drawn.splitlines() == [
            "REF: we choose to  go ***   now",
            "HYP: we chose  *** go right now",
            "        S      D      I",
        ]

    def test_wide_characters_take_two_columns(self) -> None:
        drawn = render_alignment([("sub", "猫が", "cat"), ("sub", "e\u0301te\u0301", "ete"), ("ins", None, "犬")])
        assert drawn.splitlines() == [
            "REF: 猫が été ***",
            "HYP: cat  ete 犬",
            "     S    S   I",
        ]

    def test_blocks_keep_to_the_width_and_lose_nothing(self) -> None:
        for reference, hypothesis in random_pairs(300):
            pairs = align(" ".join(reference), " ".join(hypothesis))
            for width in (12, 24, 76):
                self.check(pairs, width)

    def check(self, pairs: list[Pair], width: int) -> None:
        drawn = render_alignment(pairs, width)
        blocks = [block.split("\n") for block in drawn.split("\n\nREF")] if drawn else []
        assert all(columns(line) <= width for line in drawn.splitlines())
        rows: list[list[str]] = [[], []]
        for block in blocks:
            for row, line in zip(rows, block[:2], strict=True):
                row += line.removeprefix("REF").removeprefix("HYP").removeprefix(": ").split()
        assert rows[0] == ["***" if word is None else word for _, word, _ in pairs]
        assert rows[1] == ["***" if word is None else word for _, _, word in pairs]

    def test_every_mark_stands_under_its_words(self) -> None:
        lines = render_alignment(align("猫 b c d", "犬 b x"), 76).splitlines()
        starts = [0, *(columns(lines[0][: i + 1]) for i, c in enumerate(lines[0]) if c == " ")]
        for mark in (i for i, c in enumerate(lines[2]) if c != " "):
            assert mark in starts

    def test_a_text_without_spaces_is_cut_into_blocks(self) -> None:
        drawn = render_alignment([("sub", "ab" * 6, "猫" * 7), ("hit", "z", "z")], width=11)
        assert (
            drawn.splitlines()
            == [
                "REF: ababab",
                "HYP: 猫猫猫",
                "     S",
                "",
                "REF: ababab",
                "HYP: 猫猫猫",
                "",
                "",
                "REF:    z",
                "HYP: 猫 z",
                "",
            ][:-1]
        )

    def test_marks_stay_with_their_letter(self) -> None:
        lines = render_alignment([("hit", "q\u0303" * 4, "q\u0303" * 4)], width=8).splitlines()
        assert lines[0] == "REF: " + "q\u0303" * 3

    def test_hangul_letters_left_apart_are_joined(self) -> None:
        text = ENGLISH("한국")
        assert render_alignment([("hit", text, text)]).splitlines()[0] == "REF: 한국"

    def test_control_characters_do_not_reach_the_terminal(self) -> None:
        assert "\x1b" not in render_alignment([("sub", "red", "\x1b[31mred")])

    def test_nothing_to_draw(self) -> None:
        assert render_alignment([]) == ""

    def test_a_width_without_room_is_refused(self) -> None:
        with pytest.raises(ValueError, match="at least 8 columns, not 7"):
            render_alignment([], width=7)


class TestSpeed:
    @pytest.mark.parametrize(
        ("seconds", "audio", "rtf"),
        [
            ([1.0, 1.0], [1.0, 9.0], pytest.approx(0.2)),  # clips count by their length
            ([0.3], [0.0], None),
            ([None], [1.0], None),
        ],
    )
    def test_rtf(self, seconds: list[float | None], audio: list[float], rtf: float | None) -> None:
        rows = [
            utterance(str(i)).model_copy(update={"processing_s": each, "audio_s": length})
            for i, (each, length) in enumerate(zip(seconds, audio, strict=True))
        ]
        assert evaluate(METRICS["rtf"], Table(record(utterances=rows))).value == rtf

    @given(st.lists(st.floats(min_value=0, max_value=1e6), min_size=1), st.floats(min_value=0.0, max_value=1.0))
    def test_quantile_is_numpys(self, values: list[float], q: float) -> None:
        assert quantile(values, q) == pytest.approx(float(np.quantile(values, q)), rel=1e-9, abs=1e-9)

    def test_quantile_ends_and_middle(self) -> None:
        assert [quantile([3.0, 1.0, 2.0, 10.0], q) for q in (0.0, 0.5, 1.0)] == [1.0, 2.5, 10.0]
        assert quantile([7.0], 0.95) == 7.0

    def test_quantile_of_nothing_is_missing(self) -> None:
        assert quantile([], 0.5) is None

    @pytest.mark.parametrize("q", [-0.1, 1.1, 95.0, float("nan")])
    def test_quantile_outside_its_range_is_refused(self, q: float) -> None:
        with pytest.raises(ValueError, match="between 0 and 1"):
            quantile([1.0], q)

    def test_quantile_of_nan_is_refused(self) -> None:
        with pytest.raises(ValueError, match="NaN"):
            quantile([1.0, float("nan"), 2.0], 0.5)


class TestDefinitions:
    def test_are_filed_under_their_names(self) -> None:
        assert all(metric.name == name for name, metric in METRICS.items())
        assert len(METRICS) == 116

    @pytest.mark.parametrize(
        ("name", "value", "shown"),
        [
            ("wer", 0.032, "3.2 %"),
            ("wer", 0.0, "0.0 %"),
            ("wer", 1.5, "150.0 %"),
            ("wer", 0.0004, "0.04 %"),
            ("wer", 1.0004, "100.04 %"),
            ("rtf", 0.1234, "0.12"),
            ("rtf", 0.0032, "0.0032"),
            ("rtf", 0.000042, "0.000042"),
            ("rtf", 0.00000042, "<0.00001"),
            ("rtf", -0.00000042, ">-0.00001"),
            ("rtf", 0.0, "0.00"),
            ("rtfx", 8.3, "8.3 x"),
            ("rtfx", 146.2, "146 x"),
            ("latency_p95_s", 1.237, "1.24 s"),
            ("load_s", 0.0, "0.00 s"),
            ("first_call_s", 0.0042, "0.0042 s"),
            ("peak_rss_mb", 349.4, "349 MB"),
            ("success_rate", 1.0, "100.0 %"),
            ("success_rate", 1 - 1e-12, ">99.99999 %"),
            ("wer", 1e-12, "<0.00001 %"),
            ("insertions_per_min", 12.5, "12.5 /min"),
            ("insertions_per_min", 0.0, "0.0 /min"),
        ],
    )
    def test_format(self, name: str, value: float, shown: str) -> None:
        assert METRICS[name].format(value) == shown

    def test_one_failure_in_many_is_not_shown_as_none(self) -> None:
        assert METRICS["success_rate"].format(2999 / 3000) == "99.97 %"

    @pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
    def test_missing_is_not_zero(self, value: float | None) -> None:
        assert {metric.format(value) for metric in METRICS.values()} == {"not available"}

    @pytest.mark.parametrize("unit", ["%", "1", "x", "s", "MB", "/min"])
    def test_larger_values_are_never_shown_smaller(self, unit: str) -> None:
        metric = next(metric for metric in METRICS.values() if metric.unit == unit)
        values = [10 ** (exponent / 10) for exponent in range(-60, 30)]
        shown = [float(metric.format(value).split()[0].removeprefix("<")) for value in values]
        assert all(lower <= higher for lower, higher in pairwise(shown))
        assert shown[0] > 0


@pytest.mark.parametrize(
    ("module", "banned"),
    [
        ("pytest_modellab.core.metrics.asr", "jiwer numpy whisper_normalizer pydantic yaml pytest"),
        ("pytest_modellab.core.metrics.registry", "jiwer numpy whisper_normalizer pydantic yaml pytest"),
        ("pytest_modellab.core.metrics.speed", "jiwer whisper_normalizer pydantic yaml pytest"),
        ("pytest_modellab.core.text", "jiwer numpy whisper_normalizer regex pydantic yaml pytest"),
        ("pytest_modellab.core.audio", "soundfile soxr pydantic yaml pytest"),
    ],
)
def test_importing_is_cheap(module: str, banned: str) -> None:
    probe = f"import sys, {module}; print([name for name in {banned.split()} if name in sys.modules])"
    done = run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
