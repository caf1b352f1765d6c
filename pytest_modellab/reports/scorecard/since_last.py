"""The change of a case's main figure since its last run."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.schema_base import Range
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import canonical_value
from pytest_modellab.tasks.registry import task_named

from .part import MetricName, ReportModel

Kind = Literal["same", "better", "worse", "not told apart"]


class SinceLast(ReportModel):
    """The main figure of a case beside that of its last run, which measured the same data."""

    metric: MetricName
    before: float
    difference: float = Field(description="now less before")
    kind: Kind = Field(description="told apart where the two intervals, or two values without any, don't meet")
    slower: bool = Field(
        default=False, description="whether RTF got worse by more than 30 % beyond both intervals, on quiet machines"
    )

    @property
    def text(self) -> str:
        """`same`; `+0.4`, in points where the figure is in percent; with `better` or `worse` where it is told apart.

        With `slower` where the speed is.
        """
        return f"{self._change}, slower" if self.slower else self._change

    @property
    def _change(self) -> str:
        if self.kind == "same":
            return "same"
        scale = 100 if METRICS[self.metric].unit == "%" else 1
        figure = f"{scale * self.difference:+.2g}"
        return figure if self.kind == "not told apart" else f"{figure} {self.kind}"


def since_last(record: Record, before: Record | None) -> SinceLast | None:
    """What changed from `before` to `record`; None where there is nothing to compare.

    Both may be headers. Intervals that overlap may still differ by a paired test, which reads all answers: this says
    less, and costs nothing.
    """
    metric = task_named(record.case.task).quality_metric(record.error_metric)
    now = record.value(metric)
    then = None if before is None else before.value(metric)
    if before is None or now is None or then is None:
        return None
    return SinceLast(
        metric=metric,
        before=then,
        difference=now - then,
        kind=_kind(metric, record, before),
        slower=_slower(record, before),
    )


def _slower(record: Record, before: Record) -> bool:
    """Whether speed is worse beyond the tripwire of speed baselines, by the figures of headers alone.

    The paired times of utterances would tell smaller differences: as for the main figure this says less.
    """
    from pytest_modellab.results.speed_baseline import LEAST_EXTRA_S, METRIC, TRIPWIRE

    now, then = record.interval(METRIC), before.interval(METRIC)
    if now is None or then is None or record.noise(METRIC) or before.noise(METRIC):
        return False
    if not before.hardware.same_speed(record.hardware).same or any(
        each.provenance.inputs.get("in_process") for each in (before, record)
    ):
        return False
    more = (record.value(METRIC) or 0.0) - (before.value(METRIC) or 0.0)
    extra_s = more * record.summary.audio_s / max(1, record.summary.answered)
    return now.low > (1 + TRIPWIRE) * then.high and extra_s >= LEAST_EXTRA_S


def _kind(metric: str, record: Record, before: Record) -> Kind:
    now, then = record.value(metric), before.value(metric)
    assert now is not None
    assert then is not None
    if now == then and canonical_value(dict(record.parts)) == canonical_value(dict(before.parts)):
        return "same"
    first, second = before.interval(metric), record.interval(metric)
    if now == then or first is None or second is None or _meet(first, second):
        return "not told apart"
    lower = METRICS[metric].better == "lower"
    return "worse" if (now > then) == lower else "better"


def _meet(one: Range, other: Range) -> bool:
    return one.low <= other.high and other.low <= one.high
