"""The utterances that contribute most to a value, the worst first, each with its faults."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_modellab.core.metrics.aggregate import Ratio
from pytest_modellab.core.metrics.measured import Utterance
from pytest_modellab.core.metrics.metric import Fault, Metric
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.table import Table

from .record import Record, UtteranceResult


@dataclass(frozen=True)
class WorstUtterance:
    """An utterance and its contribution to a failing value; `weight` is the sort key."""

    result: UtteranceResult
    note: str
    weight: float
    raw: bool = False
    """Whether it is the raw texts that differ, and not their words."""


def behind(record: Record, name: str) -> list[WorstUtterance]:
    """The utterances behind a metric; [] where none stands out, and of error rates, which errors of words explain."""
    metric = METRICS[name]
    if metric.comparison == "error rate" or metric.why_elsewhere(record.case.task) is not None:
        return []
    found = []
    for utterance, result in zip(Table(record).utterances, record.utterances, strict=True):
        fault = _fault(metric, utterance)
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
