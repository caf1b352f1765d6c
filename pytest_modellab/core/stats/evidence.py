"""Evidence about a bound: one-sided p-values from a value's interval, and Holm's correction."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Protocol

from .student_t import CONFIDENCE, regularised_beta, student_t_cdf, student_t_quantile

ALPHA = 1 - CONFIDENCE
FEWEST_UNITS = 5
"""Of independent observations. With fewer, Student's t has next to no degrees of freedom, an interval of a ratio is
beyond sense, and not even a change of all of them the same way is significant: 2^-4 is above 0.05."""

SKEWED_T = "Student's t, for skewness"
_BY_T = frozenset({"Student's t", SKEWED_T, "jackknife"})
FEWEST_CHANGED = FEWEST_UNITS
"""Answers. Of fewer that changed no test can tell whether it was chance."""


class IntervalLike(Protocol):
    """An interval as intervals.Interval has it, or as it is stored."""

    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def method(self) -> str: ...
    @property
    def clusters(self) -> int: ...
    @property
    def df(self) -> float | None: ...
    @property
    def whole(self) -> tuple[float, float] | None: ...


def whole_ends(interval: IntervalLike) -> tuple[float, float]:
    """The ends of an interval before the scale of its metric cut them off: how far it reaches tells how sure it is."""
    return interval.whole or (interval.low, interval.high)


def degrees(interval: IntervalLike) -> float | None:
    """The degrees of freedom of the Student's t that an interval was made by; None where it was made otherwise."""
    by_t = interval.method in _BY_T or interval.method.startswith("linearised")
    if not by_t:
        return None
    return max(1.0, interval.clusters - 1.0) if interval.df is None else interval.df


@dataclass(frozen=True)
class Evidence:
    """The p-values of "the value is not above the bound" and "it is not below".

    Attributes:
        above: small where the data show that the true value is above the bound.
        below: small where they show that it is below.
    """

    above: float
    below: float


def weigh(value: float, interval: IntervalLike, bound: float) -> Evidence:
    """The evidence of a value with its interval about a bound, by the method of the interval."""
    df = degrees(interval)
    low, high = whole_ends(interval)
    match interval.method:
        case "rule of three":
            # No error in n units: the chance of that, were the rate at the bound.
            n = math.log(ALPHA) / math.log1p(-interval.high)
            return Evidence(above=1.0, below=(1 - bound) ** n if bound < 1 else 0.0)
        case "exact" | "Wilson":  # the latter of older records
            return weigh_share(value * interval.clusters, interval.clusters, bound)
        case method if method in _BY_T and df is not None:
            reach = high - value if bound > value else value - low
            if method == "jackknife":  # symmetric, but for an end that the scale cut off in older records
                reach = max(high - value, value - low)
            error = reach / student_t_quantile((1 + CONFIDENCE) / 2, df)
            above = _tail((value - bound) / error if error else math.copysign(math.inf, value - bound), df)
        case _ if df is not None:
            error = math.log(high / value) / student_t_quantile((1 + CONFIDENCE) / 2, df)
            above = _tail(_distance(value, bound, error), df)
        case _:  # bootstrap percentiles of older records: near enough to normal on the log scale
            z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
            error = math.log(interval.high / interval.low) / (2 * z) if interval.low > 0 else math.inf
            above = _tail(_distance(value, bound, error), None)
    return Evidence(above=above, below=1 - above)


def weigh_share(successes: float, trials: float, bound: float) -> Evidence:
    """The evidence of `successes` of `trials` about a share: exact binomial tails, by the beta function for reals.

    At a bound of 0 or 1 one counter-example refutes "never" or "always", and no number proves it.
    """
    if not 0 < bound < 1:
        value = successes / trials
        return Evidence(above=float(value <= bound), below=float(value >= bound))
    return Evidence(
        above=regularised_beta(bound, successes, trials - successes + 1) if successes > 0 else 1.0,
        below=regularised_beta(1 - bound, trials - successes, successes + 1) if successes < trials else 1.0,
    )


