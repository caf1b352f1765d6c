"""Independent observations: speakers where there are enough of them, else utterances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .labels import Labels

Values: TypeAlias = Sequence[float] | NDArray[Any]
"""Of shape (utterances,)."""

FEWEST_CLUSTERS = 5
"""Of a figure: from five speakers on Student's t covers the rate of speakers in general (benchmarks/intervals.py)."""
FEWEST_PAIRED_CLUSTERS = 25
"""Of a comparison: whether these speakers got worse is what is asked, and over few speakers a test finds less. Over
five it finds less than half as often as over utterances, over 20 up to twelve points below the best test
(benchmarks/gate_power.py)."""

LEAST_DF = 2.0
"""Where one unit is three quarters of all, fewer make an interval five times as wide that covers hardly more often
(benchmarks/coverage_of_intervals.py)."""


@dataclass(frozen=True)
class Units:
    """The independent observations of a set of utterances.

    Attributes:
        places: of each utterance, shape (utterances,): the number of its unit, from 0.
        count: number of units.
        conditional: why results hold only for these recordings (few speakers), else "".
    """

    places: NDArray[np.intp]
    count: int
    conditional: str

    def sums(self, values: Values) -> NDArray[np.float64]:
        """Values of shape (utterances,) summed by unit, shape (count,)."""
        weights = np.asarray(values, dtype=np.float64)
        return np.bincount(self.places, weights=weights, minlength=self.count).astype(np.float64)

    @property
    def df(self) -> float:
        """Degrees of freedom of a mean over all values."""
        return degrees_of_freedom(np.bincount(self.places, minlength=self.count))

    def spread(self, values: Values) -> NDArray[np.float64]:
        """A value of each unit, shape (count,), whose mean is that of all values.

        How far one lies from the mean is what its unit adds to the linearised error of that mean: of a large unit more,
        and still more as it pulls the mean towards itself (as in `ratio_variance`).
        """
        x = np.asarray(values, dtype=np.float64)
        if self.count == len(x):
            return x
        mean, shares = x.mean(), np.bincount(self.places, minlength=self.count) / len(x)
        off = (self.count - 1) / len(x) * self.sums(x - mean) / np.maximum(1 - shares, 1e-9)
        return np.asarray(mean + off - off.mean(), dtype=np.float64)


def independent(clusters: Sequence[str | None], fewest: int = FEWEST_CLUSTERS) -> Units:
    """The units of utterances with these clusters (speakers or dialogues); None is a cluster of its own.

    With fewer than `fewest` clusters, or fewer than five known ones, utterances stand in for them, and results are
    conditional on those speakers.
    """
    labels = Labels.of(clusters)
    places, count = labels.numbered()
    known, total = len(labels.known), len(labels)
    if count >= fewest and (known == 0 or known >= min(fewest, FEWEST_CLUSTERS)):
        return Units(places, count, "")
    conditional = (
        f"conditional on {known} speaker{'s' * (known != 1)}"
        if known
        else f"from {total} utterance{'s' * (total != 1)}"
    )
    return Units(np.arange(total, dtype=np.intp), total, conditional)


def degrees_of_freedom(sizes: Values) -> float:
    """Of Student's t over units of these sizes, shape (units,): one less than the units of one size they are worth.

    These are the squared sum of the sizes over the sum of their squares (Kish 1965, "Survey Sampling"). Where one unit
    is half of all, no number of others makes up for it. Of three units or more at least `LEAST_DF`.
    """
    x = np.asarray(sizes, dtype=np.float64)
    most = max(1.0, len(x) - 1.0)
    if not len(x) or np.ptp(x) == 0:
        return most
    return max(min(LEAST_DF, most), float(x.sum()) ** 2 / float(np.square(x).sum()) - 1)


def ratio_variance(top: NDArray[np.float64], bottom: NDArray[np.float64]) -> float:
    """The variance of sum(top) / sum(bottom) over independent units, both of shape (units,).

    Linearised (Cochran 1977, "Sampling Techniques", 6.8), each unit's deviation over one less its share of the bottom:
    the large ones pull the ratio towards themselves (HC3 of MacKinnon & White 1985; nearly the jackknife).
    """
    total = float(bottom.sum())
    shares = np.minimum(bottom / total, 1 - 1e-9)
    deviations = (top - float(top.sum()) / total * bottom) / (1 - shares)
    return float(np.square(deviations).sum()) / total**2
