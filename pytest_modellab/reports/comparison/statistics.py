"""The tests that figures are compared by; error rates and shares have theirs in `metrics.paired`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from pytest_modellab.core.stats.evidence import IntervalLike, weigh
from pytest_modellab.core.stats.intervals import Interval, mean_interval
from pytest_modellab.core.stats.student_t import CONFIDENCE, student_t_cdf

PAIRED = "paired by utterance: sign flips"
MEANS = "paired by utterance: Student's t of the differences"
TIMES = "paired by utterance: Student's t of the time ratio, beyond a tripwire"
INTERVALS = "by the two intervals, as if the two were independent"


@dataclass(frozen=True)
class Difference:
    """A change with its interval and its p-value, one-sided in the direction of the change."""

    change: float
    low: float
    high: float
    p: float


def of_means(before: Sequence[float], after: Sequence[float]) -> Difference | None:
    """Student's t of the differences of pairs; None below two, or where all differ by the same."""
    differences = [b - a for a, b in zip(before, after, strict=True)]
    interval = mean_interval(differences)
    if interval is None:
        return None
    k = len(differences)
    mean = math.fsum(differences) / k
    spread = math.sqrt(math.fsum((each - mean) ** 2 for each in differences) / (k - 1) / k)
    return Difference(mean, interval.low, interval.high, 1 - student_t_cdf(abs(mean) / spread, k - 1))


def of_intervals(before: float, first: IntervalLike, after: float, second: IntervalLike) -> Difference:
    """The difference of two figures out of the interval of each (MOVER: Zou & Donner 2008).

    They are taken as independent, which errs on the safe side where answers to the same utterances agree.
    """
    change = after - before
    low = change - math.hypot(after - second.low, first.high - before)
    high = change + math.hypot(second.high - after, before - first.low)
    # The interval's own side towards 0 says how far off 0 is.
    reach = change - low if change > 0 else high - change
    if change == 0 or reach == 0:
        return Difference(change, low, high, 1.0 if change == 0 else 0.0)
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * abs(change) / reach
    return Difference(change, low, high, NormalDist().cdf(-z))


def beyond(ratio: float, interval: Interval, tripwire: float) -> float:
    """The p-value of "not slower by more than the tripwire" or, of a ratio below 1, "not quicker": one-sided."""
    bound = 1 + tripwire
    return weigh(ratio, interval, bound).above if ratio > 1 else weigh(ratio, interval, 1 / bound).below
