"""The difference of two independent figures out of the interval of each (MOVER: Zou & Donner 2008)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from .evidence import IntervalLike, degrees, whole_ends
from .student_t import CONFIDENCE, student_t_cdf, student_t_quantile

_DF_OF_NONE = 8.0
"""Of a figure without any error, whose upper end is one-sided. What so many units leave open falls more slowly than the
normal distribution: at two and three times the end it is 0.0025 and 0.0001, and by Student's t of 8 degrees more."""


@dataclass(frozen=True)
class Figure:
    """A value with the ends of its 95 % interval.

    Attributes:
        df: degrees of freedom of Student's t by which the ends were made; None where they are of another distribution.
    """

    value: float
    low: float
    high: float
    df: float | None

    @classmethod
    def of(cls, value: float, interval: IntervalLike) -> Figure:
        low, high = whole_ends(interval)
        if interval.method == "jackknife":  # symmetric; the scale cut off an end in older records
            reach = max(high - value, value - low)
            low, high = value - reach, value + reach
        if interval.method == "rule of three":
            reach = (high - value) * _quantile(_DF_OF_NONE) / student_t_quantile(CONFIDENCE, _DF_OF_NONE)
            return cls(value, low, value + reach, _DF_OF_NONE)
        return cls(value, low, high, degrees(interval))

    def __neg__(self) -> Figure:
        return Figure(-self.value, -self.high, -self.low, self.df)


def ends(before: Figure, after: Figure) -> tuple[float, float]:
    """The 95 % interval of the second less the first."""
    change = after.value - before.value
    down, up = _reaches(before, after)
    return change - math.hypot(*down), change + math.hypot(*up)


def p_beyond(before: Figure, after: Figure, bound: float = 0.0) -> float:
    """The one-sided p-value of "the difference doesn't lie beyond the bound", to the side on which it does.

    By Student's t with the degrees of freedom of Welch & Satterthwaite, of the side of each interval that faces the
    bound; by the normal distribution where neither interval has any.
    """
    far = after.value - before.value - bound
    if far == 0:
        return 0.5
    # The interval's own side towards the bound says how far off it is.
    reaches = _reaches(before, after)[0 if far > 0 else 1]
    dfs = (after.df, before.df)
    errors = [reach / _quantile(df) for reach, df in zip(reaches, dfs, strict=True)]
    error = math.hypot(*errors)
    if error == 0:
        return 0.0
    spent = sum(each**4 / df for each, df in zip(errors, dfs, strict=True) if df is not None)
    distance = abs(far) / error
    return 1 - student_t_cdf(distance, error**4 / spent) if spent else NormalDist().cdf(-distance)


def _reaches(before: Figure, after: Figure) -> tuple[tuple[float, float], tuple[float, float]]:
    """How far the intervals of the second and of the first reach: to the lower end of the difference, to the upper."""
    down = (after.value - after.low, before.high - before.value)
    up = (after.high - after.value, before.value - before.low)
    return down, up


def _quantile(df: float | None) -> float:
    level = (1 + CONFIDENCE) / 2
    return NormalDist().inv_cdf(level) if df is None else student_t_quantile(level, df)
