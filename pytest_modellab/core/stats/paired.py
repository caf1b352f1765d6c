"""Paired comparison of two sets of answers to the same utterances: the change of the error rate, and the smallest rise
that could have been detected."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from .evidence import FEWEST_CHANGED, FEWEST_UNITS
from .labels import Labels
from .student_t import CONFIDENCE, student_t_quantile
from .units import FEWEST_PAIRED_CLUSTERS, Units, Values, degrees_of_freedom, independent, ratio_variance

REPLICATES = 4_000
SEED = 0
# Random draws held at a time: 16 MB.
_BLOCK_VALUES = 4_000_000
# Up to so many changed units every sign flip is looked at: 4,096.
_EXACT_UNITS = 12
RANKS_WEIGHT = 4
"""The p-value of the ranks counts so many times: the sum of errors, which WER is made of, keeps most of the power."""
POWER = 0.8
# The sum alone is significant at four fifths of the error rate, the ranks have the rest.
_SUM_CONFIDENCE = 1 - (1 - CONFIDENCE) * (1 - 1 / (RANKS_WEIGHT + 1))
# Changes of more than so many times their median are large; where they make two thirds of the variance it is theirs.
_USUAL = 3
_DOMINATED = 3
# Of a Poisson number of changed units with this mean there are at least five four times in five.
_LEAST_CHANGED = 6.72
# Below these sizes no formula predicts what a test would see (benchmarks/detectable.py).
_FEWEST_FOR_POWER = {"utterances": 30, "units": 10}


@dataclass(frozen=True)
class Paired:
    """The change of a corpus error rate from a first to a second set of answers, positive where it rose.

    Attributes:
        difference: second rate minus first, as a ratio.
        low, high: its two-sided 95 % interval; None with fewer than five units.
        at_least, at_most: its one-sided 95 % bounds; None with fewer than five units. `at_most` allows for what so
            many answers can't show: the rule of three for answers that would change, each by as much as the largest
            change seen, or by all of its words.
        p_rise, p_fall: one-sided, of no change; 1 where the rate did not move that way.
        smallest: the smallest p-value that so many units could give: all of them worse.
        detectable: the smallest rise that this set would have shown four times in five; None where that can't be told.
        units: number of independent units.
        utterances: number of utterances.
        changed: number of utterances whose errors changed.
        more: errors of the second set less those of the first.
        conditional: why this holds only for these recordings (few speakers), else "".
    """

    difference: float
    low: float | None
    high: float | None
    at_least: float | None
    at_most: float | None
    p_rise: float
    p_fall: float
    smallest: float
    detectable: float | None
    units: int
    utterances: int
    changed: int
    more: float
    conditional: str

    @property
    def p(self) -> float:
        """One-sided, of the direction in which the rate moved."""
        return self.p_fall if self.difference < 0 else self.p_rise


def compare(
    first: Values,
    second: Values,
    units: Values,
    clusters: Sequence[str | None],
    replicates: int = REPLICATES,
) -> Paired | None:
    """Compare the errors of two sets of answers, utterance by utterance.

    The p-values come from sign flips: were there no change, which set an answer came from would not matter. Two
    statistics are looked at, the sum of the changes and that of their signed ranks (Wilcoxon 1945), by the smaller of
    their p-values with the ranks' counted four times, and that minimum is compared with its own distribution over the
    same flips (Westfall & Young 1993): so a few loops show and so do many small changes. All flips are looked at up to
    12 changed units, else `replicates` random ones, seeded. Units are speakers, or utterances where there are fewer
    than 25 speakers. The interval is that of a ratio with its variance linearised over units (`units.ratio_variance`).

    Args:
        first, second: S + D + I of each utterance.
        units: reference words of each utterance, the same for both.
        clusters: speaker or recording of each utterance; None counts as a cluster of its own.

    Returns:
        None without units.
    """
    a, b, n = (np.asarray(values, dtype=np.float64) for values in (first, second, units))
    # What has no words, and no errors on either side, tells nothing: it would only add to the number of answers.
    kept = (n > 0) | (a != 0) | (b != 0)
    a, b, n, clusters = a[kept], b[kept], n[kept], Labels.of(clusters).at(kept)
    total = float(n.sum())
    if total <= 0:
        return None
    change = b - a
    found = independent(clusters, FEWEST_PAIRED_CLUSTERS)
    difference = float(change.sum()) / total
    p_rise, p_fall = _flip_tests(change, found, replicates)
    low, high = _interval(change, n, found, (1 + CONFIDENCE) / 2)
    unseen = _unseen(change, n, (1 + CONFIDENCE) / 2)
    if low is not None and high is not None:
        if np.count_nonzero(change) < FEWEST_CHANGED:
            low, high = min(low, -unseen), max(high, unseen)
        if high - low < 1e-9:  # all changed alike
            low, high = low - unseen, high + unseen
    at_least, at_most = _interval(change, n, found, CONFIDENCE)
    return Paired(
        difference=difference,
        low=low,
        high=high,
        at_least=at_least,
        at_most=None if at_most is None else max(at_most, _unseen(change, n, CONFIDENCE)),
        p_rise=p_rise if difference > 0 else 1.0,
        p_fall=p_fall if difference < 0 else 1.0,
        smallest=2.0**-found.count,
        detectable=_detectable(a, b, n, found),
        units=found.count,
        utterances=len(change),
        changed=int(np.count_nonzero(change)),
        more=float(change.sum()),
        conditional=found.conditional,
    )


def _flip_tests(change: NDArray[np.float64], units: Units, replicates: int) -> tuple[float, float]:
    """The p-values of a rise and of a fall."""
    ranks = np.sign(change) * _ranks(np.abs(change))
    sums, ranked = units.sums(change), units.sums(ranks)
    moved = (sums != 0) | (ranked != 0)
    if not moved.any():
        return 1.0, 1.0
    both = np.stack([sums[moved], ranked[moved]], axis=1).astype(np.float32)
    flipped = _flipped(both, replicates)
    return _smaller_of_both(flipped), _smaller_of_both(-flipped)


def _ranks(sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rank of each size among those above 0, ties sharing their mean rank; 0 of none."""
    values, places, counts = np.unique(sizes, return_inverse=True, return_counts=True)
    counts = np.where(values > 0, counts, 0)
    ranks: NDArray[np.float64] = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return np.where(sizes > 0, ranks, 0.0)