def weigh_quantile(values: Sequence[float], q: float, bound: float) -> Evidence:
    """The evidence of values about a bound on their `q` quantile, free of assumptions about their distribution.

    By the number of values beyond the bound, of which a share 1 - q is expected (the sign test). That a 95th percentile
    keeps within a bound takes at least 59 values, all within it: 0.95^59 < 0.05.
    """
    return weigh_series(values, q, bound, len(values))


def weigh_series(values: Sequence[float], q: float, bound: float, worth: float) -> Evidence:
    """The same of values that hang together in time and are worth as many as `worth` independent ones."""
    within = sum(value <= bound for value in values) / len(values)
    found = weigh_share(within * worth, worth, q)
    # More values within the bound than the share q: the quantile is below it.
    return Evidence(above=found.below, below=found.above)


def fewest_values(q: float, alpha: float = ALPHA) -> int:
    """How many values it takes at least to say that their `q` quantile keeps within a bound."""
    return math.ceil(math.log(alpha) / math.log(q))


def _distance(value: float, bound: float, error: float) -> float:
    """Standard errors from the bound up to the value, on the log scale."""
    if bound <= 0:
        return math.inf
    gap = math.log(value / bound)
    if error == 0:
        return math.copysign(math.inf, gap) if gap else 0.0
    return gap / error


def _tail(distance: float, df: float | None) -> float:
    """P(T >= distance), of Student's t or, without `df`, the normal distribution."""
    if math.isinf(distance):
        return 0.0 if distance > 0 else 1.0
    if df is None:
        return NormalDist().cdf(-distance)
    upper = 1 - student_t_cdf(abs(distance), df)
    return upper if distance >= 0 else 1 - upper


def units_needed(value: float, interval: IntervalLike, bound: float, alpha: float = ALPHA) -> int | None:
    """About how many units it would take to tell the figure from the bound, one-sided at `alpha`.

    The standard error shrinks with the root of the number of units; a figure that lies on the bound can't be told from
    it by any number: None.
    """
    low, high = whole_ends(interval)
    if value in {0, 1} and 0 < bound < 1 and interval.method in {"rule of three", "exact", "Wilson"}:
        # As many without any error, or without any that has none.
        return math.ceil(math.log(alpha) / (math.log1p(-bound) if value == 0 else math.log(bound)))
    if interval.method in _BY_T:
        gap, spread = abs(value - bound), (high - low) / 2
    elif value <= 0 or bound <= 0 or low <= 0:
        return None
    else:
        gap, spread = abs(math.log(value / bound)), math.log(high / low) / 2
    if spread <= 0 or gap < 1e-3 * spread:
        return None
    # The interval is two-sided, the decision one-sided; so many units have a normal distribution.
    df = degrees(interval)
    two_sided = (1 + CONFIDENCE) / 2
    error = spread / (NormalDist().inv_cdf(two_sided) if df is None else student_t_quantile(two_sided, df))
    return max(1, math.ceil((NormalDist().inv_cdf(1 - alpha) * error / gap) ** 2 * interval.clusters))


def values_needed(values: Sequence[float], q: float, bound: float, alpha: float = ALPHA) -> int | None:
    """About how many values it would take to tell their `q` quantile from a bound; None where no number would."""
    share = sum(value <= bound for value in values) / len(values)
    if abs(share - q) < 1e-9:
        return None
    z = NormalDist().inv_cdf(1 - alpha)
    return max(fewest_values(q, alpha) if share > q else 1, math.ceil((z / (share - q)) ** 2 * q * (1 - q)))


def holm(p_values: Mapping[str, float], alpha: float = ALPHA) -> set[str]:
    """The hypotheses that are rejected with at most `alpha` chance of any false rejection (Holm 1979)."""
    rejected: set[str] = set()
    ordered = sorted(p_values.items(), key=lambda item: item[1])
    for i, (name, p) in enumerate(ordered):
        if p > alpha / (len(ordered) - i):
            break
        rejected.add(name)
    return rejected
