"""What each threshold comes to on the cuts of a run: how often it cuts off, and how long it waits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from .record import GIVE_UP_S, OperatingPoint

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .record import Cut

RATES = (0.0, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Of unfinished cuts that are cut off, at the points of a curve."""
_NEVER = math.inf
"""A threshold that no probability reaches."""


def wait_s(cut: Cut, threshold: float) -> float:
    """Silence until a finished turn counts as such."""
    place = cut.fires_at(threshold)
    return GIVE_UP_S if place is None else min(GIVE_UP_S, cut.silences_s[place])


@dataclass(frozen=True)
class Sweep:
    """The cuts of a run; None for one on which the model failed, which counts as cut off, or as never finished."""

    finished: Sequence[Cut | None]
    unfinished: Sequence[Cut | None]

    @cached_property
    def _highest(self) -> NDArray[np.float64]:
        """Of unfinished cuts, the highest probability of each, in rising order."""
        highest = [_NEVER if cut is None else max(cut.probabilities, default=0.0) for cut in self.unfinished]
        return np.sort(np.array(highest, dtype=np.float64))

    def threshold_at(self, rate: float) -> float:
        """The lowest threshold by which at most this share of the unfinished cuts is cut off."""
        allowed = math.floor(rate * len(self._highest) + 1e-9)
        if allowed >= len(self._highest):
            return 0.0
        return float(np.nextafter(self._highest[len(self._highest) - 1 - allowed], math.inf))

    def at(self, threshold: float) -> OperatingPoint:
        """What one threshold comes to."""
        waits = [GIVE_UP_S if cut is None else wait_s(cut, threshold) for cut in self.finished]
        missed = sum(cut is None or cut.fires_at(threshold) is None for cut in self.finished)
        cut_off = len(self._highest) - int(np.searchsorted(self._highest, threshold, side="left"))
        return OperatingPoint(
            threshold=threshold if threshold <= 1 else None,
            cut_off_rate=cut_off / len(self._highest),
            late_rate=missed / len(waits),
            wait_s=math.fsum(waits) / len(waits),
        )

    def curve(self) -> tuple[OperatingPoint, ...]:
        """The points at which more and more is cut off, and less and less waited for; equal ones once."""
        return tuple(dict.fromkeys(self.at(self.threshold_at(rate)) for rate in RATES))


def placements(first: Sequence[float], other: Sequence[float], *, above: bool) -> NDArray[np.float64]:
    """Of each of the first the share of the others that it is above, or below; equal ones count half."""
    values, sorted_others = np.array(first, dtype=np.float64), np.sort(np.array(other, dtype=np.float64))
    below = np.searchsorted(sorted_others, values, side="left")
    equal = np.searchsorted(sorted_others, values, side="right") - below
    share: NDArray[np.float64] = (below + equal / 2) / len(sorted_others)
    return share if above else 1 - share
