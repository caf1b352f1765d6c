"""Quantiles of times, in seconds."""

import math
from collections.abc import Sequence


def quantile(values: Sequence[float], q: float) -> float | None:
    """The `q` quantile by linear interpolation between order statistics.

    With the n values sorted as x[0..n-1] and h = (n - 1) q, it is x[i] + (h - i) (x[i+1] - x[i]), i =
    floor(h): type 7 of Hyndman & Fan (1996), "Sample Quantiles in Statistical Packages", numpy's default.

    Returns:
        None where there are no values.

    Raises:
        ValueError: `q` is outside [0, 1], or a value is NaN, which has no place in an order.
    """
    if not 0.0 <= q <= 1.0:
        raise ValueError(f"a quantile lies between 0 and 1, not at {q}")
    if any(map(math.isnan, values)):
        raise ValueError("no quantile of values among which one is NaN")
    if not values:
        return None
    ordered = sorted(values)
    h = (len(ordered) - 1) * q
    low = math.floor(h)
    high = math.ceil(h)
    return ordered[low] + (h - low) * (ordered[high] - ordered[low])
