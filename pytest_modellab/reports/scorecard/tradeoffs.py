"""Trade-offs: accuracy against cost, and the devices of one model."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, TypeVar

from pydantic import Field

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.core.identifiers import Identifier
from pytest_modellab.core.metrics.metric import in_sentence
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.results.speed_baseline import TRIPWIRE
from pytest_modellab.results.verdicts import Status

from .candidate import Candidate
from .contest import Contest
from .part import MetricName, ReportModel

if TYPE_CHECKING:
    from .row import Row

K = TypeVar("K", bound=Hashable)

_MOST_TESTED = 8
"""Paired tests of one case: where the largest gaps in accuracy aren't told from none, smaller ones hardly are."""


class TradeoffPoint(ReportModel):
    """One case among those of its data set."""

    case: CaseRef
    error_rate: float
    cost: float
    noisy: bool = Field(default=False, description="timed on a noisy machine: its cost may be lower than this")
    dominated_by: str | None = Field(
        description="a case that is no worse in both figures as shown and, beyond doubt, better in one; else null"
    )
    better_in: tuple[MetricName, ...] = Field(
        default=(), description="the figures in which that case is better beyond doubt; older scorecards have none"
    )
    failed: bool = Field(default=False, description="its gate or a test failed: it is not on the front and beats none")

    @property
    def on_front(self) -> bool:
        return self.dominated_by is None and not self.failed

    @property
    def told(self) -> str:
        """Its place, in words."""
        if self.failed:
            return "failed: not on the front"
        if self.dominated_by is None:
            return "on the front"
        return f"beaten by {self.dominated_by}{self.where}"

    @property
    def where(self) -> str:
        titles = [in_sentence(METRICS[name].title) for name in self.better_in]
        return f" in {' and '.join(titles)}" if titles else ""


class Front(ReportModel):
    """The Pareto front of accuracy against cost on one data set: the cases that pass and that none dominates."""

    task: Identifier
    dataset: Identifier
    error_metric: MetricName = Field(description="wer, or cer where no spaces divide words")
    cost: MetricName = Field(description="the metric of cost: money where all devices have a price, else RTF")
    currency: str | None
    points: tuple[TradeoffPoint, ...] = Field(description="by cost, the lowest first")

    def __str__(self) -> str:
        front = ", ".join(_name(point.case) for point in self.points if point.on_front) or "none that passes"
        beaten = [f"{_name(p.case)} by {p.dominated_by}{p.where}" for p in self.points if p.dominated_by]
        failed = [_name(point.case) for point in self.points if point.failed]
        unit = f"{self.currency} per hour of audio" if self.currency else "RTF"
        text = (
            f"best trade of {in_sentence(METRICS[self.error_metric].title)} against {unit} on {self.dataset}: {front}"
        )
        besides = [f"{why}: {', '.join(those)}" for why, those in (("beaten", beaten), ("failed", failed)) if those]
        return f"{text} ({'; '.join(besides)})" if besides else text

    @property
    def staircase(self) -> list[TradeoffPoint]:
        """Those on the front that are better by value than all that cost less: what a drawing joins."""
        found: list[TradeoffPoint] = []
        for point in self.points:
            if point.on_front and (not found or point.error_rate <= found[-1].error_rate):
                found.append(point)
        return found


class SpeedUp(ReportModel):
    """The speed-up of a model on a device over the CPU, on one data set."""

    case: CaseRef
    load_s: float | None
    clip5_s: float | None
    over_cpu: float | None = Field(description="the CPU's time on the fixed clip of 5 s over this device's")


def fronts(rows: Sequence[Row], contest: Contest | None = None) -> list[Front]:
    """A front for each task and data set that at least two cases were measured on.

    `contest` compares them by their records; None: by their rows alone.
    """
    contest = contest or Contest()
    return [
        front
        for (task, dataset), own in _grouped(rows, lambda row: (row.case.task, row.case.dataset))
        if len((front := _front(task, dataset, own, contest)).points) > 1
    ]


def _front(task: str, dataset: str, rows: Sequence[Row], contest: Contest) -> Front:
    currencies = {row.currency for row in rows}
    currency = currencies.pop() if len(currencies) == 1 else None
    cost = "rtf" if currency is None else "cost_per_audio_hour"
    error_metric = rows[0].error_metric
    found = [
        (rate, x, row)
        for row in rows
        if (rate := row.figures.get(error_metric)) is not None and (x := row.figures.get(cost)) is not None
    ]
    passing = [row for _, _, row in found if row.status is not Status.FAIL]
    points = []
    for rate, x, row in sorted(found, key=lambda each: (each[1], each[0])):
        failed = row.status is Status.FAIL
        better, metrics = (None, ()) if failed else _dominating(row, passing, (error_metric, cost), contest)
        points.append(
            TradeoffPoint(
                case=row.case,
                error_rate=rate,
                cost=x,
                noisy=row.noisy is not None,
                dominated_by=_name(better.case) if better else None,
                better_in=metrics,
                failed=failed,
            )
        )
    return Front(
        task=task,
        dataset=dataset,
        error_metric=error_metric,
        cost=cost,
        currency=currency,
        points=tuple(points),
    )


def _dominating(
    row: Row, others: Sequence[Row], metrics: tuple[str, str], contest: Contest
) -> tuple[Row | None, tuple[str, ...]]:
    """The first that beats a row, and in which metrics: no worse in any as shown, better beyond doubt in one.

    The most accurate come first: of these `_MOST_TESTED` at the most are compared by their answers.
    """
    error_metric, cost = metrics
    no_worse = [other for other in others if max(_shown_gap(name, other, row) for name in metrics) <= 0]
    for place, other in enumerate(sorted(no_worse, key=lambda each: each.figures[error_metric] or 0.0)):
        tried = metrics if place < _MOST_TESTED else (cost,)
        told = [name for name in tried if _shown_gap(name, other, row) < 0 and _apart(name, other, row, contest)]
        if told:
            return other, tuple(told)
    return None, ()


def _shown_gap(name: str, one: Row, other: Row) -> int:
    """-1 where the first has the lower figure, 1 where it has the higher one, 0 where both are shown alike."""
    metric, value, versus = METRICS[name], one.figures[name], other.figures[name]
    assert value is not None  # points have both figures
    assert versus is not None
    return 0 if metric.format(value) == metric.format(versus) else (value > versus) - (value < versus)


def _apart(name: str, better: Row, worse: Row, contest: Contest) -> bool:
    """Whether the data tell that the first is the better one.

    Money follows from RTF where both have one price. Times of different devices are compared by value, beyond the
    difference that repeated runs have.
    """
    timed = name in {"rtf", "cost_per_audio_hour"}
    if timed and (better.noisy or worse.noisy):
        return False
    if name == "cost_per_audio_hour" and better.case.device != worse.case.device:
        return _beyond_noise(name, better, worse)
    sides = [Candidate(row.case.model, row.case.device, {row.case.task: [row]}) for row in (better, worse)]
    told = contest.compare(sides[0], sides[1], f"{better.case.task}.{'rtf' if timed else name}")
    return _beyond_noise(name, better, worse) if timed and told.why else told.better > 0


def _beyond_noise(name: str, better: Row, worse: Row) -> bool:
    low, high = better.figures[name], worse.figures[name]
    return low is not None and high is not None and high > low * (1 + TRIPWIRE)


def _name(case: CaseRef) -> str:
    return f"{case.model}:{case.device}"


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
