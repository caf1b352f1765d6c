"""The drawings of a page: quality with intervals, speed, memory, grades, cost, slices."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_modellab.core.console import printable
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.tasks.registry import task_named

from ..card import Scorecard
from ..grade import Grade
from ..part import RANKS, RESEARCH
from ..row import Row
from ..tables import by_task
from ..tradeoffs import Front
from . import curves, sweeps
from .axes import plain
from .cases import CaseView, SliceRow, quality
from .drawings import Drawings
from .fronts import drawn
from .svg import CARD, FIRST, LINE, SECOND, SOFT, Panel, inline

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH = 4.2  # inches: some 300 points, which a phone can show without making letters smaller
_LETTERS = 11.5
_ONE_LINE = 42  # letters that fit beside each other
_MOST_ROWS = 30
_MOST_SLICE_PANELS = 12
_MOST_PARTS = 14
_LONGEST_LABEL = 44

_BARS = frozenset({"peak_rss_mb"})


@dataclass(frozen=True)
class Mark:
    """A line of a panel."""

    label: str
    value: float
    text: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class FrontPanel:
    """A Pareto front as a drawing with numbered points; the page lists them beneath."""

    front: Front
    panel: Panel


@dataclass(frozen=True)
class TaskPanels:
    task: str
    panels: tuple[Panel, ...]
    curves: tuple[curves.CurvePanel, ...]
    fronts: tuple[FrontPanel, ...]
    slices: tuple[Panel, ...]


def of_tasks(card: Scorecard, views: Sequence[CaseView], drawings: Drawings) -> list[TaskPanels]:
    """What counts, speed, memory and grades of each task; accuracy against cost; the error rate by part of the data."""
    found = []
    sliced = [(view, parts) for view in views if len(parts := _worth(view)) > 1][:_MOST_SLICE_PANELS]
    for task, rows in by_task([view.row for view in views if view.row.measured]):
        fronts = [(f"front-{i}", each) for i, each in enumerate(card.fronts, start=1) if each.task == task]
        found.append(
            TaskPanels(
                task,
                tuple(_of_task(task, rows, drawings)),
                (*curves.of_task(task, rows, drawings), *sweeps.of_task(task, views, drawings)),
                tuple(
                    FrontPanel(each, drawings.panel(("front", each, id), partial(drawn, each, id)))
                    for id, each in fronts
                ),
                tuple(_slices(view, parts, drawings) for view, parts in sliced if view.row.case.task == task),
            )
        )
    return found


def _of_task(task: str, rows: Sequence[Row], drawings: Drawings) -> Iterator[Panel]:
    labelled = list(zip(rows, _labels(rows), strict=True))
    # Where some languages have words and others only characters, each has a panel of its own.
    shown = [(metric, [p for p in labelled if quality(p[0]) == metric]) for metric in dict.fromkeys(map(quality, rows))]
    shown += [(metric, labelled) for metric in (task_named(task).speed, "peak_rss_mb")]
    for metric, pairs in shown:
        marks = [mark for row, label in pairs if (mark := _mark(row, metric, label)) is not None]
        if len(marks) > 1:  # of a single one the tables say it all
            what = (f"{task}-{metric}", _titled(metric), metric, marks)
            yield drawings.panel(("lines", *what), partial(_lines, *what))
    graded = [(label, row.grade) for row, label in labelled if row.grade is not None and row.grade.letter is not None]
    if len(graded) > 1:
        yield drawings.panel(("grades", task, graded), partial(_grades, task, graded))


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


def _titled(metric: str) -> str:
    """With the unit of the axis."""
    unit = METRICS[metric].unit
    return METRICS[metric].title + (f", {unit}" if unit in {"%", "s", "MB"} else "")


def _lines(prefix: str, title: str, metric: str, marks: Sequence[Mark], whole: float | None = None) -> Panel:
    """For each mark its label, and below it a dot with its interval; memory as a bar from zero."""
    left_out = len(marks) - _MOST_ROWS
    marks = marks[:_MOST_ROWS]
    unit = 100.0 if METRICS[metric].unit == "%" else 1.0
    figure, axes = _rows([(mark.label, mark.text) for mark in marks])
    span = [x for mark in marks for x in (mark.low, mark.value, mark.high) if x is not None and math.isfinite(x)]
    if unit == 1 and metric not in _BARS and min(span, default=0.0) > 0:
        axes.set_xscale("log")
        axes.set_xlim(min(span) / 1.6, max(span) * 1.6)
    else:
        axes.set_xlim(0, unit * _ceiling(max(span, default=0.0), 1.0 if unit == 100 else math.inf))
    for i, mark in enumerate(marks):
        if metric in _BARS:
            axes.barh(i, mark.value * unit, height=0.26, color=FIRST, zorder=2)
            continue
        axes.axhline(i, color=LINE, linewidth=0.8, zorder=1)
        if mark.low is not None and mark.high is not None:
            axes.plot([mark.low * unit, mark.high * unit], [i, i], color=FIRST, linewidth=2.4, zorder=2)
        axes.plot([mark.value * unit], [i], "o", color=FIRST, markersize=8, zorder=3, clip_on=False)
    if whole is not None:
        axes.axvline(whole * unit, color=SECOND, linewidth=1.4, linestyle=(0, (3, 2)), zorder=2)
    plain(axes)
    described = "; ".join(f"{mark.label}: {mark.text}" for mark in marks)
    note = f"{left_out} more are in the table" if left_out > 0 else ""
    return Panel(title, inline(figure, prefix, title, described), note)


def _rows(texts: Sequence[tuple[str, str]]) -> tuple[Figure, Axes]:
    """Axes with a row for each label and its figure, which stand above the row's line, below each other if need be."""
    from matplotlib.figure import Figure

    stacked = any(len(label) + len(text) > _ONE_LINE for label, text in texts)
    row = 0.72 if stacked else 0.52
    height = 0.34 + row * len(texts)
    figure = Figure(figsize=(_WIDTH, height))
    axes = figure.add_axes((0.03, 0.28 / height, 0.94, 1 - 0.3 / height))
    axes.set_ylim(len(texts) - 1 + 0.14 / row, -1 + 0.14 / row)
    axes.yaxis.set_visible(False)
    across = axes.get_yaxis_transform()
    behind = {"facecolor": CARD, "edgecolor": "none", "pad": 0.6}
    letters: dict[str, Any] = {
        "transform": across, "fontsize": _LETTERS, "va": "center", "zorder": 4, "bbox": behind,
    }  # fmt: skip
    for i, (label, text) in enumerate(texts):
        axes.text(0, i - (0.42 if stacked else 0.24) / row, label, ha="left", **letters)
        at, side = (0.0, "left") if stacked else (1.0, "right")
        axes.text(at, i - (0.2 if stacked else 0.24) / row, text, ha=side, color=SOFT, **letters)
    return figure, axes


