"""The value of a metric in a run, with its interval, or the reason why it is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .aggregate import Single
from .metric import Metric, Missing
from .table import Table

if TYPE_CHECKING:
    from pytest_modellab.core.stats.intervals import Interval


@dataclass(frozen=True)
class Evaluated:
    """A value with its interval; `missing` is the reason where `value` is None."""

    value: float | None
    interval: Interval | None = None
    missing: Missing | None = None


def evaluate(metric: Metric, table: Table) -> Evaluated:
    """The value of a metric in the table's run. Failures and shards aren't considered: the record handles these."""
    run = table.run
    missing = metric.why_elsewhere(run.case.task) or metric.missing(run)
    if missing is not None:
        return Evaluated(None, missing=missing)
    if isinstance(metric.aggregate, Single):
        value = metric.aggregate.read(run)
        return Evaluated(value, missing=metric.why_empty(run) if value is None else None)
    column = table.column(metric)
    value = metric.aggregate.value(column)
    if value is None:
        return Evaluated(None, missing=metric.why_empty(run))
    return Evaluated(value, metric.aggregate.interval(column))
