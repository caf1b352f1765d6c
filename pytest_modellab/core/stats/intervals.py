"""Confidence intervals for corpus error rates, success rates, times and quantiles.

Vectorised numpy; no scipy at run time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from .evidence import FEWEST_UNITS
from .student_t import CONFIDENCE, student_t_quantile
from .units import Values, independent, ratio_variance

LEAST_TIME_ERROR = 1e-3
"""Of a ratio of times: no clock and no machine is steadier."""


@dataclass(frozen=True)
class Interval:
    """A confidence interval, its method, and its conditions.

    Attributes:
        low, high: in the unit of the figure.
        method: its name, for the record.
        clusters: number of independent units it rests on.
        conditional: why it holds only for these recordings (few speakers), else "".
    """

    low: float
    high: float
    method: str
    clusters: int
    conditional: str = ""


def error_rate_interval(
    errors: Values,
    units: Values,
    clusters: Sequence[str | None],
    confidence: float = CONFIDENCE,
) -> Interval | None:
    """The interval of a corpus error rate, sum(errors) / sum(units), from counts per utterance.

    Errors cluster: a speaker or a recording is hard or easy as a whole. The rate is a ratio estimator; its variance is
    linearised over clusters (`units.ratio_variance`), put on the log scale, where the distribution is nearer to
    symmetric, and scaled by Student's t with (clusters - 1) degrees of freedom.

    Args:
        errors: S + D + I of each utterance.
        units: reference words or characters of each utterance.
        clusters: speaker or recording of each utterance; None counts as a cluster of its own.

    Returns:
        None with fewer than five utterances, or no units. Where fewer than five clusters are known, utterances stand in
        for them and the interval is conditional on those speakers. Without any error the upper end is that of the rule
        of three, exactly 1 - (1 - confidence)^(1/n) for n clusters (Hanley & Lippman-Hand 1983), as if each that may
        have errors were wrong in every word: a clip that sends a model round in circles is. Where all clusters have the
        same rate, the ends allow for clusters that would differ, by the same rule.
    """
    e, n = np.asarray(errors, dtype=np.float64), np.asarray(units, dtype=np.float64)
    total = float(n.sum())
    if total <= 0 or len(e) < FEWEST_UNITS:
        return None
    found = independent(clusters)
    if e.sum() == 0:
        high = 1 - (1 - confidence) ** (1 / found.count)
        return Interval(0.0, high, "rule of three", found.count, found.conditional)
    method = "linearised cluster t on log"
    return _log_ratio(found.sums(e), found.sums(n), method, found.conditional, confidence)


def _log_ratio(
    top: Values, bottom: Values, method: str, conditional: str, confidence: float, least: float = 0.0
) -> Interval:
    """The interval of sum(top) / sum(bottom) > 0 over independent units, linearised on the log scale.

    Its relative standard error is taken as at least `least`.
    """
    x, n = np.asarray(top, dtype=np.float64), np.asarray(bottom, dtype=np.float64)
    ratio, k = float(x.sum() / n.sum()), len(x)
    error = max(least, math.sqrt(ratio_variance(x, n)) / ratio)
    if error < 1e-6:
        # Nothing varied: so large a share of units may still have none, or twice as much.
        share = 1 - ((1 - confidence) / 2) ** (1 / k)
        return Interval(ratio * (1 - share), ratio * (1 + share), "no variation", k, conditional)
    spread = student_t_quantile((1 + confidence) / 2, k - 1) * error
    return Interval(ratio / math.exp(spread), ratio * math.exp(spread), method, k, conditional)


def wilson_interval(successes: float, trials: int, confidence: float = CONFIDENCE) -> Interval | None:
    """Wilson's score interval of a proportion (Wilson 1927); None without trials."""
    if trials <= 0:
        return None
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    p = successes / trials
    centre = p + z * z / (2 * trials)
    spread = z * math.sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    low, high = (centre - spread) / scale, (centre + spread) / scale
    return Interval(0.0 if successes == 0 else low, 1.0 if successes == trials else high, "Wilson", trials)


