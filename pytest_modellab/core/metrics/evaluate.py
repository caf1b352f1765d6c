"""The value of a metric in a run, with its interval, or the reason why it is missing."""

from __future__ import annotations

from collections.abc import Sequence
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


def evaluate_all(metrics: Sequence[Metric], table: Table) -> dict[str, Evaluated]:
    """The values of metrics by name, as `evaluate`."""
    missing = {each.name: _missing(each, table) for each in metrics}
    table.prepare(each for each in metrics if missing[each.name] is None and not isinstance(each.aggregate, Single))
    return {each.name: _evaluated(each, table, missing[each.name]) for each in metrics}


def evaluate(metric: Metric, table: Table) -> Evaluated:
    """The value of a metric in the table's run. Failures and shards aren't considered: the record handles these."""
    return _evaluated(metric, table, _missing(metric, table))


def _missing(metric: Metric, table: Table) -> Missing | None:
    return metric.why_elsewhere(table.run.case.task) or metric.missing(table.run)


def _evaluated(metric: Metric, table: Table, missing: Missing | None) -> Evaluated:
    run = table.run
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
