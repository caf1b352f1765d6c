"""The utterances that contribute most to a value, the worst first, each with its faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_modellab.core.metrics.aggregate import Ratio
from pytest_modellab.core.metrics.measured import Utterance
from pytest_modellab.core.metrics.metric import Fault, Metric
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.stored import StoredTable, field
from pytest_modellab.core.metrics.table import Table
from pytest_modellab.tasks.asr.counts import counts_of
from pytest_modellab.tasks.registry import task_named

from .record import Record, UtteranceResult

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class WorstUtterance:
    """An utterance and its contribution to a failing value; `weight` is the sort key."""

    result: UtteranceResult
    note: str
    weight: float
    raw: bool = False
    """Whether it is the raw texts that differ, and not their words."""


def worst_utterances(record: Record, count: int) -> list[UtteranceResult]:
    """Those with the most errors, none without any; failures first."""
    return [record.utterances[place] for place in worst_places(record, count)]


def worst_places(record: Record, count: int) -> list[int]:
    """Their places in the record."""
    import numpy as np

    errors, failed = errors_by_row(record), failed_rows(record)
    ranked = np.lexsort((-errors, ~failed))[:count]
    return [place for place in ranked.tolist() if errors[place] or failed[place]]


def errors_by_row(record: Record) -> NDArray[np.float64]:
    """The errors of each utterance, as `Record.errors_of`; shape (utterances,)."""
    import numpy as np

    rows, own = record.utterances, task_named(record.case.task).error_metric
    if not isinstance(rows, StoredTable):
        return np.array([record.errors_of(row) for row in rows], dtype=np.float64)
    if own is None:
        return counts_of(rows)[0].errors.astype(np.float64)
    column = Table(record).column(METRICS[own])
    found = np.zeros(len(rows))
    found[column.rows] = column.values
    return found


def failed_rows(record: Record) -> NDArray[np.bool_]:
    """Which utterances have no answer; shape (utterances,)."""
    import numpy as np

    return np.fromiter((error is not None for error in field(record.utterances, "error")), dtype=bool)


def behind(record: Record, name: str) -> list[WorstUtterance]:
    """The utterances behind a metric; [] where none stands out, and of error rates, which errors of words explain."""
    metric = METRICS[name]
    if metric.comparison == "error rate" or metric.why_elsewhere(record.case.task) is not None:
        return []
    found = []
    for result in record.utterances:
        fault = _fault(metric, Utterance(result, record))
        if fault is not None:
            found.append(WorstUtterance(result, fault.note, fault.weight, metric.raw))
    return sorted(found, key=lambda each: -each.weight)


def _fault(metric: Metric, utterance: Utterance) -> Fault | None:
    """What is wrong in an utterance; of a rate of errors, if the metric says no more, how many it has."""
    if metric.fault is not None:
        return metric.fault(utterance)
    if not isinstance(metric.aggregate, Ratio) or metric.aggregate.method != "rate" or metric.contribution is None:
        return None
    contribution = metric.contribution(utterance)
    if not isinstance(contribution, tuple) or contribution[0] <= 0:
        return None
    errors, units = contribution
    return Fault(f"{errors:g} of {units:g}", errors)
