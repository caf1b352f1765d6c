"""Intervals against scipy and against figures worked out by hand; their coverage is simulated in benchmarks/."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from pytest_modellab.metrics.intervals import (
    error_rate_interval,
    quantile_bootstrap_interval,
    ratio_bootstrap_interval,
    wilson_interval,
)
from pytest_modellab.metrics.student_t import student_t_quantile


@pytest.mark.parametrize("df", [1, 2, 3, 4.5, 10, 37, 500, 10_000])
@pytest.mark.parametrize("p", [0.025, 0.2, 0.5, 0.9, 0.975, 0.9999])
def test_students_t_is_that_of_scipy(p: float, df: float) -> None:
    assert student_t_quantile(p, df) == pytest.approx(stats.t.ppf(p, df), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("successes", "trials"), [(0, 5), (3, 7), (5, 5), (997, 1000)])
def test_wilson_is_that_of_scipy(successes: int, trials: int) -> None:
    expected = stats.binomtest(successes, trials).proportion_ci(method="wilson")
    found = wilson_interval(successes, trials)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert wilson_interval(0, 0) is None


class TestErrorRate:
    def test_it_is_the_linearised_variance_on_the_log_scale(self) -> None:
        errors, words = np.array([1, 0, 2, 0, 1, 3]), np.array([10, 12, 9, 11, 10, 8])
        found = error_rate_interval(errors.tolist(), words.tolist(), list("abcdef"))
        rate = errors.sum() / words.sum()
        deviations = errors - rate * words
        error = math.sqrt(6 / 5 * (deviations**2).sum()) / words.sum() / rate
        spread = math.exp(stats.t.ppf(0.975, 5) * error)
        assert found is not None
        assert (found.low, found.high) == pytest.approx((rate / spread, rate * spread))
        assert (found.clusters, found.conditional) == (6, "")

    def test_utterances_of_a_speaker_count_as_one(self) -> None:
        alone = error_rate_interval([1, 0, 2, 0, 1], [9, 8, 7, 6, 5], list("abcde"))
        split = error_rate_interval([1, 0, 0, 2, 0, 0, 1], [5, 4, 8, 7, 3, 3, 5], list("aabcdde"))
        assert alone == split

    def test_correlated_errors_widen_it(self) -> None:
        errors, words = [0, 0, 0, 5, 5, 5] * 5, [10] * 30
        speakers = [f"{block}{hard}" for block in range(5) for hard in "eeehhh"]
        by_speaker = error_rate_interval(errors, words, speakers)
        independent = error_rate_interval(errors, words, [None] * 30)
        assert by_speaker is not None
        assert independent is not None
        assert by_speaker.high - by_speaker.low > independent.high - independent.low

    @pytest.mark.parametrize(
        ("speakers", "said"),
        [
            (["a"] * 6, "conditional on 1 speaker"),
            (["a", "a", "b", "b", "b", "b"], "conditional on 2 speakers"),
            ([None] * 6, ""),
            (list("abcdef"), ""),
        ],
    )
    def test_few_speakers_make_it_conditional_on_them(self, speakers: list[str | None], said: str) -> None:
        found = error_rate_interval([1, 0, 2, 0, 1, 3], [10] * 6, speakers)
        assert found is not None
        assert (found.conditional, found.clusters) == (said, 6)

    def test_no_errors_leave_a_bound_and_not_zero_width(self) -> None:
        found = error_rate_interval([0] * 10, [30] * 10, [None] * 10)
        assert found is not None
        assert found.low == 0
        assert found.high == pytest.approx(3 / 300, rel=0.01)
        assert found.method == "rule of three"

    @pytest.mark.parametrize(("errors", "words"), [([], []), ([1], [10]), ([0, 1], [0, 0])])
    def test_there_is_none_where_there_is_nothing_to_estimate_from(self, errors: list[int], words: list[int]) -> None:
        assert error_rate_interval(errors, words, [None] * len(errors)) is None

    def test_a_rate_that_one_utterance_made_stays_finite(self) -> None:
        found = error_rate_interval([50, 0], [1, 100], [None, None])
        assert found is not None
        assert math.isfinite(found.high)


class TestBootstrap:
    def test_a_ratio_agrees_with_a_plain_loop(self) -> None:
        random = np.random.default_rng(1)
        audio = random.uniform(1, 10, 40)
        spent = audio * 0.1 + random.normal(0, 0.05, 40) ** 2
        found = ratio_bootstrap_interval(spent.tolist(), audio.tolist())
        draws = [random.integers(0, 40, 40) for _ in range(4000)]
        low, high = np.quantile([spent[d].sum() / audio[d].sum() for d in draws], [0.025, 0.975])
        assert found is not None
        assert (found.low, found.high) == pytest.approx((low, high), rel=0.03)

    def test_a_quantile_agrees_with_scipy(self) -> None:
        values = np.random.default_rng(2).lognormal(0, 0.5, 200)
        found = quantile_bootstrap_interval(values.tolist(), 0.5)
        expected = stats.bootstrap((values,), np.median, method="percentile", n_resamples=4000, rng=3)
        assert found is not None
        assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval), rel=0.05)

    def test_the_same_data_give_the_same_interval(self) -> None:
        values = [0.1, 0.4, 0.2, 0.9, 0.3]
        assert quantile_bootstrap_interval(values, 0.95) == quantile_bootstrap_interval(values, 0.95)

    def test_one_value_has_no_interval(self) -> None:
        assert quantile_bootstrap_interval([1.0], 0.5) is None
        assert ratio_bootstrap_interval([1.0], [2.0]) is None
