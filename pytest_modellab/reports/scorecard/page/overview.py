"""The first table of the page: every model in each task, by the metric that counts there."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.results.verdicts import Status
from pytest_modellab.tasks.registry import task_named

from ..advice import differs, ends
from ..card import Scorecard
from ..evidence import Estimate
from ..models import ModelRow, TaskGrade, by_model
from ..recommendation import Recommendation
from ..row import Row
from . import anchors

_CEILING = 2.0
"""The scale of the bars ends at so many times the largest value, where an interval reaches further."""


@dataclass(frozen=True)
class Bar:
    """A value with its interval, in percent of the width of a cell."""

    at: float
    low: float
    high: float


@dataclass(frozen=True)
class Choice:
    """A role or use case that a model is recommended for."""

    title: str
    tie: bool
    provisional: bool


@dataclass(frozen=True)
class Line:
    """A model on a device in one task."""

    model: str
    device: str
    title: str
    anchor: str
    figure: str
    interval: str
    bar: Bar | None
    speed: str
    noisy: bool
    memory: str
    grade: TaskGrade
    choices: tuple[Choice, ...]
    note: str
    """How it differs from the recommended one, or why it is left out."""
    status: str
    elsewhere: str
    """The data sets of its figures, where they are others than those of most."""


@dataclass(frozen=True)
class Part:
    """The models of one task, the best first."""

    task: str
    quality: str
    speed: str
    data: str
    lines: tuple[Line, ...]


def parts(card: Scorecard) -> list[Part]:
    """A part for each task in which something was measured."""
    every = card.models
    if not any(grade.estimates for model in every for grade in model.tasks.values()):
        every = tuple(by_model(card.rows, {}))  # a scorecard of an older version has no figures of models
    tasks = dict.fromkeys(task for model in every for task in model.tasks)
    return [part for task in tasks if (part := _part(task, card, every)).lines]


def _part(task: str, card: Scorecard, every: Sequence[ModelRow]) -> Part:
    rows = {(each.model, each.device): _rows(card, each, task) for each in every}
    models = [each for each in every if any(row.measured for row in rows[each.model, each.device])]
    models.sort(key=lambda each: _order(each.tasks[task]))
    found = [each.tasks[task] for each in models]
    scale = _scale([grade.estimates[0] for grade in found if grade.estimates])
    data = _data(found)
    chosen = next((each for each in card.recommendations if each.case and each.tasks == (task,)), None)
    lines = tuple(
        _line(each, task, rows[each.model, each.device], scale, data, chosen, card.recommendations) for each in models
    )
    quality = next((grade.estimates[0].title for grade in found if grade.estimates), "")
    speed = METRICS[task_named(task).speed].title
    return Part(task, quality or METRICS[task_named(task).quality_metric("wer")].title, speed, data, lines)


def _rows(card: Scorecard, model: ModelRow, task: str) -> list[Row]:
    return [row for row in card.rows if (row.case.task, row.case.model, row.case.device) ==
            (task, model.model, model.device)]  # fmt: skip


def _order(grade: TaskGrade) -> tuple[bool, float]:
    """The best first, what has no figure last."""
    if not grade.estimates:
        return True, 0.0
    first = grade.estimates[0]
    return False, first.value if METRICS[first.metric].better == "lower" else -first.value


def _data(found: Sequence[TaskGrade]) -> str:
    """The data that most are compared on."""
    told = [_on(grade) for grade in found if grade.datasets]
    return max(dict.fromkeys(told), key=told.count) if told else ""


def _on(grade: TaskGrade) -> str:
    return f"{', '.join(grade.datasets)}: {grade.amount}"


def _scale(estimates: Sequence[Estimate]) -> float:
    """The value at the right end of the bars."""
    largest = max((each.value for each in estimates), default=0.0)
    reach = max((min(each.high or each.value, _CEILING * largest) for each in estimates), default=0.0)
    if estimates and METRICS[estimates[0].metric].better == "higher" and METRICS[estimates[0].metric].unit == "%":
        return 1.0
    return reach if math.isfinite(reach) and reach > 0 else 1.0


def _line(
    model: ModelRow,
    task: str,
    rows: Sequence[Row],
    scale: float,
    data: str,
    chosen: Recommendation | None,
    recommendations: Sequence[Recommendation],
) -> Line:
    grade = model.tasks[task]
    first = grade.estimates[0] if grade.estimates else None
    measured = [row for row in rows if row.measured]
    speed = task_named(task).speed
    second = next((each for each in grade.estimates if each.metric == speed), None)
    memory = max((mb for row in measured if (mb := row.figures.get("peak_rss_mb")) is not None), default=None)
    worst = next((str(row.status) for status in _WORST for row in measured if row.status == status), "")
    return Line(
        model=model.model,
        device=model.device,
        title="" if model.title == model.model else model.title,
        anchor=anchors.of_case(measured[0].case),
        figure="n/a" if first is None else METRICS[first.metric].format(first.value),
        interval="" if first is None else _interval(first),
        bar=None if first is None else _bar(first, scale),
        speed="n/a" if second is None else METRICS[second.metric].format(second.value),
        noisy=any(row.noise(speed) for row in measured),
        memory="n/a" if memory is None else METRICS["peak_rss_mb"].format(memory),
        grade=grade,
        choices=tuple(_choices(model, task, recommendations)),
        note=_note(model, chosen),
        status=worst,
        elsewhere="" if not grade.datasets or _on(grade) == data else f"on {_on(grade)}",
    )


def _interval(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return "no interval"
    return ends(estimate.metric, estimate.low, estimate.high)


_WORST = tuple(reversed(Status))


def _bar(estimate: Estimate, scale: float) -> Bar:
    low = estimate.value if estimate.low is None else estimate.low
    high = estimate.value if estimate.high is None else estimate.high
    at, start, end = (round(100 * min(max(each, 0.0), scale) / scale, 2) for each in (estimate.value, low, high))
    return Bar(at, start, end)


def _choices(model: ModelRow, task: str, recommendations: Sequence[Recommendation]) -> Iterator[Choice]:
    for each in recommendations:
        if each.case and task in each.tasks and (each.case.model, each.case.device) == (model.model, model.device):
            yield Choice(each.title, bool(each.ties), bool(each.provisional))


def _note(model: ModelRow, chosen: Recommendation | None) -> str:
    """Against the first choice of the task, where there is one."""
    if chosen is None or chosen.case is None or (chosen.case.model, chosen.case.device) == (model.model, model.device):
        return ""
    for left in chosen.excluded:
        if (left.model, left.device) == (model.model, model.device):
            return f"left out: {left.why}"
    for other in chosen.evidence.others if chosen.evidence else ():
        if (other.model, other.device) == (model.model, model.device):
            name = chosen.case.model
            return f"not told apart from {name}" if other.tie else f"against {name}: {differs(other)}"
    return ""
