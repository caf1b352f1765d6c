"""Folding of inserted words: loops stand once with their number, long runs are cut, everything else stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modellab.core.metrics.asr import Pair
from pytest_modellab.core.metrics.loops import MOST_WORDS, folded, folded_words


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("", []),
        ("a b", ["a", "b"]),
        ("a a", ["a", "a"]),
        ("a a a", ["a x3"]),
        ("i w " * 58, ["i w x58"]),
        ("so a b a b a b end", ["so", "a b x3", "end"]),
        ("a b c d " * 5 + "a b", ["a b c d x5", "a", "b"]),
        (" ".join(f"w{i}" for i in range(20)), [*(f"w{i}" for i in range(12)), "... 8 words"]),
    ],
)
def test_words_in_a_row(words: str, shown: list[str]) -> None:
    assert folded_words(words.split()) == shown


def test_insertions_alone_are_folded() -> None:
    hits: list[Pair] = [("hit", "a", "a")] * 4
    deleted: list[Pair] = [("del", "b", None)] * 4
    inserted: list[Pair] = [("ins", None, "c")] * 4
    assert folded([*hits, *inserted, *deleted]) == [*hits, ("ins", None, "c x4"), *deleted]


@given(st.lists(st.sampled_from("ab"), max_size=80))
def test_no_word_is_lost_in_a_loop(words: list[str]) -> None:
    told: list[str] = []
    for text in folded_words(words):
        if text.startswith("... "):
            return
        phrase, _, times = text.partition(" x")
        told += phrase.split() * int(times or 1)
    assert told == words


@given(st.lists(st.text("abc", min_size=1, max_size=2), max_size=200))
def test_what_is_shown_of_no_loop_is_bounded(words: list[str]) -> None:
    assert sum(" x" not in text for text in folded_words(words)) <= MOST_WORDS + 1