def _ceiling(largest: float, most: float) -> float:
    """The end of an axis from zero; an interval of hundreds of percent may run out of it."""
    return min(1.08 * largest, most) if largest > 0 and math.isfinite(largest) else 1.0


def _grades(task: str, graded: Sequence[tuple[str, Grade]]) -> Panel:
    """A dot for each criterion on the scale of letters, the weakest named."""
    left_out, graded = len(graded) - _MOST_ROWS, graded[:_MOST_ROWS]
    research = any(grade.letter == RESEARCH for _, grade in graded)
    scale = [letter for letter in reversed(RANKS) if letter != RESEARCH or research]
    texts = [
        (label, f"{grade.letter} ({METRICS[str(grade.weakest)].title}){' *' if grade.provisional else ''}")
        for label, grade in graded
    ]
    figure, axes = _rows(texts)
    axes.set_xlim(-0.4, len(scale) - 0.6)
    for i, (_, grade) in enumerate(graded):
        axes.axhline(i, color=LINE, linewidth=0.8, zorder=1)
        for criterion in grade.criteria:
            axes.plot(scale.index(criterion.letter), i, "o", markersize=5, color=SOFT, zorder=2)
        axes.plot(scale.index(str(grade.letter)), i, "D", markersize=8, color=FIRST, zorder=3)
    plain(axes)
    axes.set_xticks(range(len(scale)), scale)
    described = "; ".join(f"{label}: {text}" for label, text in texts)
    note = "a dot for each criterion, a diamond for the weakest: that is the grade"
    note += f"; {left_out} more are in the table" if left_out > 0 else ""
    return Panel("Grade", inline(figure, f"{task}-grade", f"Grade ({task})", described), note)


def _worth(view: CaseView) -> list[SliceRow]:
    return [part for part in view.detail.slices if part.slice.meaningful][:_MOST_PARTS]


def _slices(view: CaseView, parts: Sequence[SliceRow], drawings: Drawings) -> Panel:
    marks = []
    for part in parts:
        interval = part.slice.interval
        low, high = (None, None) if interval is None else (interval.low, interval.high)
        text = f"{part.rate}  {part.interval}".rstrip()
        marks.append(Mark(_short(f"{part.by} {part.value}"), part.slice.wer, text, low, high))
    title = f"{view.error_title} by part of the data: {view.row.case.id}"
    whole = view.row.figures.get(view.row.error_metric)
    what = (f"{view.dom}-slices", title, "wer", marks, whole)
    panel = drawings.panel(("lines", *what), partial(_lines, *what))
    dashed = "the dashed line is the whole data set; parts with too few words are left out"
    return Panel(panel.title, panel.svg, "; ".join([*view.detail.gaps, dashed]))