def share_interval(
    counts: Values, places: Values, clusters: Sequence[str | None], confidence: float = CONFIDENCE
) -> Interval | None:
    """The interval of a share, sum(counts) / sum(places), of things that come several to an utterance.

    Wilson's at the effective sample size (Korn & Graubard 1998, "Confidence intervals for proportions with small
    expected number of positive counts estimated from survey data"): the places over the design effect, the variance
    linearised over clusters over that of independent places, taken as at least 1. Where no variance can be seen (all,
    none, or one cluster) each cluster counts as a single place: the safe side.

    Args:
        counts, places: of each utterance.
        clusters: speaker or recording of each utterance; None counts as a cluster of its own.

    Returns:
        None without places; the interval's `clusters` are the effective number of places.
    """
    kept = np.flatnonzero(np.asarray(places) > 0)
    if not len(kept):
        return None
    units = independent([clusters[i] for i in kept.tolist()])
    x, n = (units.sums(np.asarray(each, dtype=np.float64)[kept]) for each in (counts, places))
    total, k = float(n.sum()), len(n)
    p = float(x.sum()) / total
    effective = float(k)
    if k > 1 and 0 < p < 1:
        variance = k / (k - 1) * float(np.square(x - p * n).sum()) / total**2
        effect = max(1.0, variance * total / (p * (1 - p)))
        effective = total / effect
    trials = max(1, round(effective))
    found = wilson_interval(p * trials, trials, confidence)
    return None if found is None else replace(found, conditional=units.conditional)


def mean_interval(values: Values, confidence: float = CONFIDENCE) -> Interval | None:
    """Student's t interval of the mean of independent values; None below two, or where all are the same."""
    x = np.asarray(values, dtype=np.float64)
    k = len(x)
    if k < 2 or float(np.ptp(x)) == 0:
        return None
    mean = float(x.mean())
    spread = student_t_quantile((1 + confidence) / 2, k - 1) * float(x.std(ddof=1)) / math.sqrt(k)
    return Interval(mean - spread, mean + spread, "Student's t", k)


def time_ratio_interval(numerator: Values, denominator: Values, confidence: float = CONFIDENCE) -> Interval | None:
    """The interval of sum(numerator) / sum(denominator), of times or lengths of independent utterances, seconds.

    RTF is such a ratio, and so is the time of one run over that of another on the same utterances. Linearised as an
    error rate is; None with fewer than five utterances.
    """
    if len(numerator) < FEWEST_UNITS or np.sum(denominator) <= 0 or np.sum(numerator) <= 0:
        return None
    return _log_ratio(numerator, denominator, "linearised t on log", "", confidence, LEAST_TIME_ERROR)


def quantile_interval(values: Values, q: float, confidence: float = CONFIDENCE) -> Interval | None:
    """The interval of a quantile between two order statistics, whatever the values' distribution (David & Nagaraja).

    Returns:
        None where so few values have no such two: 72 are needed for a 95th percentile, 6 for a median; and where the
        two are the same value.
    """
    n = len(values)
    tail = (1 - confidence) / 2
    low = _rank(n, q, tail)
    high = n + 1 - _rank(n, 1 - q, tail)
    if low < 1 or high > n:
        return None
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    first, last = float(ordered[low - 1]), float(ordered[high - 1])
    return Interval(first, last, "order statistics", n) if first < last else None


def _rank(n: int, q: float, tail: float) -> int:
    """The largest r with P(fewer than r of n values lie below the q quantile) <= `tail`: 0 for none."""
    return int(np.searchsorted(binomial_cdf(n, q), tail, side="right"))


def binomial_cdf(n: int, p: float) -> NDArray[np.float64]:
    """P(X <= k) of X ~ Bin(n, p), 0 < p < 1, for k = 0 ... n: shape (n + 1,)."""
    k = np.arange(n)
    steps = np.log((n - k) / (k + 1)) + math.log(p) - math.log1p(-p)
    logs = n * math.log1p(-p) + np.concatenate([[0.0], np.cumsum(steps)])
    found: NDArray[np.float64] = np.minimum(1.0, np.cumsum(np.exp(logs)))
    return found
