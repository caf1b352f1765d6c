"""Limits judged by intervals: fail and pass where the data say so, inconclusive where they don't."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from pytest_modellab.core.stats.evidence import fewest_values, holm, units_needed, weigh, weigh_quantile
from pytest_modellab.core.stats.intervals import (
    Interval,
    error_rate_interval,
    mean_interval,
    proportion_interval,
    student_t_interval,
    time_ratio_interval,
)


class TestWeigh:
    def test_an_error_rate_is_held_against_a_bound_by_t_on_the_log_scale(self) -> None:
        errors, words = [1, 0, 2, 0, 1, 3, 2, 1], [10, 12, 9, 11, 10, 8, 12, 10]
        interval = error_rate_interval(errors, words, [None] * 8)
        assert interval is not None
        value = sum(errors) / sum(words)
        df = sum(words) ** 2 / sum(n * n for n in words) - 1
        error = math.log(interval.high / value) / stats.t.ppf(0.975, df)
        for bound in (0.05, 0.1, value, 0.2, 0.4):
            expected = stats.t.sf(math.log(value / bound) / error, df)
            assert weigh(value, interval, bound).above == pytest.approx(expected, abs=1e-9)

    def test_the_ends_of_an_interval_are_where_the_p_value_is_its_tail(self) -> None:
        interval = error_rate_interval([1, 0, 2, 0, 1, 3], [10] * 6, [None] * 6)
        assert interval is not None
        assert weigh(7 / 60, interval, interval.low).above == pytest.approx(0.025)
        assert weigh(7 / 60, interval, interval.high).below == pytest.approx(0.025)

    @pytest.mark.parametrize(("successes", "trials"), [(90, 100), (0, 5), (5, 5), (58, 58), (3, 7)])
    def test_a_proportion_agrees_with_the_exact_test(self, successes: int, trials: int) -> None:
        interval = proportion_interval(successes, trials)
        assert interval is not None
        found = weigh(successes / trials, interval, 0.95)
        assert found.below == pytest.approx(stats.binomtest(successes, trials, 0.95, "less").pvalue, abs=1e-9)
        assert found.above == pytest.approx(stats.binomtest(successes, trials, 0.95, "greater").pvalue, abs=1e-9)

    def test_a_mean_agrees_with_students_test(self) -> None:
        scores = np.random.default_rng(4).normal(3.4, 0.4, 12)
        interval = student_t_interval(scores.tolist())
        assert interval is not None
        expected = stats.ttest_1samp(scores, 3.5, alternative="less").pvalue
        assert weigh(float(scores.mean()), interval, 3.5).below == pytest.approx(expected)

    def test_the_ends_of_a_skewed_mean_are_its_tails(self) -> None:
        interval = mean_interval([4.5, 4.6, 4.4, 4.6, 4.5, 2.1])
        assert interval is not None
        mean = (4.5 + 4.6 + 4.4 + 4.6 + 4.5 + 2.1) / 6
        assert weigh(mean, interval, interval.low).above == pytest.approx(0.025)
        assert weigh(mean, interval, interval.high).below == pytest.approx(0.025)
        assert weigh(mean, interval, mean).above == pytest.approx(0.5)

    def test_a_proportion_of_an_older_record_is_weighed_as_ever(self) -> None:
        older = Interval(0.8, 0.95, "Wilson", 100)
        assert weigh(0.9, older, 0.95).below == pytest.approx(stats.binomtest(90, 100, 0.95, "less").pvalue, abs=1e-9)

    def test_one_counter_example_refutes_always(self) -> None:
        interval = proportion_interval(99, 100)
        assert interval is not None
        assert weigh(0.99, interval, 1.0).below == 0
        assert weigh(0.99, interval, 1.0).above == 1

    def test_no_errors_speak_for_a_bound_as_the_rule_of_three_says(self) -> None:
        interval = error_rate_interval([0] * 10, [30] * 10, [None] * 10)
        assert interval is not None
        assert weigh(0.0, interval, 0.01).below == pytest.approx(0.99**10)
        assert weigh(0.0, interval, 0.01).above == 1

    def test_the_ends_of_a_ratio_of_times_are_its_tails(self) -> None:
        random = np.random.default_rng(0)
        audio = random.uniform(2, 9, 60)
        spent = audio * random.lognormal(-2, 0.2, 60)
        interval = time_ratio_interval(spent.tolist(), audio.tolist())
        assert interval is not None
        rtf = float(spent.sum() / audio.sum())
        assert weigh(rtf, interval, interval.low).above == pytest.approx(0.025)

    @pytest.mark.parametrize(("n", "passes"), [(10, False), (58, False), (59, True)])
    def test_a_95th_percentile_keeps_within_a_bound_from_59_values_on(self, n: int, passes: bool) -> None:
        found = weigh_quantile([0.1] * n, 0.95, 0.2)
        assert (found.below <= 0.05) is passes
        assert fewest_values(0.95) == 59

    def test_ten_values_can_say_that_it_is_beyond(self) -> None:
        assert weigh_quantile([0.1] * 6 + [0.3] * 4, 0.95, 0.2).above < 0.01
        assert weigh_quantile([0.1] * 9 + [0.3], 0.95, 0.2).above > 0.05

    def test_a_quantile_at_its_bound_passes_once_in_twenty_whatever_the_distribution(self) -> None:
        random = np.random.default_rng(6)
        for n in (10, 60, 200):
            runs = [weigh_quantile(random.exponential(1, n).tolist(), 0.95, math.log(20)) for _ in range(1000)]
            assert np.mean([run.below <= 0.05 for run in runs]) <= 0.07
            assert np.mean([run.above <= 0.05 for run in runs]) <= 0.07

    def test_a_bound_of_zero_is_passed_by_any_error(self) -> None:
        interval = Interval(0.05, 0.2, "linearised cluster t on log", 10)
        assert weigh(0.1, interval, 0.0).above == 0

    def test_an_interval_without_width_decides_at_once(self) -> None:
        interval = Interval(0.1, 0.1, "percentile bootstrap", 10)
        assert [weigh(0.1, interval, bound).above for bound in (0.05, 0.1, 0.2)] == [0.0, 0.5, 1.0]


def test_the_number_of_units_that_would_tell_is_about_right() -> None:
    """Growing the data by that factor narrows the one-sided bound to the limit."""
    interval = Interval(0.06, 0.135, "linearised cluster t on log", 40)
    needed = units_needed(0.09, interval, 0.1)
    assert needed is not None
    shrunk = math.log(0.135 / 0.06) / 2 / stats.t.ppf(0.975, 39) * 1.645 * math.sqrt(40 / needed)
    assert shrunk == pytest.approx(math.log(0.1 / 0.09), rel=0.02)


def test_so_it_is_of_a_mean_whose_interval_begins_below_0() -> None:
    interval = Interval(-0.05, 0.45, "Student's t", 10, df=2.5)
    needed = units_needed(0.2, interval, 0.35)
    assert needed == pytest.approx((1.645 * 0.25 / stats.t.ppf(0.975, 2.5) / 0.15) ** 2 * 10, abs=1)
    assert units_needed(0.2, interval, 0.2) is None


@pytest.mark.parametrize(
    ("value", "method", "n", "bound"),
    [(0.0, "rule of three", 30, 0.05), (0.0, "exact", 10, 0.1), (1.0, "exact", 20, 0.95)],
)
def test_where_nothing_failed_so_many_would_have_to_do_as_well(value: float, method: str, n: int, bound: float) -> None:
    low, high = (0.0, 1 - 0.05 ** (1 / n)) if value == 0 else (0.05 ** (1 / n), 1.0)
    needed = units_needed(value, Interval(low, high, method, n), bound)
    good = 1 - bound if value == 0 else bound
    assert needed is not None
    assert good**needed <= 0.05 < good ** (needed - 1)


def test_holm_rejects_step_by_step() -> None:
    assert holm({"a": 0.01, "b": 0.02, "c": 0.04}) == {"a", "b", "c"}
    assert holm({"a": 0.01, "b": 0.03, "c": 0.04}) == {"a"}
    assert holm({"a": 0.02, "b": 0.03, "c": 0.2}) == set()
    assert holm({}) == set()
