"""Student's t and the beta distribution, in plain Python: scipy is no dependency, and gates are imported where numpy is
not."""

from __future__ import annotations

import math
from functools import cache, lru_cache

CONFIDENCE = 0.95
"""Of every interval and decision."""


@cache
def student_t_quantile(p: float, df: float) -> float:
    """The p quantile of Student's t, by bisection of its distribution function. 0 < p < 1, df > 0."""
    if p < 0.5:
        return -student_t_quantile(1 - p, df)
    low, high = 0.0, 1.0
    while student_t_cdf(high, df) < p:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if middle in {low, high}:
            break
        low, high = (middle, high) if student_t_cdf(middle, df) < p else (low, middle)
    return (low + high) / 2


def student_t_cdf(t: float, df: float) -> float:
    """P(T <= t) for t >= 0, by the regularised incomplete beta function."""
    return 1 - regularised_beta(df / (df + t * t), df / 2, 0.5) / 2


@lru_cache(maxsize=4096)
def beta_quantile(p: float, a: float, b: float) -> float:
    """The p quantile of the beta distribution, by bisection of its distribution function. 0 < p < 1."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if regularised_beta(middle, a, b) < p else (low, middle)
    return (low + high) / 2


def regularised_beta(x: float, a: float, b: float) -> float:
    """I_x(a, b) by Lentz's evaluation of its continued fraction (Press et al., "Numerical Recipes", 6.4)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x > (a + 1) / (a + b + 2):  # the fraction converges quickly only below
        return 1 - regularised_beta(1 - x, b, a)
    tiny = 1e-300
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > tiny else tiny)
    h = d
    for m in range(1, 500):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + numerator * d
            d = 1 / (d if abs(d) > tiny else tiny)
            c = 1 + numerator / c
            c = c if abs(c) > tiny else tiny
            h *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return front * h / a
