"""What WER hides, on texts small enough to count by hand."""

from __future__ import annotations

import pytest
from edit_distance import edit_counts
from hypothesis import given
from hypothesis import strategies as st
from records import utterance

from pytest_modellab.core.metrics.hidden_errors import (
    compresses_like_a_loop,
    compression_ratio,
    count_term,
    in_a_row,
    in_order,
    loop,
    lost_end,
    numbers,
)
from pytest_modellab.core.metrics.slices import DURATION_EDGES_S, SNR_EDGES_DB, band, values

# The first example pays for importing numpy.
WORDS = st.lists(st.sampled_from(["a", "b", "c", "猫", "é"]), max_size=14)


def found_loop(reference: str, hypothesis: str) -> tuple[str, int] | None:
    found = loop(reference.split(), hypothesis.split())
    return None if found is None else (" ".join(found.words), found.times)


class TestLoop:
    @pytest.mark.parametrize(
        ("reference", "hypothesis", "found"),
        [
            ("", "", None),
            ("", "you", None),
            ("no", "no no no", None),
            ("no", "no no no no", ("no", 4)),
            ("well", "i am sorry " * 5 + "i", ("i am sorry", 5)),
            ("well", "so i am sorry i am sorry i am sorry i am sorry yes", ("i am sorry", 4)),
            ("no no no no", "no no no no", None),  # said so
            ("no no no", "no no no no no no", None),  # twice as often is not more than twice
            ("no no no", "no no no no no no no", ("no", 7)),
            ("a b a b a b a b", "a b a b a b a b", None),
            ("はい", "ありがとう " * 4, ("ありがとう", 4)),
            ("", "b " + "a " * 4 + "c " + "d e " * 4, ("d e", 4)),  # of several, the one that covers most
            ("x", "a a a b a a a b a a a b a a a b", ("a a a b", 4)),
        ],
    )
    def test_by_hand(self, reference: str, hypothesis: str, found: tuple[str, int] | None) -> None:
        assert found_loop(reference, hypothesis) == found

    def test_it_says_what_repeats_and_how_often_that_was_said(self) -> None:
        assert str(loop(["no"] * 2, ["no"] * 9)) == "`no` 9 times in a row (said 2 times)"
        assert str(loop([], ["a", "b"] * 4)) == "`a b` 4 times in a row"

    @given(WORDS)
    def test_what_was_said_is_no_loop(self, words: list[str]) -> None:
        assert loop(words, words) is None

    @given(WORDS, WORDS)
    def test_a_loop_is_really_there(self, reference: list[str], hypothesis: list[str]) -> None:
        found = loop(reference, hypothesis)
        if found is not None:
            assert found.times >= 4
            assert found.times <= in_a_row(found.words, hypothesis)
            assert found.times > 2 * in_a_row(found.words, reference)
            assert " ".join(found.words * found.times) in " ".join(hypothesis)

    @given(WORDS.filter(bool), st.integers(4, 9))
    def test_whatever_stands_four_times_in_a_row_is_one(self, words: list[str], times: int) -> None:
        assert loop([], words * times) is not None

    @pytest.mark.parametrize(
        ("words", "text", "times"),
        [("a", "", 0), ("a", "b", 0), ("a", "b a a c a a a", 3), ("a b", "a b a b a a b", 2), ("a b c", "a b", 0)],
    )
    def test_in_a_row(self, words: str, text: str, times: int) -> None:
        assert in_a_row(words.split(), text.split()) == times

    def test_loops_inside_a_word_and_in_scripts_without_spaces(self) -> None:
        assert compresses_like_a_loop("谢谢", "谢谢大家" * 40)
        assert compresses_like_a_loop("", "ha" * 60)
        assert not compresses_like_a_loop("谢谢大家" * 40, "谢谢大家" * 41)
        assert not compresses_like_a_loop("", "")
        assert not compresses_like_a_loop("ask not what", "ask not what your country can do for you")

    def test_the_ratio_is_of_bytes(self) -> None:
        assert compression_ratio("") == 0
        assert compression_ratio("é" * 1000) == pytest.approx(2000 / 24, rel=0.2)


def found_lost(reference: str, hypothesis: str) -> int:
    return lost_end(reference.split(), hypothesis.split())


