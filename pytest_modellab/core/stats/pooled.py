"""Intervals of figures over things that come several to an utterance, such as the words of a recording."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .evidence import FEWEST_UNITS
from .intervals import Interval, share_interval
from .labels import Labels
from .student_t import CONFIDENCE, student_t_quantile
from .units import degrees_of_freedom, independent

Several = Sequence[NDArray[np.float64]]
"""The things of each utterance: its values, of shape (things,) or (things, width)."""


def pooled_quantile_interval(
    several: Several, clusters: Sequence[str | None], q: float, confidence: float = CONFIDENCE
) -> Interval | None:
    """The interval of the `q` quantile of the values of all utterances together (Woodruff 1952).

    The interval of the share of values that are at most the quantile, which allows for utterances and speakers
    (`share_interval`), is read back through the distribution of the values.

    Args:
        several: the values of each utterance.
        clusters: the speaker of each utterance; None is a cluster of its own.

    Returns:
        None below five utterances that have any, where an end lies beyond all values, or where both ends are the same
        value.
    """
    several, clusters = _filled(several, clusters)
    if len(several) < FEWEST_UNITS:
        return None
    ordered = np.sort(np.concatenate(several))
    n = len(ordered)
    middle = ordered[max(0, math.ceil(q * n) - 1)]
    below = [float((values <= middle).sum()) for values in several]
    found = share_interval(below, [len(values) for values in several], clusters, confidence)
    if found is None:
        return None
    # Of values that are few or tied, the share at most the quantile is more than q.
    off = q - sum(below) / n
    low, high = math.floor((found.low + off) * n), math.ceil((found.high + off) * n) + 1
    if low < 1 or high > n or ordered[low - 1] >= ordered[high - 1]:
        return None
    return replace(
        found, low=float(ordered[low - 1]), high=float(ordered[high - 1]), method="order statistics of clusters"
    )


def jackknife_interval(
    statistic: Callable[[Several], float | None],
    several: Several,
    clusters: Sequence[str | None],
    confidence: float = CONFIDENCE,
    *,
    sizes: Callable[[NDArray[np.float64]], float] = len,
    scale: tuple[float | None, float | None] = (None, None),
) -> Interval | None:
    """The interval of a smooth statistic of the things of all utterances, by leaving out one unit after the other.

    Scaled by Student's t (Tukey 1958). Units are speakers where there are enough of them, else utterances.

    Args:
        sizes: of the things of an utterance: how much of the whole it is.
        scale: the least and the greatest value that there can be; None for no such.

    Returns:
        None below five utterances that have any, where the statistic has no value without one of them, or where nothing
        varies.
    """
    several, clusters = _filled(several, clusters)
    if len(several) < FEWEST_UNITS:
        return None
    units = independent(clusters)
    whole = statistic(several)
    left = [
        statistic([values for values, place in zip(several, units.places.tolist(), strict=True) if place != unit])
        for unit in range(units.count)
    ]
    known = [each for each in left if each is not None]
    if whole is None or len(known) < len(left):
        return None
    k = units.count
    values = np.array(known, dtype=np.float64)
    error = math.sqrt((k - 1) / k * float(np.square(values - values.mean()).sum()))
    if error == 0:
        return None
    df = degrees_of_freedom(units.sums([sizes(values) for values in several]))
    spread = student_t_quantile((1 + confidence) / 2, df) * error
    return Interval(whole - spread, whole + spread, "jackknife", k, units.conditional, df).within(*scale)


def _filled(several: Several, clusters: Sequence[str | None]) -> tuple[Several, Labels]:
    """Those that have any things, and their clusters."""
    kept = np.array([len(values) > 0 for values in several], dtype=bool)
    return [values for values in several if len(values)], Labels.of(clusters).at(kept)
