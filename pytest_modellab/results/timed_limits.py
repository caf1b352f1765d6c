"""Limits on times: a run may be slower than another of the same thing, on a machine that counts as quiet, too.

Noise only ever slows. So a time within its limit holds, and one beyond it fails where no such run would be as slow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from pytest_modellab.core.metrics.aggregate import Share

if TYPE_CHECKING:
    # Suites import the verdicts, and these this module, where neither records nor numpy are wanted yet.
    from pytest_modellab.core.metrics.metric import Metric

    from .record import Record

Comparison: TypeAlias = Literal["<=", "<", ">=", ">"]


def holds(value: float, comparison: Comparison, bound: float) -> bool:
    """Whether a value keeps to a bound."""
    return {"<=": value <= bound, "<": value < bound, ">=": value >= bound, ">": value > bound}[comparison]


def worst_within(metric: Metric, comparison: Comparison, bound: float) -> float:
    """The worst figure of a run whose true one is at the bound; for what is no time, and for shares, the bound."""
    return metric.worst_of(bound) if _bounds_the_worse_side(metric, comparison) else bound


def doubt(record: Record, metric: Metric, comparison: Comparison, value: float, bound: float) -> str:
    """Why a value may be that of a model within its bound; "" where it keeps to it, and where it fails.

    A time may be, up to what runs differ by. A share of calls in time may be, where so many calls say nothing.
    """
    if metric.timed is None or holds(value, comparison, bound) or not _bounds_the_worse_side(metric, comparison):
        return ""
    if metric.run_spread is not None:
        worst = worst_within(metric, comparison, bound)
        return varies(metric, worst) if holds(value, comparison, worst) else ""
    if not isinstance(metric.aggregate, Share):
        return ""
    from pytest_modellab.core.stats.evidence import ALPHA

    from .evidence import held_against

    held = held_against(record, metric, value, bound)
    if held is None or (held.above if metric.better == "lower" else held.below) <= ALPHA:
        return ""
    return held.doubt(ALPHA)


def varies(metric: Metric, worst: float) -> str:
    """Why a time beyond its limit does not fail, and where it would."""
    assert metric.run_spread is not None
    told = f"{metric.title} is beyond its limit by less than runs differ ({metric.run_spread:.0%})"
    return f"{told}; it fails beyond {metric.format(worst)}"


def _bounds_the_worse_side(metric: Metric, comparison: Comparison) -> bool:
    return comparison.startswith("<") is (metric.better == "lower")
