"""How sure a figure is: intervals for corpus error rates, success rates and quantiles.

Vectorised numpy, seeded; no scipy at run time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from .student_t import CONFIDENCE, student_t_quantile

# With fewer clusters Student's t has next to no degrees of freedom, and says nothing about speakers in general.
FEWEST_CLUSTERS = 5
BOOTSTRAP_REPLICATES = 2_000
SEED = 0


@dataclass(frozen=True)
class Interval:
    """A confidence interval, and what to know before trusting it.

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
    errors: Sequence[int],
    units: Sequence[int],
    clusters: Sequence[str | None],
    confidence: float = CONFIDENCE,
) -> Interval | None:
    """The interval of a corpus error rate, sum(errors) / sum(units), from counts per utterance.

    Errors cluster: a speaker or a recording is hard or easy as a whole. The rate is a ratio estimator; its variance is
    linearised over clusters (Cochran 1977, "Sampling Techniques", 6.8; Kish 1965), put on the log scale, where the
    distribution is nearer to symmetric, and scaled by Student's t with (clusters - 1) degrees of freedom.

    Args:
        errors: S + D + I of each utterance.
        units: reference words or characters of each utterance.
        clusters: speaker or recording of each utterance; None counts as a cluster of its own.

    Returns:
        None where fewer than two utterances or no units leave nothing to estimate from. Where fewer than five
        clusters are known, utterances stand in for them and the interval is conditional on those speakers. Without
        any error the upper end is that of the rule of three, exactly 1 - (1 - confidence)^(1/n) (Hanley &
        Lippman-Hand 1983), and takes words as independent.
    """
    e, n = np.asarray(errors, dtype=np.float64), np.asarray(units, dtype=np.float64)
    total = float(n.sum())
    if total <= 0 or len(e) < 2:
        return None
    (e, n), conditional = cluster_sums((e, n), clusters)
    k = len(e)
    if e.sum() == 0:
        return Interval(0.0, 1 - (1 - confidence) ** (1 / total), "rule of three", k, conditional)
    rate = float(e.sum()) / total
    variance = k / (k - 1) * float(np.square(e - rate * n).sum()) / total**2
    spread = student_t_quantile((1 + confidence) / 2, k - 1) * math.sqrt(variance) / rate
    # Far beyond any rate that means anything; exp would overflow.
    factor = math.exp(min(spread, 50.0))
    return Interval(rate / factor, rate * factor, "linearised cluster t on log", k, conditional)


def cluster_sums(
    values: Sequence[NDArray[np.float64]], clusters: Sequence[str | None]
) -> tuple[list[NDArray[np.float64]], str]:
    """Each of `values` (one entry per utterance) summed by cluster, and what the result is conditional on.

    With fewer than five clusters utterances stand in for them, and it is conditional on those speakers.
    """
    names = [f"utterance {i}" if name is None else f"cluster {name}" for i, name in enumerate(clusters)]
    conditional = ""
    if len(set(names)) < FEWEST_CLUSTERS:
        known = len({name for name in clusters if name is not None})
        names = [f"utterance {i}" for i in range(len(names))]
        conditional = (
            f"conditional on {known} speaker{'s' * (known != 1)}"
            if known
            else f"from {len(names)} utterance{'s' * (len(names) != 1)}"
        )
    index: dict[str, int] = {}
    places = [index.setdefault(name, len(index)) for name in names]
    return [np.bincount(places, weights=each, minlength=len(index)).astype(np.float64) for each in values], conditional


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
    counts: Sequence[int], places: Sequence[int], clusters: Sequence[str | None], confidence: float = CONFIDENCE
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
    kept = [i for i, n in enumerate(places) if n > 0]
    if not kept:
        return None
    x = np.asarray([counts[i] for i in kept], dtype=np.float64)
    n = np.asarray([places[i] for i in kept], dtype=np.float64)
    (x, n), conditional = cluster_sums((x, n), [clusters[i] for i in kept])
    total, k = float(n.sum()), len(n)
    p = float(x.sum()) / total
    effective = float(k)
    if k > 1 and 0 < p < 1:
        variance = k / (k - 1) * float(np.square(x - p * n).sum()) / total**2
        effect = max(1.0, variance * total / (p * (1 - p)))
        effective = total / effect
    trials = max(1, round(effective))
    found = wilson_interval(p * trials, trials, confidence)
    return None if found is None else replace(found, conditional=conditional)


def mean_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval | None:
    """Student's t interval of the mean of independent values; None below two."""
    x = np.asarray(values, dtype=np.float64)
    k = len(x)
    if k < 2:
        return None
    mean = float(x.mean())
    spread = student_t_quantile((1 + confidence) / 2, k - 1) * float(x.std(ddof=1)) / math.sqrt(k)
    return Interval(mean - spread, mean + spread, "Student's t", k)


def ratio_bootstrap_interval(
    numerator: Sequence[float], denominator: Sequence[float], confidence: float = CONFIDENCE
) -> Interval | None:
    """Percentile bootstrap over utterances of sum(numerator) / sum(denominator); None below two utterances.

    RTF is such a ratio, and so is the time of one run over that of another on the same utterances.
    """
    top, bottom = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    if len(top) < 2 or bottom.sum() <= 0:
        return None
    replicates = [
        top[drawn].sum(axis=1) / np.maximum(bottom[drawn].sum(axis=1), np.finfo(np.float64).tiny)
        for drawn in _resamples(len(top))
    ]
    return _percentiles(np.concatenate(replicates), len(top), confidence)


def quantile_bootstrap_interval(values: Sequence[float], q: float, confidence: float = CONFIDENCE) -> Interval | None:
    """Percentile bootstrap of a quantile, as for latencies; None below two values."""
    x = np.asarray(values, dtype=np.float64)
    if len(x) < 2:
        return None
    replicates = [np.quantile(x[drawn], q, axis=1) for drawn in _resamples(len(x))]
    return _percentiles(np.concatenate(replicates), len(x), confidence)


def _resamples(n: int) -> Iterator[NDArray[np.int32]]:
    """Which of n units each replicate draws: blocks of shape (replicates, n), of some 2 million values at most."""
    random = np.random.default_rng(SEED)
    left, block = BOOTSTRAP_REPLICATES, max(1, 2_000_000 // n)
    while left > 0:
        yield random.integers(0, n, size=(min(block, left), n), dtype=np.int32)
        left -= block


def _percentiles(replicates: NDArray[np.float64], n: int, confidence: float) -> Interval:
    tail = (1 - confidence) / 2
    low, high = np.quantile(replicates, [tail, 1 - tail])
    return Interval(float(low), float(high), "percentile bootstrap", n)
