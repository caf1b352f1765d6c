"""The tests that a comparison makes, against what is known of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pytest_modellab.core.stats.intervals import (
    Interval,
    mean_interval,
    proportion_interval,
    quantile_interval,
    time_ratio_interval,
)
from pytest_modellab.reports.comparison.statistics import beyond, of_intervals, of_means, of_quantiles


def test_means_are_compared_by_the_paired_t_test() -> None:
    random = np.random.default_rng(3)
    before = random.normal(4.0, 0.3, 25)
    after = before + random.normal(0.1, 0.2, 25)
    found = of_means(before.tolist(), after.tolist(), [None] * len(before))
    expected = stats.ttest_rel(after, before)
    low, high = expected.confidence_interval(0.95)
    assert found is not None
    assert (2 * found.p, found.low, found.high) == pytest.approx((expected.pvalue, low, high))


def test_differences_that_cluster_are_those_of_their_speakers() -> None:
    speakers = [f"s{i}" for i in range(8) for _ in range(6)]
    differences = np.random.default_rng(5).normal(0.1, 0.2, 8)
    before = np.zeros(48)
    after = before + np.repeat(differences, 6)
    found = of_means(before, after, speakers)
    alone = of_means(np.zeros(8), differences, [None] * 8)
    assert found is not None
    assert alone is not None
    assert (found.change, found.low, found.high, found.p) == pytest.approx(
        (alone.change, alone.low, alone.high, alone.p)
    )


@pytest.mark.parametrize(("before", "after"), [([], []), ([1.0], [2.0])])
def test_one_pair_says_nothing_of_means(before: list[float], after: list[float]) -> None:
    assert of_means(before, after, [None] * len(before)) is None


def test_differences_that_are_all_alike_have_no_interval() -> None:
    assert of_means([1.0, 2.0], [1.0, 2.0], [None, None]) is None
    assert of_means([1.0, 2.0], [1.5, 2.5], [None, None]) is None


def test_out_of_wilsons_intervals_it_is_newcombes_of_two_shares() -> None:
    # Newcombe 1998, "Interval estimation for the difference between independent proportions", method 10, (a).
    first, second = (
        Interval(found.low, found.high, "Wilson", n)
        for k, n in ((48, 80), (56, 70))
        for found in [stats.binomtest(k, n).proportion_ci(method="wilson")]
    )
    found = of_intervals(48 / 80, first, 56 / 70, second)
    assert (found.change, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)
    assert 0.001 < found.p < 0.05


@pytest.mark.parametrize("after", [40, 48, 55, 62, 75])
def test_the_p_value_agrees_with_the_interval(after: int) -> None:
    first, second = proportion_interval(48, 80), proportion_interval(after, 80)
    assert first is not None
    assert second is not None
    there, back = of_intervals(0.6, first, after / 80, second), of_intervals(after / 80, second, 0.6, first)
    assert (there.p <= 0.025) == (there.low > 0 or there.high < 0)
    assert (there.change, there.low, there.p) == pytest.approx((-back.change, -back.high, back.p))


def test_of_independent_sets_that_are_alike_few_are_told_apart() -> None:
    random = np.random.default_rng(11)
    alarms = 0
    for _ in range(400):
        a, b = (random.normal(0, 1, 30) for _ in range(2))
        first, second = mean_interval(a.tolist()), mean_interval(b.tolist())
        assert first is not None
        assert second is not None
        alarms += of_intervals(float(a.mean()), first, float(b.mean()), second).p <= 0.025
    assert alarms <= 36  # 20 expected at most; more has a chance under one in a thousand


def test_a_time_ratio_is_held_against_the_tripwire_on_either_side() -> None:
    random = np.random.default_rng(5)
    old = random.gamma(20, 0.01, 40)
    for factor, told in ((1.0, False), (1.25, False), (1.6, True), (0.8, False), (0.5, True)):
        new = factor * old * random.normal(1, 0.05, 40)
        interval = time_ratio_interval(new.tolist(), old.tolist())
        assert interval is not None
        assert (beyond(float(new.sum() / old.sum()), interval, 0.3) < 0.01) is told


def test_a_percentile_is_rarely_called_slower_where_it_is_so_by_the_tripwire() -> None:
    random = np.random.default_rng(3)
    alarms = found_slower = 0
    for _ in range(200):
        sides = [random.lognormal(0, 0.4, 120) * factor for factor in (1, 1.3, 3)]
        intervals = [quantile_interval(each, 0.95) for each in sides]
        values = [float(np.quantile(each, 0.95)) for each in sides]
        first, at_the_tripwire, far = intervals
        assert first is not None
        assert at_the_tripwire is not None
        assert far is not None
        found = of_quantiles(values[0], first, values[1], at_the_tripwire, 0.3)
        beyond_doubt = of_quantiles(values[0], first, values[2], far, 0.3)
        assert found is not None
        assert beyond_doubt is not None
        assert found.low < found.change < found.high
        alarms += found.p <= 0.05
        found_slower += beyond_doubt.p <= 0.05
    assert alarms <= 20  # 10 expected at most
    assert found_slower >= 190


def test_a_percentile_of_nothing_at_all_has_no_ratio() -> None:
    none = Interval(0.0, 1.0, "order statistics", 80)
    assert of_quantiles(0.5, none, 0.5, none, 0.3) is None
    same = Interval(0.4, 0.6, "order statistics", 80)
    alike = of_quantiles(0.5, same, 0.5, same, 0.3)
    assert alike is not None
    assert (alike.change, alike.p) == (1, 1)
