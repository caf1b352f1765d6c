"""Two sets of answers to the same utterances: did the error rate change, and how small a change could be seen?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from .intervals import SEED, cluster_sums
from .student_t import CONFIDENCE

REPLICATES = 4_000
# Random draws held at a time: 16 MB.
_BLOCK_VALUES = 2_000_000
POWER = 0.8


@dataclass(frozen=True)
class Paired:
    """The change of a corpus error rate from a first to a second set of answers, positive where it got worse.

    Attributes:
        difference: second rate minus first, as a ratio.
        low, high: its 95 % interval.
        p: two-sided, of no change.
        detectable: the smallest change that this set would have shown four times in five, at a 5 % false alarm rate.
        clusters: number of independent units.
        conditional: why this holds only for these recordings (few speakers), else "".
    """

    difference: float
    low: float
    high: float
    p: float
    detectable: float
    clusters: int
    conditional: str


def compare(
    first: Sequence[int],
    second: Sequence[int],
    units: Sequence[int],
    clusters: Sequence[str | None],
    replicates: int = REPLICATES,
) -> Paired | None:
    """Compare the errors of two sets of answers, utterance by utterance.

    The interval is the percentile bootstrap of whole clusters, both sets drawn alike (Bisani & Ney 2004, "Bootstrap
    estimates for confidence intervals in ASR performance evaluation"). The p-value comes from random sign flips of the
    clusters' differences: were there no change, which set an answer came from would not matter. Seeded.

    Args:
        first, second: S + D + I of each utterance.
        units: reference words of each utterance, the same for both.
        clusters: speaker or recording of each utterance; None counts as a cluster of its own.

    Returns:
        None below two utterances, or without units.
    """
    a, b, n = (np.asarray(values, dtype=np.float64) for values in (first, second, units))
    total = float(n.sum())
    if len(a) < 2 or total <= 0:
        return None
    (change, words), conditional = cluster_sums((b - a, n), clusters)
    k = len(change)
    random = np.random.default_rng(SEED)
    drawn = np.concatenate(
        [
            change[chosen].sum(axis=1) / np.maximum(words[chosen].sum(axis=1), 1)
            for size in _blocks(replicates, k)
            for chosen in [random.integers(0, k, size=(size, k), dtype=np.int32)]
        ]
    )
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    seen = abs(float(change.sum()))
    # Sums of whole numbers: equality is exact.
    extreme = sum(
        int((np.abs(2 * (_coins(random, size, k) @ change) - change.sum()) >= seen).sum())
        for size in _blocks(replicates, k)
    )
    error = float(np.sqrt(np.square(change).sum())) / total
    reach = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) + NormalDist().inv_cdf(POWER)
    return Paired(
        difference=float(change.sum()) / total,
        low=float(low),
        high=float(high),
        p=(1 + extreme) / (1 + replicates),
        detectable=reach * error,
        clusters=k,
        conditional=conditional,
    )


def _coins(random: np.random.Generator, size: int, k: int) -> NDArray[np.float32]:
    """Fair zeros and ones of shape (size, k)."""
    bits = np.frombuffer(random.bytes(size * ((k + 7) // 8)), dtype=np.uint8).reshape(size, -1)
    return np.unpackbits(bits, axis=1, count=k).astype(np.float32)


def _blocks(replicates: int, k: int) -> Iterator[int]:
    """Numbers of replicates that keep a block of draws small."""
    block = max(1, _BLOCK_VALUES // k)
    while replicates > 0:
        yield min(block, replicates)
        replicates -= block
