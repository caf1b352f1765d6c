"""Evidence of a record about a bound on a metric, by the interval or by the values of its utterances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_modellab.core.console import counted
from pytest_modellab.core.metrics.aggregate import Quantile
from pytest_modellab.core.metrics.table import Table
from pytest_modellab.core.stats.evidence import (
    Evidence,
    fewest_values,
    units_needed,
    values_needed,
    weigh,
    weigh_quantile,
    weigh_series,
)

if TYPE_CHECKING:
    from pytest_modellab.core.metrics.metric import Metric
    from pytest_modellab.core.schema_base import Range

    from .record import Record


@dataclass(frozen=True)
class Held:
    """Evidence, the recordings that it is conditional on ("" for none), and the reason where it is inconclusive."""

    evidence: Evidence
    conditional: str
    doubt: Callable[[float], str]

    @property
    def above(self) -> float:
        return self.evidence.above

    @property
    def below(self) -> float:
        return self.evidence.below


def held_against(record: Record, metric: Metric, value: float, bound: float) -> Held | None:
    """The evidence of the utterances about a value and a bound; None where they are too few for an interval."""
    interval = record.interval(metric.name)
    if isinstance(metric.aggregate, Quantile):
        values = Table(record).column(metric).values.tolist()
        if metric.order is not None:
            return None if interval is None else _series(values, metric.aggregate.q, metric, bound, interval)
        return _quantile(values, metric.aggregate.q, metric, bound, interval)
    return None if interval is None else _figure(record, metric, value, bound, interval)


def _quantile(values: list[float], q: float, metric: Metric, bound: float, interval: Range | None) -> Held | None:
    if not values:
        return None

    def doubt(alpha: float) -> str:
        needed = values_needed(values, q, bound, alpha)
        told = "no number of calls would decide it" if needed is None else f"about {counted(needed, 'call')} would tell"
        if interval is not None:
            span = f"95 % interval [{metric.format(interval.low)}, {metric.format(interval.high)}] on"
        elif len(values) < fewest_values(q):
            span = f"no upper end of a {100 * q:g}th percentile out of fewer than {fewest_values(q)} calls, found"
        else:
            span = "out of"
        return f"{span} {counted(len(values), 'call')}; {told}"

    return Held(weigh_quantile(values, q, bound), "", doubt)


def _series(values: list[float], q: float, metric: Metric, bound: float, interval: Range) -> Held:
    """Of values that hang together in time: by as many independent ones as the interval says they are worth."""

    def doubt(alpha: float) -> str:
        span = f"[{metric.format(interval.low)}, {metric.format(interval.high)}]"
        worth = f"{counted(len(values), 'call')}, worth {interval.clusters} independent ones"
        return f"95 % interval {span} on {worth}; more calls would tell"

    return Held(weigh_series(values, q, bound, interval.clusters), "", doubt)


def _figure(record: Record, metric: Metric, value: float, bound: float, interval: Range) -> Held:
    def doubt(alpha: float) -> str:
        column = Table(record).column(metric)
        cluster, unit = column.nouns
        if interval.method in {"exact", "Wilson"}:
            unit = unit if interval.clusters == len(column) else "independent case"
        elif not interval.conditional and any(each is not None for each in column.clusters):
            unit = cluster
        needed = units_needed(value, interval, bound, alpha)
        told = f"no number of {unit}s would tell" if needed is None else f"about {counted(needed, unit)} would tell"
        span = f"[{metric.format(interval.low)}, {metric.format(interval.high)}]"
        text = f"95 % interval {span} on {counted(interval.clusters, unit)}; {told}"
        # The number of utterances has just been stated.
        return f"{text}; {interval.conditional}" if "speaker" in interval.conditional else text

    return Held(weigh(value, interval, bound), interval.conditional, doubt)
