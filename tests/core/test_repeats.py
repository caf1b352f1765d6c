"""Texts that are said more than once as a whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modellab.core.metrics.hidden_errors import times_said

WORDS = st.lists(st.sampled_from(["a", "the", "no", "call", "me", "back", "猫"]), min_size=3, max_size=30)
OTHERS = st.lists(st.sampled_from(["um", "well", "so", "犬"]), max_size=60)


@given(WORDS, st.integers(2, 8))
def test_any_text_that_is_said_again_is_found(words: list[str], times: int) -> None:
    assert times_said(words, words * times) > 1


@given(WORDS)
def test_a_text_that_repeats_itself_is_said_once(words: list[str]) -> None:
    assert times_said(words, words) == 1
    assert times_said(words * 2, words * 2) == 1
    assert times_said(words * 4, words * 4) == 1


@given(WORDS, OTHERS, st.randoms(use_true_random=False))
def test_other_words_put_in_anywhere_are_no_repetition(words: list[str], others: list[str], random: object) -> None:
    heard = list(words)
    for other in others:
        heard.insert(random.randint(0, len(heard)), other)  # type: ignore[attr-defined]
    assert times_said(words, heard) == 1


@given(WORDS, st.data())
def test_up_to_half_of_it_put_in_is_no_repetition(words: list[str], data: st.DataObject) -> None:
    heard = list(words)
    for other in data.draw(st.lists(st.sampled_from(words), max_size=len(words) // 2)):
        heard.insert(data.draw(st.integers(0, len(heard))), other)
    assert times_said(words, heard) == 1


@given(WORDS, WORDS)
def test_of_what_is_shorter_than_the_text_and_a_half_nothing_is_said(words: list[str], heard: list[str]) -> None:
    if 2 * len(heard) <= 3 * len(words):
        assert times_said(words, heard) == 1


@pytest.mark.parametrize(
    ("text", "heard", "times"),
    [
        ("call me back", "call me back call me back", 2),
        ("call me back", "call me back call be back", 2),
        ("call me back", "call me back me back", 2),
        ("call me back", "call me back back", 1),
        ("call me back", "call me back call me back call me back", 3),
        ("red lorry yellow lorry red lorry yellow lorry", "red lorry yellow lorry red lorry yellow lorry", 1),
        ("the bridge was closed for repairs", "the bridge was closed for repairs was closed for repairs", 2),
        ("the bridge was closed for repairs", "the bridge was closed for repairs for repairs", 1),
        ("the bridge was closed for repairs", "the bridge was closed for repairs and now for something else", 1),
        ("one two", "one two one two", 1),
        ("", "one two one two", 1),
        ("one two three", "", 1),
    ],
)
def test_what_counts_as_said_again(text: str, heard: str, times: int) -> None:
    assert times_said(text.split(), heard.split()) == times


def test_a_hallucination_takes_no_time() -> None:
    assert times_said(["a", "b", "c"], ["thanks"] * 100_000) == 1
