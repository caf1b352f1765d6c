"""Statistical tests of metrics other than error rates and shares, which are tested in `core.stats.paired`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from pytest_modellab.core.stats.evidence import IntervalLike, weigh
from pytest_modellab.core.stats.intervals import Interval, student_t_interval
from pytest_modellab.core.stats.student_t import CONFIDENCE, student_t_cdf
from pytest_modellab.core.stats.units import Values, independent

PAIRED = "paired by utterance: sign flips"
MEANS = "paired by utterance: Student's t of the differences"
TIMES = "paired by utterance: Student's t of the time ratio, beyond a tripwire"
INTERVALS = "by the two intervals, as if the two were independent"
QUANTILES = "by the two intervals, as if the two were independent, beyond a tripwire"


@dataclass(frozen=True)
class Difference:
    """A change with its interval and its p-value, one-sided in the direction of the change."""

    change: float
    low: float
    high: float
    p: float


def of_means(before: Values, after: Values, clusters: Sequence[str | None]) -> Difference | None:
    """Student's t of the differences of pairs, by cluster where five are known; None below two, or where all differ by
    the same.
    """
    differences = np.asarray(after, dtype=np.float64) - np.asarray(before, dtype=np.float64)
    if not len(differences):
        return None
    units = independent(clusters)
    differences = units.spread(differences)
    interval = student_t_interval(differences, df=units.df)
    if interval is None:
        return None
    k = len(differences)
    mean = math.fsum(differences.tolist()) / k
    spread = math.sqrt(math.fsum(np.square(differences - mean).tolist()) / (k - 1) / k)
    return Difference(mean, interval.low, interval.high, 1 - student_t_cdf(abs(mean) / spread, units.df))


def of_intervals(before: float, first: IntervalLike, after: float, second: IntervalLike) -> Difference:
    """The difference of two figures out of the interval of each (MOVER: Zou & Donner 2008).

    They are taken as independent, which errs on the safe side where answers to the same utterances agree.
    """
    change, low, high = _mover(before, (first.low, first.high), after, (second.low, second.high))
    return Difference(change, low, high, _beyond_zero(change, low, high))


def of_quantiles(
    before: float, first: IntervalLike, after: float, second: IntervalLike, tripwire: float
) -> Difference | None:
    """The ratio of two quantiles of times out of the interval of each: MOVER of their logarithms.

    The p-value is that of "not slower by more than the tripwire" or, of a ratio below 1, "not quicker". None where a
    time is 0, of which there is no logarithm.
    """
    ends = [before, after, first.low, first.high, second.low, second.high]
    if min(ends) <= 0:
        return None
    x, y, a, b, c, d = map(math.log, ends)
    change, low, high = _mover(x, (a, b), y, (c, d))
    bound = math.copysign(math.log1p(tripwire), change)
    p = _beyond_zero(change - bound, low - bound, high - bound) if abs(change) > abs(bound) else 1.0
    return Difference(math.exp(change), math.exp(low), math.exp(high), p)


def _mover(
    before: float, first: tuple[float, float], after: float, second: tuple[float, float]
) -> tuple[float, float, float]:
    """The difference of two estimates, and its ends out of theirs."""
    change = after - before
    low = change - math.hypot(after - second[0], first[1] - before)
    high = change + math.hypot(second[1] - after, before - first[0])
    return change, low, high


def _beyond_zero(change: float, low: float, high: float) -> float:
    """The one-sided p-value of "no change in this direction"."""
    # The interval's own side towards 0 says how far off 0 is.
    reach = change - low if change > 0 else high - change
    if change == 0 or reach == 0:
        return 1.0 if change == 0 else 0.0
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * abs(change) / reach
    return NormalDist().cdf(-z)


def beyond(ratio: float, interval: Interval, tripwire: float) -> float:
    """The p-value of "not slower by more than the tripwire" or, of a ratio below 1, "not quicker": one-sided."""
    bound = 1 + tripwire
    return weigh(ratio, interval, bound).above if ratio > 1 else weigh(ratio, interval, 1 / bound).below
