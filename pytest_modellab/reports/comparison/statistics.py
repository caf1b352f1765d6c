"""Statistical tests of metrics other than error rates and shares, which are tested in `core.stats.paired`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pytest_modellab.core.stats.differences import Figure, ends, p_beyond
from pytest_modellab.core.stats.evidence import IntervalLike, weigh
from pytest_modellab.core.stats.intervals import Interval, student_t_interval
from pytest_modellab.core.stats.student_t import student_t_cdf
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
    old, new = Figure.of(before, first), Figure.of(after, second)
    return Difference(after - before, *ends(old, new), p_beyond(old, new) if after != before else 1.0)


def of_quantiles(
    before: float, first: IntervalLike, after: float, second: IntervalLike, tripwire: float
) -> Difference | None:
    """The ratio of two quantiles of times out of the interval of each: MOVER of their logarithms.

    The p-value is that of "not slower by more than the tripwire" or, of a ratio below 1, "not quicker". None where a
    time is 0, of which there is no logarithm.
    """
    times = [before, first.low, first.high, after, second.low, second.high]
    if min(times) <= 0:
        return None
    x, a, b, y, c, d = map(math.log, times)
    old, new = Figure(x, a, b, None), Figure(y, c, d, None)
    change, (low, high) = y - x, ends(old, new)
    bound = math.copysign(math.log1p(tripwire), change)
    p = p_beyond(old, new, bound) if abs(change) > abs(bound) else 1.0
    return Difference(math.exp(change), math.exp(low), math.exp(high), p)


def beyond(ratio: float, interval: Interval, tripwire: float) -> float:
    """The p-value of "not slower by more than the tripwire" or, of a ratio below 1, "not quicker": one-sided."""
    bound = 1 + tripwire
    return weigh(ratio, interval, bound).above if ratio > 1 else weigh(ratio, interval, 1 / bound).below
