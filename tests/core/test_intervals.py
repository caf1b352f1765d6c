"""Intervals against scipy and against figures worked out by hand; their coverage is simulated in benchmarks/."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from pytest_modellab.core.stats.evidence import weigh
from pytest_modellab.core.stats.intervals import (
    binomial_cdf,
    error_rate_interval,
    mean_interval,
    proportion_interval,
    quantile_interval,
    share_interval,
    student_t_interval,
    time_ratio_interval,
)
from pytest_modellab.core.stats.student_t import beta_quantile, student_t_quantile


@pytest.mark.parametrize("df", [1, 2, 3, 4.5, 10, 37, 500, 10_000])
@pytest.mark.parametrize("p", [0.025, 0.2, 0.5, 0.9, 0.975, 0.9999])
def test_students_t_is_that_of_scipy(p: float, df: float) -> None:
    assert student_t_quantile(p, df) == pytest.approx(stats.t.ppf(p, df), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("successes", "trials"), [(0, 5), (3, 7), (5, 5), (997, 1000)])
def test_a_proportion_is_that_of_scipy(successes: int, trials: int) -> None:
    expected = stats.binomtest(successes, trials).proportion_ci(method="exact")
    found = proportion_interval(successes, trials)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert proportion_interval(0, 0) is None


class TestErrorRate:
    def test_it_is_the_linearised_variance_on_the_log_scale(self) -> None:
        errors, words = np.array([1, 0, 2, 0, 1, 3]), np.array([10, 12, 9, 11, 10, 8])
        found = error_rate_interval(errors.tolist(), words.tolist(), list("abcdef"))
        rate = errors.sum() / words.sum()
        deviations = (errors - rate * words) / (1 - words / words.sum())
        error = math.sqrt((deviations**2).sum()) / words.sum() / rate
        df = words.sum() ** 2 / (words**2).sum() - 1
        spread = math.exp(stats.t.ppf(0.975, df) * error)
        assert found is not None
        assert (found.low, found.high) == pytest.approx((rate / spread, rate * spread))
        assert (found.clusters, found.conditional) == (6, "")
        assert found.df == pytest.approx(df)

    def test_utterances_of_a_speaker_count_as_one(self) -> None:
        alone = error_rate_interval([1, 0, 2, 0, 1], [9, 8, 7, 6, 5], list("abcde"))
        split = error_rate_interval([1, 0, 0, 2, 0, 0, 1], [5, 4, 8, 7, 3, 3, 5], list("aabcdde"))
        assert alone == split

    def test_correlated_errors_widen_it(self) -> None:
        errors, words = [0, 0, 0, 5, 5, 5] * 15, [10] * 90
        speakers = [f"{block}{hard}" for block in range(15) for hard in "eeehhh"]
        by_speaker = error_rate_interval(errors, words, speakers)
        independent = error_rate_interval(errors, words, [None] * 90)
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
        # Of ten utterances so large a share may be wrong in every word.
        assert found.high == pytest.approx(1 - 0.05 ** (1 / 10))
        assert found.method == "rule of three"

    @pytest.mark.parametrize("each", [1, 10, 20])
    def test_the_same_rate_everywhere_leaves_a_width_too(self, each: int) -> None:
        found = error_rate_interval([each] * 6, [10] * 6, [None] * 6)
        assert found is not None
        assert 0 < found.low < each / 10 < found.high

    @pytest.mark.parametrize(("errors", "words"), [([], []), ([1, 0, 2, 1], [10] * 4), ([0, 1, 0, 0, 0], [0] * 5)])
    def test_there_is_none_where_there_is_nothing_to_estimate_from(self, errors: list[int], words: list[int]) -> None:
        assert error_rate_interval(errors, words, [None] * len(errors)) is None

    def test_a_rate_that_one_utterance_made_keeps_within_sense(self) -> None:
        found = error_rate_interval([50, 0, 0, 0, 0], [1, 100, 100, 100, 100], [None] * 5)
        assert found is not None
        assert found.high < 50 * 50 / 401


class TestTimes:
    def test_a_ratio_agrees_with_a_plain_bootstrap(self) -> None:
        random = np.random.default_rng(1)
        audio = random.uniform(1, 10, 40)
        spent = audio * 0.1 + random.normal(0, 0.05, 40) ** 2
        found = time_ratio_interval(spent.tolist(), audio.tolist())
        draws = [random.integers(0, 40, 40) for _ in range(4000)]
        low, high = np.quantile([spent[d].sum() / audio[d].sum() for d in draws], [0.025, 0.975])
        assert found is not None
        assert (found.low, found.high) == pytest.approx((low, high), rel=0.03)

    def test_times_that_are_all_alike_are_not_known_exactly(self) -> None:
        found = time_ratio_interval([0.1] * 8, [1.0] * 8)
        assert found is not None
        assert found.low < 0.1 < found.high

    def test_four_calls_have_no_interval(self) -> None:
        assert time_ratio_interval([1.0] * 4, [2.0] * 4) is None


class TestQuantiles:
    @pytest.mark.parametrize(("n", "q"), [(72, 0.95), (500, 0.95), (6, 0.5), (40, 0.5), (368, 0.99)])
    def test_the_ends_are_the_order_statistics_between_which_it_lies(self, n: int, q: float) -> None:
        found = quantile_interval([float(i) for i in range(1, n + 1)], q)
        assert found is not None
        # P(the quantile is below the r-th of n values) = P(fewer than r values lie below it).
        assert stats.binom.cdf(found.low - 1, n, q) <= 0.025 < stats.binom.cdf(found.low, n, q)
        assert stats.binom.sf(found.high - 1, n, q) <= 0.025 < stats.binom.sf(found.high - 2, n, q)

    @pytest.mark.parametrize(("n", "q"), [(0, 0.5), (5, 0.5), (71, 0.95), (367, 0.99)])
    def test_with_fewer_values_there_is_none(self, n: int, q: float) -> None:
        assert quantile_interval([float(i) for i in range(n)], q) is None

    def test_nor_of_values_that_are_all_the_same(self) -> None:
        assert quantile_interval([1.0] * 100, 0.5) is None

    def test_the_binomial_is_that_of_scipy(self) -> None:
        assert binomial_cdf(300, 0.95) == pytest.approx(stats.binom.cdf(np.arange(301), 300, 0.95), abs=1e-12)


@pytest.mark.parametrize(("p", "a", "b"), [(0.025, 3, 5), (0.975, 0.7, 19.4), (0.5, 400, 20), (0.9, 1, 1)])
def test_the_beta_quantile_is_that_of_scipy(p: float, a: float, b: float) -> None:
    assert beta_quantile(p, a, b) == pytest.approx(stats.beta.ppf(p, a, b), rel=1e-9)


class TestMean:
    def test_of_scores_that_are_all_the_same_there_is_none(self) -> None:
        assert mean_interval([3.0] * 10) is None

    def test_of_symmetric_values_it_is_students(self) -> None:
        scores = [3.0, 3.2, 3.4, 3.6, 3.8]
        found, expected = mean_interval(scores), stats.t.interval(0.95, 4, 3.4, stats.sem(scores))
        assert found is not None
        assert (found.low, found.high) == pytest.approx(expected)

    def test_it_reaches_further_where_a_tail_is(self) -> None:
        scores = [4.5, 4.6, 4.4, 4.6, 4.5, 2.1]
        found, plain = mean_interval(scores), student_t_interval(scores)
        assert found is not None
        assert plain is not None
        assert found.low < plain.low
        assert found.high == plain.high

    @pytest.mark.parametrize("n", [5, 20, 100])
    def test_it_covers_scores_that_crowd_near_the_top(self, n: int) -> None:
        random = np.random.default_rng(n)
        covered = {mean_interval: 0, student_t_interval: 0}
        for _ in range(1000):
            scores = 5 - 0.5 * random.lognormal(-0.125, 0.5, n)
            for method in covered:
                found = method(scores)
                covered[method] += found is not None and found.low <= 4.5 <= found.high
        assert covered[mean_interval] >= 930
        assert covered[mean_interval] >= covered[student_t_interval]

    def test_of_what_rarely_happens_it_takes_five(self) -> None:
        assert mean_interval([0.0] * 96 + [0.1, 0.4, 0.2, 0.7]) is None
        assert mean_interval([0.0] * 95 + [0.1, 0.4, 0.2, 0.7, 0.3]) is not None
        assert mean_interval([0.0, 0.0, 0.1, 0.4]) is not None  # no value is most of them

    def test_it_covers_stalls(self) -> None:
        random = np.random.default_rng(0)
        told = covered = 0
        for _ in range(1000):
            found = mean_interval((random.random(100) < 0.2) * random.lognormal(-0.5, 1, 100))
            told += found is not None
            covered += found is not None and found.low <= 0.2 <= found.high
        assert covered >= 0.93 * told
        assert told >= 990


class TestShares:
    @pytest.mark.parametrize(("n", "share"), [(5, 0.02), (5, 0.1), (20, 0.02), (100, 0.9), (20, 0.98)])
    def test_they_are_covered_near_0_and_1(self, n: int, share: float) -> None:
        counts = np.arange(n + 1)
        intervals = [proportion_interval(int(k), n) for k in counts]
        held = [each is not None and each.low <= share <= each.high for each in intervals]
        assert stats.binom.pmf(counts, n, share)[held].sum() >= 0.95

    @pytest.mark.parametrize("speakers", [5, 10])
    def test_of_few_speakers_they_are_covered(self, speakers: int) -> None:
        random = np.random.default_rng(speakers)
        covered = 0
        names = [str(i % speakers) for i in range(100)]
        for _ in range(500):
            of_speaker = random.beta(9, 1, speakers)  # their mean is 0.9
            counts = random.binomial(2, of_speaker[np.arange(100) % speakers])
            found = share_interval(counts, [2] * 100, names)
            covered += found is not None and found.low <= 0.9 <= found.high
        assert covered >= 465

    def test_one_error_of_one_speaker_is_no_better_than_none(self) -> None:
        names = [f"s{i % 5}" for i in range(1000)]
        none, one = (share_interval([more, *[0] * 999], [1] * 1000, names) for more in (0, 1))
        assert none is not None
        assert one is not None
        assert one.high >= none.high
        assert weigh(0.001, one, 0.02).below > 0.05

    def test_nor_is_one_miss_worse_than_none(self) -> None:
        names = [f"s{i % 5}" for i in range(1000)]
        all_found, one_missed = (share_interval([1 - less, *[1] * 999], [1] * 1000, names) for less in (0, 1))
        assert all_found is not None
        assert one_missed is not None
        assert one_missed.low <= all_found.low