def _flipped(values: NDArray[np.float32], replicates: int) -> NDArray[np.float64]:
    """Both statistics under sign flips of the units, shape (flips, 2); as they are in the first row."""
    k = len(values)
    if k <= _EXACT_UNITS:
        signs = 1 - 2 * ((np.arange(2**k)[:, None] >> np.arange(k)) & 1)
        return (signs.astype(np.float32) @ values).astype(np.float64)
    random = np.random.default_rng(SEED)
    total = values.sum(axis=0, dtype=np.float64)
    rows = [total[None, :]]
    left, block = replicates, max(1, _BLOCK_VALUES // k)
    while left > 0:
        # Of coins that are 0 or 1 twice the sum, less all of it, is the sum under signs.
        rows.append(2 * (_coins(random, min(block, left), k) @ values).astype(np.float64) - total)
        left -= block
    return np.concatenate(rows)


def _coins(random: np.random.Generator, size: int, k: int) -> NDArray[np.float32]:
    """Fair zeros and ones of shape (size, k)."""
    bits = np.frombuffer(random.bytes(size * ((k + 7) // 8)), dtype=np.uint8).reshape(size, -1)
    return np.unpackbits(bits, axis=1, count=k).astype(np.float32)


def _smaller_of_both(flipped: NDArray[np.float64]) -> float:
    """How often flips give a smaller of the two p-values that is at most the one seen, in the first row."""
    smaller = np.minimum(_tails(flipped[:, 0]), RANKS_WEIGHT * _tails(flipped[:, 1]))
    return float(np.mean(smaller <= smaller[0] * (1 + 1e-9)))


def _tails(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each value the share of all that are at least as large."""
    ordered = np.sort(values)
    tolerance = 1e-6 * max(1.0, float(np.abs(ordered).max()))
    return (len(values) - np.searchsorted(ordered, values - tolerance, side="left")) / len(values)


def _interval(
    change: NDArray[np.float64], words: NDArray[np.float64], units: Units, quantile: float
) -> tuple[float | None, float | None]:
    """The change less and plus so many linearised standard errors; None with fewer than five units."""
    if units.count < FEWEST_UNITS:
        return None, None
    moved, n = units.sums(change), units.sums(words)
    difference = float(moved.sum()) / float(n.sum())
    spread = student_t_quantile(quantile, degrees_of_freedom(n)) * math.sqrt(ratio_variance(moved, n))
    return difference - spread, difference + spread


def _unseen(change: NDArray[np.float64], words: NDArray[np.float64], confidence: float) -> float:
    """How much of a change so many answers may hide: in the share of them that may change, all words of each.

    The share is what the rule of three leaves of the answers to speech, 1 - (1 - confidence)^(1/n); each of them may
    cost as much as the answer that changed most, and at least as many errors as an utterance has words.
    """
    spoken = words > 0
    n = max(1, int(np.count_nonzero(spoken)))
    share = 1 - (1 - confidence) ** (1 / n)
    cost = max(float(words.sum()) / n, float(np.abs(change).max()))
    return float(share * n * cost / words.sum())


def _detectable(
    a: NDArray[np.float64], b: NDArray[np.float64], words: NDArray[np.float64], units: Units
) -> float | None:
    """The rise which the test finds four times in five, where its errors fall one by one and where errors fall anyway.

    The test finds a sum of changes x that exceeds its standard error so many times; the variance is what is seen
    without the rise, V, and what the rise adds: the x errors themselves, and that units get unequal shares s of them,
    x = q sqrt(V + x + x^2 (sum(s^2) - 1/units)). Nor can it find any in fewer than five units.
    """
    if np.count_nonzero(words > 0) < _FEWEST_FOR_POWER["utterances"] or units.count < _FEWEST_FOR_POWER["units"]:
        return None
    if _few_make_most_of_it(b - a):
        return None
    total = float(words.sum())
    errors = (a + b) / 2
    # By what was seen of each utterance and as much, or an error for each utterance, by its length.
    expected = errors + max(float(errors.sum()), len(errors)) / total * words
    shares = units.sums(expected / expected.sum())
    q2 = (student_t_quantile(_SUM_CONFIDENCE, degrees_of_freedom(units.sums(words))) + NormalDist().inv_cdf(POWER)) ** 2
    lead = 1 - q2 * max(0.0, float(np.square(shares).sum()) - 1 / units.count)
    if lead <= 0.1:  # nearly all of it would fall on a few units
        return None
    if not (b - a).any():
        return _enough_to_change(shares) / total
    seen = float(np.square(units.sums(b - a)).sum())
    # One more, for whole errors: the test keeps below its error rate where sums are small.
    rise = (q2 + math.sqrt(q2 * q2 + 4 * lead * q2 * seen)) / (2 * lead) + 1
    return max(rise, _enough_to_change(shares)) / total


def _few_make_most_of_it(change: NDArray[np.float64]) -> bool:
    """Whether a few large changes, as loops are, make most of the variance: ranks then find what the sum doesn't."""
    sizes = np.abs(change[change != 0])
    if not len(sizes):
        return False
    usual = np.minimum(sizes, _USUAL * np.median(sizes))
    return float(np.square(sizes).sum()) > _DOMINATED * float(np.square(usual).sum())


def _enough_to_change(shares: NDArray[np.float64]) -> float:
    """The number of errors that changes at least five units four times in five: 6.72 are expected to change."""
    if len(shares) <= _LEAST_CHANGED:
        return math.inf
    low, high = 0.0, _LEAST_CHANGED
    while float(-np.expm1(-high * shares).sum()) < _LEAST_CHANGED:
        high *= 2
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if float(-np.expm1(-middle * shares).sum()) < _LEAST_CHANGED else (low, middle)
    return high
