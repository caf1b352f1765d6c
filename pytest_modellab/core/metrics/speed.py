"""Speed figures from times in seconds."""

import math
from collections.abc import Sequence


def rtf(processing_s: Sequence[float], audio_s: Sequence[float]) -> float | None:
    """Real-time factor of a corpus: sum of processing times over sum of audio durations, both in seconds.

    The mean of the clips' own factors would let a short clip's fixed overhead weigh as much as an hour of
    speech.

    Returns:
        None where there is no audio.

    Raises:
        ValueError: the sequences differ in length, so they cannot be of the same clips.
    """
    if len(processing_s) != len(audio_s):
        raise ValueError(f"{len(processing_s)} processing times for {len(audio_s)} clips")
    total_audio_s = math.fsum(audio_s)
    return math.fsum(processing_s) / total_audio_s if total_audio_s > 0 else None


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
