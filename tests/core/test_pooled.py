"""Figures over things that come several to an utterance: medians, calibration, and their intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pytest_modellab.core.metrics.aggregate import Column
from pytest_modellab.core.metrics.pooled import (
    CalibrationError,
    NormalizedCrossEntropy,
    PooledQuantile,
    normalized_cross_entropy,
    reliability,
)
from pytest_modellab.core.stats.pooled import jackknife_interval, pooled_quantile_interval

MEDIAN = PooledQuantile(0.5)


def column(*lists: list[float], speakers: list[str | None] | None = None) -> Column:
    sums, lengths = np.array([sum(each) for each in lists]), np.array([float(len(each)) for each in lists])
    return Column(np.arange(len(lists)), sums, lengths, speakers or [None] * len(lists), lists=lists)


class TestMedian:
    def test_it_is_of_all_values_together_and_not_of_utterances(self) -> None:
        found = column([1.0, 1.0, 1.0, 1.0, 1.0], [9.0], [9.0])
        assert MEDIAN.value(found) == 1.0

    def test_without_values_there_is_none(self) -> None:
        assert MEDIAN.value(column()) is None
        assert MEDIAN.interval(column()) is None

    def test_a_part_of_a_column_keeps_its_lists(self) -> None:
        found = column([1.0], [2.0, 4.0], [8.0]).at(np.array([False, True, True]))
        assert MEDIAN.value(found) == 4.0
        assert found.lists == [[2.0, 4.0], [8.0]]

    def test_the_interval_holds_the_median(self) -> None:
        random = np.random.default_rng(1)
        found = column(*(random.lognormal(0, 0.5, 8).tolist() for _ in range(40)))
        interval, value = MEDIAN.interval(found), MEDIAN.value(found)
        assert interval is not None
        assert value is not None
        assert interval.low < value < interval.high
        assert interval.high / interval.low < 1.5

    def test_utterances_that_differ_as_wholes_widen_it(self) -> None:
        random = np.random.default_rng(2)
        alike = [random.normal(1, 0.2, 10) for _ in range(30)]
        apart = [values + shift for values, shift in zip(alike, random.normal(0, 1, 30), strict=True)]
        clusters: list[str | None] = [None] * 30
        narrow, wide = (pooled_quantile_interval(each, clusters, 0.5) for each in (alike, apart))
        assert narrow is not None
        assert wide is not None
        assert wide.high - wide.low > 3 * (narrow.high - narrow.low)

    @pytest.mark.parametrize("lists", [[[1.0]] * 4, [[1.0]] * 50])
    def test_too_few_utterances_or_no_variation_has_none(self, lists: list[list[float]]) -> None:
        assert MEDIAN.interval(column(*lists)) is None

    def test_few_speakers_are_a_condition(self) -> None:
        random = np.random.default_rng(3)
        found = column(*(random.normal(1, 0.2, 10).tolist() for _ in range(30)), speakers=["a", "b"] * 15)
        interval = MEDIAN.interval(found)
        assert interval is not None
        assert interval.conditional == "conditional on 2 speakers"


class TestCalibration:
    def test_probabilities_that_hold_have_no_error(self) -> None:
        # Of ten words at 0.8 eight are right, of ten at 0.5 five.
        right = [(0.8, 1.0)] * 8 + [(0.8, 0.0)] * 2 + [(0.5, 1.0)] * 5 + [(0.5, 0.0)] * 5
        found = column([number for pair in right for number in pair])
        assert CalibrationError().value(found) == pytest.approx(0.0, abs=1e-12)

    def test_too_sure_by_a_fixed_amount(self) -> None:
        found = column([0.9, 1.0, 0.9, 0.0])
        assert CalibrationError().value(found) == pytest.approx(0.4)
        assert not CalibrationError().has_interval

    def test_the_diagram_has_a_bin_for_each_band_with_words(self) -> None:
        bins = reliability(np.array([(0.05, 0.0), (1.0, 1.0), (0.95, 1.0), (0.95, 0.0)]))
        assert [(each.words, each.right) for each in bins] == [(1, 0.0), (3, pytest.approx(2 / 3))]

    def test_without_words_there_is_none(self) -> None:
        assert CalibrationError().value(column()) is None
        assert NormalizedCrossEntropy().value(column([])) is None


class TestNormalizedCrossEntropy:
    def test_the_share_of_right_words_as_every_probability_tells_nothing(self) -> None:
        assert normalized_cross_entropy([np.array([(0.75, 1.0)] * 3 + [(0.75, 0.0)])]) == pytest.approx(0.0)

    def test_certainty_that_is_always_right_is_nearly_one(self) -> None:
        found = normalized_cross_entropy([np.array([(1.0, 1.0), (0.0, 0.0)])])
        assert found == pytest.approx(1.0, abs=1e-4)

    def test_certainty_that_is_wrong_is_negative_and_has_a_bound(self) -> None:
        found = normalized_cross_entropy([np.array([(1.0, 0.0), (1.0, 1.0)])])
        assert found is not None
        assert math.isfinite(found)
        assert found < -1

    @pytest.mark.parametrize("right", [0.0, 1.0])
    def test_nothing_to_tell_apart_has_no_value(self, right: float) -> None:
        assert normalized_cross_entropy([np.array([(0.5, right)] * 9)]) is None

    def test_as_defined_by_nist(self) -> None:
        # H_max = -(n log2 p_c + (N - n) log2(1 - p_c)), and the sum of log2 of the probability of what is, over H_max.
        pairs = [(0.9, 1), (0.6, 1), (0.4, 0), (0.7, 0)]
        top = -(2 * math.log2(0.5) + 2 * math.log2(0.5))
        given = sum(math.log2(p if right else 1 - p) for p, right in pairs)
        found = normalized_cross_entropy([np.array(pairs, dtype=np.float64)])
        assert found == pytest.approx((top + given) / top)

    def test_its_interval_holds_it(self) -> None:
        random = np.random.default_rng(4)
        lists = []
        for _ in range(30):
            p = random.uniform(0.3, 1, 10)
            lists.append(np.stack([p, random.random(10) < p], axis=1).reshape(-1).tolist())
        found = column(*lists)
        value, interval = NormalizedCrossEntropy().value(found), NormalizedCrossEntropy().interval(found)
        assert value is not None
        assert interval is not None
        assert interval.low < value < interval.high
        assert interval.method == "jackknife"


class TestJackknife:
    def test_of_a_mean_it_is_students_t(self) -> None:
        from pytest_modellab.core.stats.intervals import student_t_interval

        values = np.random.default_rng(5).normal(2, 1, 12)
        several = [np.array([value]) for value in values]
        found = jackknife_interval(lambda each: float(np.concatenate(each).mean()), several, [None] * 12)
        plain = student_t_interval(values)
        assert found is not None
        assert plain is not None
        assert (found.low, found.high) == pytest.approx((plain.low, plain.high))

    def test_a_statistic_that_needs_every_unit_has_none(self) -> None:
        several = [np.array([1.0])] * 6
        assert jackknife_interval(lambda each: 1.0 if len(each) == 6 else None, several, [None] * 6) is None
        assert jackknife_interval(lambda each: 1.0, several, [None] * 6) is None
        assert jackknife_interval(lambda each: 1.0, several[:4], [None] * 4) is None
