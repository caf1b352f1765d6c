"""The drawings of a page: what counts with its interval, speed, memory, grades, cost, parts of the data."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...metrics.definitions import METRICS
from ...printable import printable
from ..card import Row
from ..models import RANKS
from ..tables import by_task
from ..tradeoffs import Front
from .cases import CaseView, Part
from .svg import FIRST, INK, LINE, SECOND, SOFT, Panel, drawing, inline

_WIDTH = 5.2  # inches: some 375 points, which a phone can show without making letters smaller
_ROW = 0.46
_MOST_ROWS = 30
_MOST_SLICE_PANELS = 12
_MOST_PARTS = 14
_LONGEST_LABEL = 46

QUALITY = {"chat": "answer_accuracy"}
SPEED = {"chat": "onset_p50_s", "streaming": "final_p95_s"}


@dataclass(frozen=True)
class Mark:
    """A line of a panel."""

    label: str
    value: float
    text: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class TaskPanels:
    task: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class FrontPanel:
    """A front as a drawing with numbered points; the page lists them beneath."""

    front: Front
    panel: Panel


def of_tasks(views: Sequence[CaseView]) -> list[TaskPanels]:
    """Quality, speed, memory and grades of each task."""
    measured = [view.row for view in views if view.row.measured]
    found = []
    with drawing():
        for task, rows in by_task(measured):
            panels = tuple(_of_task(task, rows))
            if panels:
                found.append(TaskPanels(task, panels))
    return found


def of_fronts(fronts: Sequence[Front]) -> list[FrontPanel]:
    with drawing():
        return [FrontPanel(each, _front(each, f"front-{i}")) for i, each in enumerate(fronts, start=1)]


def of_slices(views: Sequence[CaseView]) -> list[Panel]:
    """The error rate by part of the data, of cases with parts that are worth a word."""
    with drawing():
        found = [(view, parts) for view in views if len(parts := _worth(view)) > 1][:_MOST_SLICE_PANELS]
        return [_slices(view, parts) for view, parts in found]


def _of_task(task: str, rows: Sequence[Row]) -> Iterator[Panel]:
    quality = QUALITY.get(task) or rows[0].error_metric
    for metric, log in ((quality, False), (SPEED.get(task, "rtf"), True), ("peak_rss_mb", False)):
        marks = [_mark(row, metric, label) for row, label in zip(rows, _labels(rows), strict=True)]
        panel = _lines(f"{task}-{metric}", f"{METRICS[metric].title} ({task})", metric, [m for m in marks if m], log=log)
        if panel is not None:
            yield panel
    grades = _grades(task, rows)
    if grades is not None:
        yield grades


def _mark(row: Row, metric: str, label: str) -> Mark | None:
    value = row.figures.get(metric)
    if value is None:
        return None
    interval = row.intervals.get(metric)
    text = METRICS[metric].format(value)
    if interval is None:
        return Mark(label, value, text)
    text += f"  [{METRICS[metric].format(interval.low)}, {METRICS[metric].format(interval.high)}]"
    return Mark(label, value, text, interval.low, interval.high)


def _labels(rows: Sequence[Row]) -> list[str]:
    """What tells the rows apart: the model, and device or data set where there are several."""
    devices = len({row.case.device for row in rows}) > 1
    datasets = len({row.case.dataset for row in rows}) > 1
    return [
        _short(" · ".join([row.case.model, *([row.case.device] * devices), *([row.case.dataset] * datasets)]))
        for row in rows
    ]


def _short(label: str) -> str:
    shown = printable(label)
    return shown if len(shown) <= _LONGEST_LABEL else f"{shown[: _LONGEST_LABEL - 1]}…"


def _lines(
    prefix: str, title: str, metric: str, marks: Sequence[Mark], *, log: bool, whole: float | None = None
) -> Panel | None:
    """A line for each mark: its label above, a dot with its interval (or a bar from zero) below."""
    if not marks:
        return None
    from matplotlib.figure import Figure

    left_out = len(marks) - _MOST_ROWS
    marks = marks[:_MOST_ROWS]
    unit = 100.0 if METRICS[metric].unit == "%" else 1.0
    log = log and all(mark.value > 0 for mark in marks)
    figure = Figure(figsize=(_WIDTH, 0.42 + _ROW * len(marks)))
    axes = figure.add_axes((0.02, 0.3 / (0.42 + _ROW * len(marks)), 0.96, 1 - 0.34 / (0.42 + _ROW * len(marks))))
    span = [x for mark in marks for x in (mark.low, mark.value, mark.high) if x is not None and math.isfinite(x)]
    dots = log or any(mark.low is not None for mark in marks)
    if log:
        axes.set_xscale("log")
        axes.set_xlim(min(span) / 1.6, max(span) * 1.6)
    else:
        axes.set_xlim(0, _ceiling(max(span), 1.0 if METRICS[metric].unit == "%" else math.inf) * unit)
    for i, mark in enumerate(marks):
        if dots:
            axes.axhline(i, color=LINE, linewidth=0.8, zorder=1)
            if mark.low is not None and mark.high is not None:
                axes.plot([mark.low * unit, mark.high * unit], [i, i], color=FIRST, linewidth=2.2, zorder=2)
            axes.plot([mark.value * unit], [i], "o", color=FIRST, markersize=6.5, zorder=3)
        else:
            axes.barh(i, mark.value * unit, height=0.3, color=FIRST, zorder=2)
        right = axes.get_yaxis_transform()
        axes.text(0, i - 0.3, mark.label, transform=right, fontsize=9, va="center", ha="left", zorder=4)
        axes.text(1, i - 0.3, mark.text, transform=right, fontsize=9, va="center", ha="right", color=SOFT, zorder=4)
    if whole is not None:
        axes.axvline(whole * unit, color=SECOND, linewidth=1.2, linestyle=(0, (3, 2)), zorder=2)
    axes.set_ylim(len(marks) - 0.6, -0.62)
    _plain(axes)
    described = "; ".join(f"{mark.label}: {mark.text}" for mark in marks)
    note = f"{left_out} more are in the table" if left_out > 0 else ""
    return Panel(title, inline(figure, prefix, title, described), note)


def _ceiling(largest: float, most: float) -> float:
    """The end of an axis from zero; an interval of hundreds of percent may run out of it."""
    return min(1.08 * largest, most) if largest > 0 and math.isfinite(largest) else 1.0


def _plain(axes: object) -> None:
    from matplotlib.axes import Axes
    from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

    assert isinstance(axes, Axes)
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.patch.set_visible(False)
    axes.figure.patch.set_visible(False)
    axes.set_yticks([])
    axes.tick_params(axis="x", labelsize=8, length=3, width=0.8)
    axes.grid(axis="x", linewidth=0.5, alpha=0.6)
    axes.set_axisbelow(True)
    if axes.get_xscale() == "log":
        low, high = axes.get_xlim()
        within_a_decade = high / low < 30
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if within_a_decade else (1.0,)))
        axes.xaxis.set_minor_formatter(NullFormatter())
        formatter = ScalarFormatter()
        formatter.set_scientific(False)
        axes.xaxis.set_major_formatter("{x:g}")


def _grades(task: str, rows: Sequence[Row]) -> Panel | None:
    """A dot for each criterion on the scale of letters, the weakest named."""
    from matplotlib.figure import Figure

    graded = [
        (label, row.grade)
        for row, label in zip(rows, _labels(rows), strict=True)
        if row.grade is not None and row.grade.letter is not None
    ]
    if not graded:
        return None
    left_out, graded = len(graded) - _MOST_ROWS, graded[:_MOST_ROWS]
    scale = list(reversed(RANKS))
    height = 0.42 + _ROW * len(graded)
    figure = Figure(figsize=(_WIDTH, height))
    axes = figure.add_axes((0.02, 0.3 / height, 0.96, 1 - 0.34 / height))
    axes.set_xlim(-0.5, len(scale) - 0.5)
    for i, (label, grade) in enumerate(graded):
        axes.axhline(i, color=LINE, linewidth=0.8, zorder=1)
        for criterion in grade.criteria:
            axes.plot(scale.index(criterion.letter), i, "o", markersize=4.5, color=SOFT, zorder=2)
        axes.plot(scale.index(str(grade.letter)), i, "D", markersize=8, color=FIRST, zorder=3)
        weakest = METRICS[str(grade.weakest)].title
        right = axes.get_yaxis_transform()
        axes.text(0, i - 0.3, label, transform=right, fontsize=9, va="center", ha="left", zorder=4)
        told = f"{grade.letter} ({weakest}){' *' if grade.provisional else ''}"
        axes.text(1, i - 0.3, told, transform=right, fontsize=9, va="center", ha="right", color=SOFT, zorder=4)
    axes.set_ylim(len(graded) - 0.6, -0.62)
    _plain(axes)
    axes.set_xticks(range(len(scale)), scale)
    described = "; ".join(
        f"{label}: {grade.letter}, weakest {METRICS[str(grade.weakest)].title}" for label, grade in graded
    )
    title = f"Grade ({task})"
    note = "a small dot for each criterion, a diamond for the weakest, which is the grade"
    note += f"; {left_out} more are in the table" if left_out > 0 else ""
    return Panel(title, inline(figure, f"{task}-grade", title, described), note)


def _front(front: Front, prefix: str) -> Panel:
    """Error rate over cost: numbered points, the front filled and joined."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH, 3.2))
    axes = figure.add_axes((0.1, 0.17, 0.87, 0.76))
    costs = [point.cost for point in front.points]
    if min(costs) > 0 and max(costs) / min(costs) > 5:
        axes.set_xscale("log")
        axes.set_xlim(min(costs) / 1.5, max(costs) * 1.5)
    else:
        axes.set_xlim(0, max(costs) * 1.15 or 1.0)
    best = [point for point in front.points if point.dominated_by is None]
    axes.step([p.cost for p in best], [100 * p.error_rate for p in best], where="post", color=FIRST, linewidth=1.2)
    for i, point in enumerate(front.points, start=1):
        on_front = point.dominated_by is None
        face = FIRST if on_front else "none"
        at = (point.cost, 100 * point.error_rate)
        axes.plot(*at, "o", markersize=8, markerfacecolor=face, markeredgecolor=FIRST if on_front else SOFT, zorder=3)
        axes.annotate(str(i), at, xytext=(7, 5), textcoords="offset points", fontsize=9, color=INK, zorder=4)
    top = max(100 * point.error_rate for point in front.points)
    axes.set_ylim(0, 1.15 * top if top > 0 else 1.0)
    _plain(axes)
    axes.spines["left"].set_visible(True)
    axes.yaxis.set_major_locator(_few_ticks())
    axes.tick_params(axis="y", labelsize=8, length=3, width=0.8)
    unit = f"{front.currency} per hour of audio" if front.currency else METRICS[front.cost].title
    axes.set_xlabel(unit, fontsize=9)
    axes.set_ylabel(f"{front.error_metric.upper()} %", fontsize=9)
    title = f"{front.error_metric.upper()} against {unit}: {front.dataset} ({front.task})"
    return Panel(title, inline(figure, prefix, title, str(front)))


def _few_ticks() -> object:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(5)


def _worth(view: CaseView) -> list[Part]:
    return [part for part in view.detail.slices if part.slice.meaningful][:_MOST_PARTS]


def _slices(view: CaseView, parts: Sequence[Part]) -> Panel:
    marks = []
    for part in parts:
        interval = part.slice.interval
        low, high = (None, None) if interval is None else (interval.low, interval.high)
        text = f"{part.rate}  {part.interval}".rstrip()
        marks.append(Mark(_short(f"{part.by} {part.value}"), part.slice.wer, text, low, high))
    title = f"{view.error_title} by part of the data: {view.row.case.id}"
    whole = view.row.figures.get(view.row.error_metric)
    panel = _lines(f"{view.dom}-slices", title, "wer", marks, log=False, whole=whole)
    assert panel is not None
    note = "the dashed line is the whole data set; parts with too few words are left out"
    return Panel(panel.title, panel.svg, note)