class TestLostEnd:
    @pytest.mark.parametrize(
        ("reference", "hypothesis", "lost"),
        [
            ("", "", 0),
            ("", "a b", 0),
            ("a b c d", "", 4),
            ("a b c d e f", "a b c d e f", 0),
            ("a b c d e f", "a b c", 3),
            ("a b c d e f", "b c d e f", 0),  # the beginning is another matter
            ("a b c d e f", "a b f", 0),  # the middle too
            ("a b c d e f", "a b e x", 0),
            ("a b c d e f", "a b x", 3),  # a last word gone wrong stands for one
            ("the dog and the cat ran off", "the", 6),  # not the second `the`
            ("a b c", "x y z w v", 0),
            ("um a b c d", "a b", 2),
        ],
    )
    def test_by_hand(self, reference: str, hypothesis: str, lost: int) -> None:
        assert found_lost(reference, hypothesis) == lost

    @given(WORDS, WORDS)
    def test_what_is_lost_is_what_costs_least_to_leave_off(self, reference: list[str], hypothesis: list[str]) -> None:
        def cost(words: list[str], ends: list[list[str]]) -> int:
            return min(sum(edit_counts(end, words)) for end in ends)

        beginnings = [reference[:n] for n in range(len(reference) + 1)]
        endings = [reference[n:] for n in range(len(reference) + 1)]
        costs = [sum(edit_counts(beginning, hypothesis)) for beginning in beginnings]
        inside = [cost(hypothesis[:i], beginnings) + cost(hypothesis[i:], endings) for i in range(len(hypothesis))]
        best = max(end for end, each in enumerate(costs) if each == min(costs))
        expected = 0 if min(inside, default=min(costs)) < min(costs) else len(reference) - best
        assert lost_end(reference, hypothesis) == expected

    def test_a_last_word_that_also_stands_earlier_does_not_hide_a_lost_end(self) -> None:
        said = "ask not what your country can do for you ask what you can do for your country"
        assert found_lost(said, "ask not what your country") == 12

    @given(WORDS)
    def test_nothing_is_lost_of_a_right_answer(self, words: list[str]) -> None:
        assert lost_end(words, words) == 0


class TestTermsAndNumbers:
    @pytest.mark.parametrize(
        ("term", "text", "times"),
        [
            ("new york", "to new york from new york", 2),
            ("new york", "new and york", 0),
            ("a a", "a a a", 1),  # no word twice
            ("", "a", 0),
            ("a", "", 0),
            ("müller", "herr müller", 1),
        ],
    )
    def test_terms(self, term: str, text: str, times: int) -> None:
        assert count_term(term.split(), text.split()) == times

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("", []),
            ("no number", []),
            ("call 555 1234 at 9", ["5551234", "9"]),
            ("call 5551234 at 9", ["5551234", "9"]),
            ("$20 on the 3rd", ["$20", "3rd"]),
            ("١٢ and ५", ["١٢", "५"]),
            ("x² is none", []),
        ],
    )
    def test_numbers(self, text: str, found: list[str]) -> None:
        assert numbers(text.split()) == found

    @pytest.mark.parametrize(
        ("expected", "found", "right"),
        [("", "", 0), ("5 6", "5 6", 2), ("5 6", "6 5", 1), ("5 6", "6", 1), ("5 5", "5", 1), ("5", "1 5 5", 1)],
    )
    def test_in_order(self, expected: str, found: str, right: int) -> None:
        assert in_order(expected.split(), found.split()) == right

    @given(WORDS, WORDS)
    def test_in_order_is_bounded_and_the_same_both_ways(self, one: list[str], other: list[str]) -> None:
        assert in_order(one, other) == in_order(other, one) <= min(len(one), len(other))
        assert in_order(one, one) == len(one)


class TestSlices:
    @pytest.mark.parametrize(
        ("value", "edges", "unit", "name"),
        [
            (-3.0, SNR_EDGES_DB, "dB", "below 0 dB"),
            (0.0, SNR_EDGES_DB, "dB", "0 to 5 dB"),
            (19.9, SNR_EDGES_DB, "dB", "10 to 20 dB"),
            (20.0, SNR_EDGES_DB, "dB", "20 dB or more"),
            (0.0, DURATION_EDGES_S, "s", "below 2 s"),
            (31.0, DURATION_EDGES_S, "s", "30 s or more"),
        ],
    )
    def test_bands(self, value: float, edges: tuple[float, ...], unit: str, name: str) -> None:
        assert band(value, edges, unit) == name

    def test_what_is_not_known_has_no_part(self) -> None:
        made = utterance().model_copy(update={"language": "en", "audio_s": 3.0})
        own = {"speaker": None, "language": "en", "kind": None, "snr": None, "duration": "2 to 5 s"}
        assert values(made) == own
        # What the data set says besides; its own columns don't stand in for those that every set has.
        told = made.model_copy(update={"attributes": {"accent": "scots", "language": "de"}})
        assert values(told) == {**own, "accent": "scots"}
