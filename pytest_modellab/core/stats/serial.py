"""Intervals of values that hang together in time, such as waits in a queue: by how many of them are worth one."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .intervals import Interval
from .student_t import CONFIDENCE, student_t_quantile
from .units import Values

LEAST_LENGTHS = 150
"""So many times longer than values hang together a series must be, or that can't be told from it."""
LEAST_BEYOND = 5.0
"""So many independent values must lie on either side of a quantile."""
METHOD = "share below, of a series"


def correlation_time(values: Values) -> float:
    """How many values in a row are worth one independent value; at least 1.

    The integrated autocorrelation time, by Geyer's initial monotone sequence (1992, "Practical Markov chain Monte
    Carlo"): correlations are summed in pairs as long as these are positive and don't grow.
    """
    x = np.asarray(values, dtype=np.float64)
    n = len(x)
    x = x - x.mean()
    variance = float(x @ x) / n
    if n < 4 or variance == 0:
        return 1.0
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(x, size)
    correlations = np.fft.irfft(spectrum * np.conj(spectrum), size)[:n] / n / variance
    pairs = correlations[: n // 2 * 2].reshape(-1, 2).sum(axis=1)
    kept = int(np.argmax(pairs <= 0)) if np.any(pairs <= 0) else len(pairs)
    monotone: NDArray[np.float64] = np.minimum.accumulate(pairs[:kept])
    return max(1.0, float(2 * monotone.sum() - 1))


def serial_quantile_interval(values: Values, q: float, confidence: float = CONFIDENCE) -> Interval | None:
    """The interval of the `q` quantile of values in the order in which they came.

    It is that of the share of values below the quantile (Woodruff 1952), from as many independent values as the series
    is worth.

    Returns:
        None where the series is too short for what hangs together in it (`LEAST_LENGTHS`), or for the quantile
        (`LEAST_BEYOND`).
    """
    x = np.asarray(values, dtype=np.float64)
    if len(x) < 2 or not 0 < q < 1:
        return None
    below = x <= float(np.quantile(x, q))
    # Values hang together more than on which side of the quantile they lie; the longer time is the safe side.
    time = max(correlation_time(below), correlation_time(np.log(np.maximum(x, 1e-9))))
    worth = len(x) / time
    if worth < LEAST_LENGTHS or worth * min(q, 1 - q) < LEAST_BEYOND:
        return None
    error = math.sqrt(1 / (worth * q * (1 - q)))
    spread = student_t_quantile((1 + confidence) / 2, worth - 1) * error
    odds = math.log(q / (1 - q))
    low, high = (1 / (1 + math.exp(-(odds + side * spread))) for side in (-1, 1))
    first, last = float(np.quantile(x, low)), float(np.quantile(x, high))
    return Interval(first, last, METHOD, math.floor(worth)) if first < last else None
