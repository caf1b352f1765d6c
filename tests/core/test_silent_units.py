"""Clips without reference words and without errors tell nothing of an error rate: a set isn't larger by them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pytest_modellab.core.stats.intervals import error_rate_interval, time_ratio_interval
from pytest_modellab.core.stats.paired import compare
from pytest_modellab.core.stats.pooled import jackknife_interval, pooled_quantile_interval
from pytest_modellab.core.stats.strata import stratified_rate_interval

SILENT = 94


@pytest.mark.parametrize(("errors", "words"), [([0] * 6, [10] * 6), ([1, 0, 2, 0, 1, 3], [9, 10, 12, 8, 11, 10])])
@pytest.mark.parametrize("names", [[None] * 6, list("aabbcc"), list("abcdef")])
def test_an_error_rate_has_the_interval_that_it_has_without_them(
    errors: list[int], words: list[int], names: list[str | None]
) -> None:
    alone = error_rate_interval(errors, words, names)
    assert alone is not None
    assert error_rate_interval(errors + [0] * SILENT, words + [0] * SILENT, names + [None] * SILENT) == alone
    both = [["x"] * 6, ["x"] * (6 + SILENT)]
    assert stratified_rate_interval(errors, words, names, both[0]) == stratified_rate_interval(
        errors + [0] * SILENT, words + [0] * SILENT, names + [None] * SILENT, both[1]
    )


def test_words_invented_in_silence_count() -> None:
    errors, words = [1, 0, 2, 0, 1, 3], [10] * 6
    without, invented = (error_rate_interval(errors + more, [*words, 0], [None] * 7) for more in ([0], [4]))
    assert without is not None
    assert invented is not None
    assert invented.high > without.high


def test_five_clips_with_words_are_needed() -> None:
    assert error_rate_interval([1, 0, 0, 0, 0], [10, 0, 0, 0, 0], [None] * 5) is None
    assert error_rate_interval([1, 2, 2, 1, 0], [10, 0, 0, 0, 0], [None] * 5) is None
    assert time_ratio_interval([1.0] * 5, [2.0, 2.0, 2.0, 2.0, 0.0]) is None


def test_a_comparison_is_that_of_the_clips_with_words() -> None:
    def told(silent: int, **given: Any) -> Any:
        first, second = given["first"] + [0] * silent, given["second"] + [0] * silent
        return compare(first, second, [10] * len(given["first"]) + [0] * silent, [None] * len(first))

    same = {"first": [1, 0, 2, 0, 1, 3], "second": [1, 0, 2, 0, 1, 3]}
    assert told(SILENT, **same) == told(0, **same)
    worse = {"first": [0, 0, 0, 0], "second": [3, 2, 4, 3]}
    assert told(1, **worse) == told(0, **worse)
    assert told(1, **worse).low is None


def test_lists_that_are_empty_are_none_of_the_five() -> None:
    few = [np.array([0.1, 0.2, 0.5])] * 4 + [np.array([])] * SILENT
    assert pooled_quantile_interval(few, [None] * len(few), 0.5) is None
    assert jackknife_interval(lambda several: float(np.mean(np.concatenate(several))), few, [None] * len(few)) is None


@pytest.mark.parametrize("silent", [90, 290])
def test_words_invented_in_silence_lend_no_margin(silent: int) -> None:
    errors, words = [1, 0, 2, 0, 1, 0, 0, 1, 0, 0], [10] * 10
    alone = compare(errors, errors, words, [None] * 10)
    both = errors + [1] * silent
    found = compare(both, both, words + [0] * silent, [None] * (10 + silent))
    assert alone is not None
    assert found is not None
    assert found.at_most == alone.at_most
    assert (found.low, found.high, found.detectable) == (alone.low, alone.high, None)
