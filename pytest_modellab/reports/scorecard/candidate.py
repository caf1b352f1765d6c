"""Candidates of a recommendation: a model on a device, with its results in the required tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_modellab.core.metrics.metric import Metric
from pytest_modellab.core.metrics.registry import METRICS

if TYPE_CHECKING:
    from .row import Row


@dataclass(frozen=True)
class Candidate:
    """A model on a device. `rows` are those of its rows in each required task that count, of `measured` graded ones."""

    model: str
    device: str
    rows: Mapping[str, Sequence[Row]]
    measured: Mapping[str, int] = field(default_factory=dict)

    @property
    def every(self) -> list[Row]:
        return [row for own in self.rows.values() for row in own]

    def on(self, shared: Mapping[str, set[tuple[str, str]]]) -> Candidate:
        """What of it is compared: on this data, see `data_of`."""
        kept = {task: [row for row in own if data_of(row) in shared[task]] for task, own in self.rows.items()}
        return replace(self, rows=kept)

    def value(self, named: str) -> float | None:
        """`task.metric` over its data sets; None where one of them has none.

        The worst of times and memory. Error rates are pooled by what was said, if all count words or all characters;
        everything else is the mean, by utterance where all count the same.
        """
        task, metric = split(named)
        found = [(row, row.figures.get(metric_of(row, metric))) for row in self.rows[task]]
        values = [(row, value) for row, value in found if value is not None]
        if not values or len(values) < len(found):
            return None
        if worst_counts(METRICS[metric]):
            return max((value for _, value in values), key=lambda value: ascending(metric, value))
        if is_rate(metric) and len({metric_of(row, metric) for row, _ in values}) > 1:
            return sum(value for _, value in values) / len(values)
        weights = [row.words if is_rate(metric) else row.utterances for row, _ in values]
        total = sum(value * weight for (_, value), weight in zip(values, weights, strict=True))
        return total / sum(weights) if sum(weights) else None

    def order(self, named: str) -> float:
        """The lower the better; of what there is a figure of."""
        value = self.value(named)
        assert value is not None
        return ascending(split(named)[1], value)

    def title(self, named: str) -> str:
        """WER, CER, or both, as the rows have it."""
        task, metric = split(named)
        return " and ".join(dict.fromkeys(METRICS[metric_of(row, metric)].title for row in self.rows[task]))

    def shown(self, named: str) -> str:
        return f"{self.title(named)} {METRICS[split(named)[1]].format(self.value(named))}"

    def noisy(self, named: str) -> bool:
        """Whether it is a time from a noisy run."""
        task, metric = split(named)
        return any(row.noise(metric) for row in self.rows[task])


def compared(candidate: Candidate, among: Sequence[Candidate]) -> Candidate:
    """What of a candidate all of them share; the whole of it where they share nothing in some task."""
    shared = {task: set.intersection(*({data_of(row) for row in each.rows[task]} for each in among))
              for task in candidate.rows}  # fmt: skip
    return candidate.on(shared) if all(shared.values()) else candidate


def is_rate(metric: str) -> bool:
    """Whether it is an error rate, which is pooled by what was said."""
    return METRICS[metric].comparison == "error rate"


def worst_counts(metric: Metric) -> bool:
    """Whether the worst of several data sets counts, as of times and memory; others are pooled over what was said."""
    return metric.timed is not None or metric.unit == "MB"


def split(named: str) -> tuple[str, str]:
    """Task and metric of `task.metric`."""
    task, _, metric = named.partition(".")
    return task, metric


def data_of(row: Row) -> tuple[str, str]:
    """What it was measured on: figures of one data set before and after it was changed aren't compared."""
    return row.case.dataset, row.data


def metric_of(row: Row, named: str) -> str:
    """Where words aren't divided by spaces, characters are compared with what is said of words."""
    return row.error_metric if named == "wer" else named


def ascending(metric: str, value: float) -> float:
    """A value such that the lower one is the better one."""
    return value if METRICS[metric].better == "lower" else -value
