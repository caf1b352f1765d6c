"""Trade-offs: accuracy against cost, and the devices of one model."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, TypeVar

from pydantic import Field

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.core.identifiers import Identifier

from .part import MetricName, ReportModel

if TYPE_CHECKING:
    from .row import Row

K = TypeVar("K", bound=Hashable)


class TradeoffPoint(ReportModel):
    """One case among those of its data set."""

    case: CaseRef
    error_rate: float
    cost: float
    noisy: bool = Field(default=False, description="timed on a noisy machine: its cost may be lower than this")
    dominated_by: str | None = Field(description="a case that is no worse in both and better in one, else null")


class Front(ReportModel):
    """The Pareto front of accuracy against cost on one data set: the points that none dominates."""

    task: Identifier
    dataset: Identifier
    error_metric: MetricName = Field(description="wer, or cer where no spaces divide words")
    cost: MetricName = Field(description="the metric of cost: money where all devices have a price, else RTF")
    currency: str | None
    points: tuple[TradeoffPoint, ...] = Field(description="by cost, the lowest first")

    def __str__(self) -> str:
        front = ", ".join(f"{p.case.model}:{p.case.device}" for p in self.points if p.dominated_by is None)
        beaten = [f"{p.case.model}:{p.case.device} by {p.dominated_by}" for p in self.points if p.dominated_by]
        unit = f"{self.currency} per hour of audio" if self.currency else "RTF"
        text = f"best trade of {self.error_metric.upper()} against {unit} on {self.dataset}: {front}"
        return f"{text} (beaten: {', '.join(beaten)})" if beaten else text


class SpeedUp(ReportModel):
    """The speed-up of a model on a device over the CPU, on one data set."""

    case: CaseRef
    load_s: float | None
    clip5_s: float | None
    over_cpu: float | None = Field(description="the CPU's time on the fixed clip of 5 s over this device's")


def fronts(rows: Sequence[Row]) -> list[Front]:
    """A front for each task and data set that at least two cases were measured on."""
    return [
        front
        for (task, dataset), own in _grouped(rows, lambda row: (row.case.task, row.case.dataset))
        if len((front := _front(task, dataset, own)).points) > 1
    ]


def _front(task: str, dataset: str, rows: Sequence[Row]) -> Front:
    currencies = {row.currency for row in rows}
    currency = currencies.pop() if len(currencies) == 1 else None
    cost = "rtf" if currency is None else "cost_per_audio_hour"
    error_metric = rows[0].error_metric
    found = [
        (rate, x, row)
        for row in rows
        if (rate := row.figures.get(error_metric)) is not None and (x := row.figures.get(cost)) is not None
    ]
    points = []
    for rate, x, row in sorted(found, key=lambda each: (each[1], each[0])):
        better = [other for r, c, other in found if r <= rate and c <= x and (r, c) != (rate, x)]
        beaten = f"{better[0].case.model}:{better[0].case.device}" if better else None
        points.append(
            TradeoffPoint(case=row.case, error_rate=rate, cost=x, noisy=row.noisy is not None, dominated_by=beaten)
        )
    return Front(
        task=task,
        dataset=dataset,
        error_metric=error_metric,
        cost=cost,
        currency=currency,
        points=tuple(points),
    )


def speed_ups(rows: Sequence[Row]) -> list[SpeedUp]:
    """Every case of a model that ran on a CPU and on another device, on the same data set."""
    found = []
    for _, own in _grouped(rows, lambda row: (row.case.task, row.case.model, row.case.dataset)):
        base = next((row for row in own if row.device_kind == "cpu"), None)
        if base is None or len(own) < 2:
            continue
        reference = base.figures.get("clip5_s")
        for row in own:
            clip = row.figures.get("clip5_s")
            over = reference / clip if reference and clip else None
            found.append(SpeedUp(case=row.case, load_s=row.figures.get("load_s"), clip5_s=clip, over_cpu=over))
    return found


def _grouped(rows: Sequence[Row], key: Callable[[Row], K]) -> list[tuple[K, list[Row]]]:
    groups: dict[K, list[Row]] = {}
    for row in rows:
        if row.measured:
            groups.setdefault(key(row), []).append(row)
    return list(groups.items())
