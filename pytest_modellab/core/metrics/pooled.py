"""Aggregation of things that come several to an utterance: the median of all word boundaries, the calibration of all
words. numpy is imported when first needed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_modellab.core.stats.student_t import CONFIDENCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_modellab.core.stats.intervals import Interval

    from .aggregate import Column, Numbers

BINS = 10
"""Of equal width, in which confidence is compared with correctness."""
_LEAST = 1e-6
"""A probability nearer to 0 or 1 counts as so much: its logarithm would have no bound."""


@dataclass(frozen=True)
class PooledQuantile:
    """The `q` quantile of the values of all utterances together, by linear interpolation as `Quantile`.

    A contribution is a list of values.
    """

    q: float
    width: Literal[1] = 1
    has_interval: Literal[True] = True

    def value(self, column: Column) -> float | None:
        several = [values for values in column.several(self.width) if len(values)]
        if not several:
            return None
        import numpy as np

        return float(np.quantile(np.concatenate(several), self.q))

    def interval(self, column: Column, confidence: float = CONFIDENCE) -> Interval | None:
        from pytest_modellab.core.stats.pooled import pooled_quantile_interval

        return column.named(pooled_quantile_interval(column.several(self.width), column.clusters, self.q, confidence))


@dataclass(frozen=True)
class CalibrationError:
    """Expected calibration error: the mean difference of confidence and correctness over ten bins of equal width,
    weighted by their words (Guo et al. 2017).

    A contribution is a list of pairs, a probability and 1 or 0 for right or wrong. It is above 0 by chance where words
    are few, so that it has no interval.
    """

    width: Literal[2] = 2
    has_interval: Literal[False] = False

    def value(self, column: Column) -> float | None:
        import numpy as np

        pairs = pooled_pairs(column.several(self.width))
        if pairs is None:
            return None
        gaps = [abs(each.confidence - each.right) * each.words for each in reliability(pairs)]
        return float(np.sum(gaps) / len(pairs))

    def interval(self, column: Column, confidence: float = CONFIDENCE) -> None:
        return None


@dataclass(frozen=True)
class NormalizedCrossEntropy:
    """Normalized cross entropy (NIST): by how much confidence tells more than the share of right words does.

    1 is certainty that is always right, 0 tells nothing, less misleads. A contribution is a list of pairs, as for
    `CalibrationError`. None where all words are right, or all wrong.
    """

    width: Literal[2] = 2
    has_interval: Literal[True] = True

    def value(self, column: Column) -> float | None:
        return normalized_cross_entropy(column.several(self.width))

    def interval(self, column: Column, confidence: float = CONFIDENCE) -> Interval | None:
        from pytest_modellab.core.stats.pooled import jackknife_interval

        several = column.several(self.width)
        found = jackknife_interval(normalized_cross_entropy, several, column.clusters, confidence, scale=(None, 1.0))
        return column.named(found)


def pooled_pairs(several: Sequence[Numbers]) -> Numbers | None:
    """The pairs of all utterances, shape (words, 2); None where there are none."""
    import numpy as np

    found = [each for each in several if len(each)]
    return np.concatenate(found) if found else None


def normalized_cross_entropy(several: Sequence[Numbers]) -> float | None:
    """Of the pairs of all utterances; None without pairs, and where all are right or all wrong."""
    import numpy as np

    pairs = pooled_pairs(several)
    if pairs is None:
        return None
    probability, right = np.clip(pairs[:, 0], _LEAST, 1 - _LEAST), pairs[:, 1]
    share = float(right.mean())
    if share in {0.0, 1.0}:
        return None
    prior = -(share * math.log(share) + (1 - share) * math.log(1 - share))
    given = -float(np.mean(np.where(right == 1, np.log(probability), np.log1p(-probability))))
    return (prior - given) / prior


@dataclass(frozen=True)
class Bin:
    """The words whose confidence lies in one band: how many, their mean confidence, and the share that is right."""

    words: int
    confidence: float
    right: float


def reliability(pairs: Numbers) -> list[Bin]:
    """The bins of a reliability diagram that have words, of the lowest confidence first; pairs of shape (words, 2)."""
    import numpy as np

    place = np.minimum((pairs[:, 0] * BINS).astype(np.intp), BINS - 1)
    found = []
    for number in range(BINS):
        own = pairs[place == number]
        if len(own):
            found.append(Bin(len(own), float(own[:, 0].mean()), float(own[:, 1].mean())))
    return found
