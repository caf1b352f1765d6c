"""Two sets of answers compared with each other, against what is known of such tests."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.stats.paired import RANKS_WEIGHT, Paired, compare
from pytest_modellab.core.stats.regression import DEFAULT, Allowed, RateChange, change_text, no_worse, within_margin
from pytest_modellab.core.stats.units import FEWEST_PAIRED_CLUSTERS, ratio_variance


def compared(first: list[int], second: list[int], words: int = 10, clusters: list[str] | None = None) -> Paired:
    found = compare(first, second, [words] * len(first), [None] * len(first) if clusters is None else [*clusters])
    assert found is not None
    return found


class TestFlips:
    def test_the_p_value_is_that_of_every_sign_flip_of_both_statistics(self) -> None:
        first, second = [0, 1, 2, 0, 3, 1, 0, 2], [1, 1, 4, 1, 3, 2, 0, 3]
        change = np.array(second) - np.array(first)
        ranks = np.where(change != 0, stats.rankdata(np.where(change == 0, -1, abs(change))) - (change == 0).sum(), 0)
        flips = np.array(list(product((1, -1), repeat=8)))
        tails = [
            np.array([(sums >= each - 1e-9).mean() for each in sums])
            for sums in (flips @ change, flips @ (np.sign(change) * ranks))
        ]
        smaller = np.minimum(tails[0], RANKS_WEIGHT * tails[1])
        expected = (smaller <= smaller[0] + 1e-12).mean()
        found = compared(first, second)
        assert found.p_rise == pytest.approx(expected)
        assert found.p_fall == 1.0
        assert found.difference == pytest.approx(change.sum() / 80)

    def test_random_flips_agree_with_all_of_them(self) -> None:
        random = np.random.default_rng(3)
        first, more = random.poisson(1.0, 13), random.poisson(0.7, 13) - (random.random(13) < 0.3)
        some = compare(first, first + more, [10] * 13, [None] * 13, replicates=20_000)
        # One more that did not change leaves the exact test as it is.
        kept = more.copy()
        kept[0] = 0
        exact = compare(first, first + kept, [10] * 13, [None] * 13)
        sampled = compare(first, first + kept, [10] * 13, [None] * 13, replicates=1)
        assert some is not None
        assert exact is not None
        assert exact == sampled
        assert 0 < some.p_rise < 1

    def test_five_answers_that_all_got_worse_are_significant_and_four_are_not(self) -> None:
        assert compared([0] * 5, [1] * 5).p_rise == pytest.approx(1 / 32)
        assert compared([0] * 4, [1] * 4).p_rise == pytest.approx(1 / 16)
        assert compared([0] * 4, [1] * 4).smallest == pytest.approx(1 / 16)

    def test_five_loops_among_a_hundred_answers_are_seen(self) -> None:
        random = np.random.default_rng(1)
        first, second = random.poisson(0.5, 100), random.poisson(0.5, 100)
        second[:5] += 50
        assert compared(first.tolist(), second.tolist()).p_rise <= 0.05

    def test_many_small_changes_are_seen_beside_a_loop_on_the_other_side(self) -> None:
        first, second = [0] * 60, [1] * 40 + [0] * 20
        first[59] = 30
        assert compared(first, second).p_rise <= 0.05

    def test_swapping_the_two_swaps_rise_and_fall(self) -> None:
        there, back = compared([0, 1, 2, 3, 0], [1, 3, 2, 5, 1]), compared([1, 3, 2, 5, 1], [0, 1, 2, 3, 0])
        assert (there.difference, there.p_rise, there.p_fall) == (-back.difference, back.p_fall, back.p_rise)
        assert there.p == back.p

    @pytest.mark.parametrize("speakers", [None, 5, 50])
    def test_random_label_swaps_raise_few_alarms(self, speakers: int | None) -> None:
        random = np.random.default_rng(7)
        words = random.integers(5, 20, 100)
        pair = np.stack([random.poisson(0.1 * words), random.poisson(0.14 * words)])
        names = [None if speakers is None else str(i % speakers) for i in range(100)]
        alarms = 0
        for _ in range(200):
            swap = random.integers(0, 2, 100)
            first, second = pair[swap, np.arange(100)], pair[1 - swap, np.arange(100)]
            found = compare(first, second, words, names, replicates=400)
            alarms += found is not None and found.p_rise <= 0.05
        assert alarms <= 20  # 10 expected; more than 20 has a chance under one in a thousand

    def test_speakers_are_the_units_where_there_are_enough_of_them(self) -> None:
        change = [1, 0] * 50
        few = compared([0] * 100, change, clusters=[str(i % (FEWEST_PAIRED_CLUSTERS - 1)) for i in range(100)])
        many = compared([0] * 100, change, clusters=[str(i % FEWEST_PAIRED_CLUSTERS) for i in range(100)])
        assert (few.units, few.conditional) == (100, f"conditional on {FEWEST_PAIRED_CLUSTERS - 1} speakers")
        assert (many.units, many.conditional) == (FEWEST_PAIRED_CLUSTERS, "")

    @pytest.mark.parametrize(("errors", "words"), [([], []), ([0, 0], [0, 0])])
    def test_without_words_there_is_no_comparison(self, errors: list[int], words: list[int]) -> None:
        assert compare(errors, errors, words, [None] * len(errors)) is None


class TestBounds:
    def test_the_interval_is_the_linearised_one(self) -> None:
        first, second, words = [0, 1, 2, 0, 3, 1], [1, 1, 4, 1, 2, 2], [9, 8, 11, 10, 12, 9]
        change = np.array(second) - np.array(first)
        found = compare(first, second, words, [None] * 6)
        df = sum(words) ** 2 / sum(n * n for n in words) - 1
        spread = stats.t.ppf(0.975, df) * ratio_variance(change.astype(float), np.array(words, float)) ** 0.5
        assert found is not None
        assert (found.low, found.high) == pytest.approx((found.difference - spread, found.difference + spread))

    def test_a_large_unit_pulls_the_ratio_and_is_corrected_for(self) -> None:
        assert ratio_variance(np.array([1.0, 0, 0]), np.array([8.0, 1, 1])) > 1 / 10**2

    @pytest.mark.parametrize("n", [5, 30, 300])
    def test_answers_that_stay_the_same_leave_what_so_many_cannot_exclude(self, n: int) -> None:
        found = compared([1] * n, [1] * n)
        assert found.at_most == pytest.approx(1 - 0.05 ** (1 / n))
        assert found.low == pytest.approx(-(1 - 0.025 ** (1 / n)))
        assert found.high == pytest.approx(1 - 0.025 ** (1 / n))

    def test_changes_that_are_all_alike_leave_a_width(self) -> None:
        found = compared([0] * 6, [2] * 6)
        assert found.low is not None
        assert found.high is not None
        assert found.low < 0.2 < found.high

    def test_a_change_seen_once_tells_what_the_next_may_cost(self) -> None:
        found = compared([0] * 100, [50] + [0] * 99)
        assert found.at_most == pytest.approx(5 * (1 - 0.05 ** (1 / 100)))

    def test_four_utterances_have_no_bounds(self) -> None:
        found = compared([0] * 4, [1, 0, 2, 0])
        assert (found.low, found.high, found.at_least, found.at_most) == (None, None, None, None)

    def test_what_could_have_been_seen_is_not_said_of_few_nor_of_what_a_few_loops_dominate(self) -> None:
        assert compared([0] * 29, [0] * 29).detectable is None
        assert compared([0] * 30, [0] * 30).detectable is not None
        assert compared([0, 1] * 50, [1, 0] * 50).detectable is not None
        assert compared([0, 1] * 50, [90, *[0, 1] * 49, 0]).detectable is None


class TestNoWorse:
    @pytest.mark.parametrize(
        ("first", "second", "outcome", "why"),
        [
            ([0] * 5, [10] * 5, "worse", "beyond the sanity bound of 10 points (by default)"),
            ([0], [3], "worse", "beyond the sanity bound"),
            ([0], [2], "inconclusive", "1 utterance can't show any change: it takes at least 5"),
            ([1] * 4, [0] * 4, "inconclusive", "4 utterances can't show any change"),
            ([0] * 4, [0] * 4, "unchanged", "every utterance has as many errors as before"),
            ([0] * 30, [1] * 8 + [0] * 22, "worse", ""),
            ([1] * 8 + [0] * 22, [0] * 30, "better", ""),
            ([0, 1] * 15, [1, 0] * 15, "not told apart", ""),
            (
                [0] * 30,
                [8] + [0] * 29,
                "inconclusive",
                "1 answer changed, and no test can tell fewer than 5 from chance",
            ),
            ([0] * 100, [9, 9, *[1, 0] * 49], "worse", ""),
            (
                [0, 1] * 50,
                [25, 0, *[1, 0] * 49],
                "inconclusive",
                "beyond the tolerance of 2 points (by default) that may",
            ),
        ],
    )
    def test_the_answers_decide(self, first: list[int], second: list[int], outcome: str, why: str) -> None:
        found = no_worse(compared(first, second), DEFAULT)
        assert found.outcome == outcome
        assert why in found.why
        assert bool(found.why) == bool(why)

    def test_tolerance_and_sanity_are_the_catalogs(self) -> None:
        loop = compared([0] * 30, [8] + [0] * 29)
        assert no_worse(loop, Allowed(0.05, 0.10)).outcome == "not told apart"
        assert no_worse(loop, Allowed(0.01, 0.02)).outcome == "worse"


class TestWithinMargin:
    @pytest.mark.parametrize(
        ("first", "second", "margin", "outcome"),
        [
            ([1] * 5, [1] * 5, 0.01, "inconclusive"),
            ([1] * 4, [1] * 4, 0.9, "inconclusive"),
            ([1] * 300, [1] * 300, 0.01, "within the margin"),
            ([1] * 290, [1] * 290, 0.01, "inconclusive"),
            ([0] * 100, [1] * 60 + [0] * 40, 0.01, "worse"),
            ([0, 1] * 300, [1, 0] * 300, 0.02, "within the margin"),
            ([0] * 30, [10] * 6 + [0] * 24, 0.01, "worse"),
            ([1] * 300, [1] * 300, 0.0, "inconclusive"),
        ],
    )
    def test_the_bounds_decide(self, first: list[int], second: list[int], margin: float, outcome: str) -> None:
        assert within_margin(compared(first, second), margin, DEFAULT).outcome == outcome

    def test_it_says_what_so_many_cannot_exclude(self) -> None:
        why = within_margin(compared([1] * 5, [1] * 5), 0.01, DEFAULT).why
        assert why == "5 utterances can't exclude +45.07 points (one-sided 95 % bound), a margin of 1 point"


def test_a_change_is_told_in_the_unit_of_its_metric() -> None:
    wer = METRICS["wer"]
    told = change_text(wer, 0.033, 0.05, RateChange(0.017, -0.01, 0.044, 0.21))
    assert told == "3.3 % -> 5.0 %, +1.7 points [-1, +4.4], p = 0.21"
    assert change_text(wer, 0.033, 0.05, RateChange(0.017, None, None, 0.5)) == "3.3 % -> 5.0 %, +1.7 points, p = 0.50"
