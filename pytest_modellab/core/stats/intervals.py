"""Confidence intervals for corpus error rates, success rates, times and quantiles.

Vectorised numpy; no scipy at run time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .evidence import FEWEST_CHANGED, FEWEST_UNITS, SKEWED_T
from .labels import Labels
from .student_t import CONFIDENCE, beta_quantile, student_t_quantile
from .units import Values, degrees_of_freedom, independent, ratio_variance

LEAST_TIME_ERROR = 1e-3
"""Of a ratio of times: no clock and no machine is steadier."""
_MOST_SKEWNESS = 0.2
"""Of what clusters add to a mean, over the root of their number. More would cover 2 % more often where sizes are very
unequal, by intervals half as wide again."""


@dataclass(frozen=True)
class Interval:
    """A confidence interval, its method, and its conditions.

    Attributes:
        low, high: in the unit of the figure.
        method: its name, for the record.
        clusters: number of independent units it rests on.
        conditional: why it holds only for these recordings (few speakers), else "".
        df: degrees of freedom of Student's t, where these aren't one less than `clusters`: units are of unequal sizes.
        whole: both ends before the scale of the figure cut them off; None where it doesn't.
    """

    low: float
    high: float
    method: str
    clusters: int
    conditional: str = ""
    df: float | None = None
    whole: tuple[float, float] | None = None

    def within(self, least: float | None, greatest: float | None) -> Interval:
        """The same on a scale, which may be open to either side."""
        low = self.low if least is None else max(self.low, least)
        high = self.high if greatest is None else min(self.high, greatest)
        if (low, high) == (self.low, self.high):
            return self
        return replace(self, low=low, high=high, whole=(self.low, self.high))


def error_rate_interval(
    errors: Values,
    units: Values,
    clusters: Sequence[str | None],
    confidence: float = CONFIDENCE,
) -> Interval | None:
    """The interval of a corpus error rate, sum(errors) / sum(units), from counts per utterance.

    Errors cluster: a speaker or a recording is hard or easy as a whole. The rate is a ratio estimator; its variance is
    linearised over clusters (`units.ratio_variance`), put on the log scale, where the distribution is nearer to
    symmetric, and scaled by Student's t with the degrees of freedom that clusters of these sizes have.

    Args:
        errors: S + D + I of each utterance.
        units: reference words or characters of each utterance.
        clusters: speaker or recording of each utterance; None counts as a cluster of its own.

    Returns:
        None with fewer than five utterances that have units. Those without units or errors, as silent clips, tell
        nothing of the rate, and are left out. Where fewer than five clusters are known, utterances stand in
        for them and the interval is conditional on those speakers. Without any error the upper end is that of the rule
        of three, exactly 1 - (1 - confidence)^(1/n) for n clusters (Hanley & Lippman-Hand 1983), as if each that may
        have errors were wrong in every word: a clip that sends a model round in circles is. Where all clusters have the
        same rate, the ends allow for clusters that would differ, by the same rule.
    """
    e, n = np.asarray(errors, dtype=np.float64), np.asarray(units, dtype=np.float64)
    if np.count_nonzero(n > 0) < FEWEST_UNITS:
        return None
    kept = (n > 0) | (e > 0)
    e, n, found = e[kept], n[kept], independent(Labels.of(clusters).at(kept))
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
    df = degrees_of_freedom(n)
    spread = student_t_quantile((1 + confidence) / 2, df) * error
    return Interval(ratio / math.exp(spread), ratio * math.exp(spread), method, k, conditional, df)


def proportion_interval(successes: float, trials: float, confidence: float = CONFIDENCE) -> Interval | None:
    """The exact interval of a proportion (Clopper & Pearson 1934); None without trials.

    It covers whatever the proportion is, where approximations don't at 5 trials or near 0 and 1. Its ends are those of
    the tests of `evidence.weigh_share`. Both counts may be real numbers.
    """
    if trials <= 0:
        return None
    tail = (1 - confidence) / 2
    low = beta_quantile(tail, successes, trials - successes + 1) if successes > 0 else 0.0
    high = beta_quantile(1 - tail, successes + 1, trials - successes) if successes < trials else 1.0
    return Interval(low, high, "exact", round(trials))


def share_interval(
    counts: Values, places: Values, clusters: Sequence[str | None], confidence: float = CONFIDENCE
) -> Interval | None:
    """The interval of a share, sum(counts) / sum(places), of things that come several to an utterance.

    The exact one at the effective sample size (Korn & Graubard 1998, "Confidence intervals for proportions with small
    expected number of positive counts estimated from survey data"): the places over the design effect, the variance
    linearised over clusters (`units.ratio_variance`) over that of independent places, taken as at least 1; less where
    there are few clusters, by the squared ratio of the quantiles of Student's t for places and for clusters. Where
    variance can't be seen each cluster counts as a single place, the safe side: of one cluster, and where fewer than
    five have any of what is counted, or have any that isn't.

    Args:
        counts, places: of each utterance.
        clusters: speaker or recording of each utterance; None counts as a cluster of its own.

    Returns:
        None without places; the interval's `clusters` are the effective number of places.
    """
    kept = np.flatnonzero(np.asarray(places) > 0)
    if not len(kept):
        return None
    units = independent(Labels.of(clusters).at(kept))
    x, n = (units.sums(np.asarray(each, dtype=np.float64)[kept]) for each in (counts, places))
    total, k = float(n.sum()), len(n)
    p = float(x.sum()) / total
    effective = float(k)
    if k > 1 and 0 < p < 1:
        # Less what its correction adds to clusters of one size: that of a proportion has none.
        effect = max(1.0, (k - 1) / k * ratio_variance(x, n) * total / (p * (1 - p)))
        level = (1 + confidence) / 2
        few = student_t_quantile(level, max(1.0, total - 1)) / student_t_quantile(level, degrees_of_freedom(n))
        spread = total / effect * min(1.0, few) ** 2
        rare = min(np.count_nonzero(x > 0), np.count_nonzero(x < n)) < FEWEST_CHANGED
        effective = min(spread, effective) if rare else spread
    trials = max(1, round(effective))
    found = proportion_interval(p * trials, trials, confidence)
    return None if found is None else replace(found, conditional=units.conditional)


def mean_interval(values: Values, confidence: float = CONFIDENCE) -> Interval | None:
    """The interval of the mean of independent values, skewed ones too, as scores near the top of their scale and waits.

    The outer ends of Student's t and of t corrected for the skewness of the values (Hall 1992, "On the removal of
    skewness by transformation").

    Returns:
        None below two values, or where all are the same; and where more than half are, with fewer than five others: how
        much rarely happens can't be told from so few.
    """
    x = np.asarray(values, dtype=np.float64)
    return None if _mostly_one(x) else _skewed_t_interval(x, confidence)


def _skewed_t_interval(
    x: NDArray[np.float64], confidence: float, most: float = math.inf, df: float | None = None
) -> Interval | None:
    """The same, by skewness over the root of their number up to `most`."""
    plain = student_t_interval(x, confidence, df)
    if plain is None:
        return None
    k = len(x)
    mean, deviation = float(x.mean()), float(x.std(ddof=1))
    skewness = k * float(((x - mean) ** 3).sum()) / ((k - 1) * (k - 2)) / deviation**3 if k > 2 else 0.0
    corrected = max(-most, min(most, skewness / math.sqrt(k)))
    error, t = deviation / math.sqrt(k), student_t_quantile((1 + confidence) / 2, df or k - 1)
    low, high = (mean - error * _skewed(end, corrected) for end in (t, -t))
    return Interval(min(plain.low, low), max(plain.high, high), SKEWED_T, k, df=df)


def clustered_mean_interval(
    values: Values, clusters: Sequence[str | None], confidence: float = CONFIDENCE
) -> Interval | None:
    """The interval of the mean of values that cluster: as `mean_interval`, of what each cluster adds to it.

    What clusters of unequal sizes add is skewed by these alone, so that little of its skewness is allowed for.

    Args:
        clusters: speaker or recording of each value; None counts as a cluster of its own.

    Returns:
        That of `mean_interval` where nothing clusters, none where that has none of the values or of the clusters'
        means; where fewer than five clusters are known, too, then conditional
        on those.
    """
    units, known = independent(clusters), any(Labels.of(clusters).known)
    if units.count < len(values):
        means = units.sums(values) / units.sums(np.ones(len(values)))
        if _mostly_one(np.asarray(values, dtype=np.float64)) or _mostly_one(means):
            return None
        return _skewed_t_interval(units.spread(values), confidence, _MOST_SKEWNESS, units.df)
    found = mean_interval(values, confidence)
    return replace(found, conditional=units.conditional) if found is not None and known else found


def student_t_interval(values: Values, confidence: float = CONFIDENCE, df: float | None = None) -> Interval | None:
    """Student's t interval of the mean of independent values; None below two, or where all are the same.

    Args:
        df: degrees of freedom, where they aren't one less than the number of values.
    """
    x = np.asarray(values, dtype=np.float64)
    k = len(x)
    if k < 2 or float(np.ptp(x)) == 0:
        return None
    mean = float(x.mean())
    spread = student_t_quantile((1 + confidence) / 2, df or k - 1) * float(x.std(ddof=1)) / math.sqrt(k)
    return Interval(mean - spread, mean + spread, "Student's t", k, df=df)


def _skewed(t: float, skewness: float) -> float:
    """The quantile of the studentized mean where t is that without skewness (that of the values over sqrt(n))."""
    if abs(skewness) < 1e-6:
        return t
    return 3 / skewness * (float(np.cbrt(1 + skewness * (t - skewness / 6))) - 1)


def _mostly_one(x: NDArray[np.float64]) -> bool:
    """Whether more than half of the values are the same one, and fewer than five aren't."""
    most = int(np.unique(x, return_counts=True)[1].max())
    return 2 * most > len(x) and len(x) - most < FEWEST_CHANGED


def time_ratio_interval(numerator: Values, denominator: Values, confidence: float = CONFIDENCE) -> Interval | None:
    """The interval of sum(numerator) / sum(denominator), of times or lengths of independent utterances, seconds.

    RTF is such a ratio, and so is the time of one run over that of another on the same utterances. Linearised as an
    error rate is; None with fewer than five utterances.
    """
    if np.count_nonzero(np.asarray(denominator) > 0) < FEWEST_UNITS or np.sum(numerator) <= 0:
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
