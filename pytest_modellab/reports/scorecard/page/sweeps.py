"""Curves through the settings of models, such as thresholds: a line a model, with the point of its own setting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from pytest_modellab.core.console import printable
from pytest_modellab.tasks.sweeps import Axis, SweptRun

from .curves import LETTERS, MARKERS, MOST_LINES, SIZE, SMALL, STYLES, CurvePanel, Line
from .drawings import Drawings
from .svg import FIRST, LINE, Panel, inline

if TYPE_CHECKING:
    from .cases import CaseView

Swept = tuple[str, SweptRun]
"""A model on a device, and its curve."""


def of_task(task: str, views: Sequence[CaseView], drawings: Drawings) -> Iterator[CurvePanel]:
    """A drawing for each data set."""
    groups: dict[str, list[Swept]] = {}
    for view in views:
        case = view.row.case
        if case.task == task and view.detail.swept is not None:
            groups.setdefault(case.dataset, []).append((printable(f"{case.model} on {case.device}"), view.detail.swept))
    for i, (dataset, found) in enumerate(groups.items(), start=1):
        what = (f"{task}-sweep-{i}", printable(dataset), tuple(found[:MOST_LINES]), len(found))
        lines = tuple(Line(label, (), _told(swept)) for label, swept in found[:MOST_LINES])
        yield CurvePanel(drawings.panel(("sweep", *what), partial(_drawn, *what)), lines)


def _told(swept: SweptRun) -> str:
    """The point of its own setting, and the two ends of the curve."""
    first, last = swept.points[0], swept.points[-1]
    return f"{_at(swept, swept.own)} as it is set; from {_at(swept, first)} to {_at(swept, last)}"


def _at(swept: SweptRun, point: tuple[float, float]) -> str:
    x, y = (_format(axis, value) for axis, value in zip((swept.x, swept.y), point, strict=True))
    return f"{y} at {x}"


def _format(axis: Axis, value: float) -> str:
    return f"{100 * value:.1f} %" if axis.share else f"{value:.2f} {axis.unit}"


def _drawn(prefix: str, dataset: str, found: Sequence[Swept], of: int) -> Panel:
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=SIZE)
    axes = figure.add_axes((0.14, 0.18, 0.82, 0.78))
    x, y = found[0][1].x, found[0][1].y
    scale_x, scale_y = (100 if axis.share else 1 for axis in (x, y))
    highest = 0.0
    for i, (_, swept) in enumerate(found):
        across, up = ([point[side] for point in swept.points] for side in (0, 1))
        highest = max(highest, *up, swept.own[1])
        axes.plot(
            [scale_x * each for each in across], [scale_y * each for each in up], color=FIRST, linestyle=STYLES[i],
            linewidth=1.4, zorder=2,
        )  # fmt: skip
        at = (scale_x * swept.own[0], scale_y * swept.own[1])
        axes.plot(*at, MARKERS[i], markersize=8, markeredgecolor=FIRST, markerfacecolor=FIRST, zorder=3, clip_on=False)
        if len(found) > 1:
            axes.annotate(f"{i + 1}", at, xytext=(7, 5), textcoords="offset points", fontsize=SMALL, zorder=4)
    if x.share:
        axes.set_xlim(0, 100)
    axes.set_ylim(0, 1.1 * scale_y * highest or 1.0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.patch.set_visible(False)
    figure.patch.set_visible(False)
    axes.grid(color=LINE, linewidth=0.5, alpha=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=SMALL, length=3, width=0.8)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel(x.whole, fontsize=LETTERS)
    axes.set_ylabel(y.whole, fontsize=LETTERS)
    title = f"{y.title} against {x.title[0].lower()}{x.title[1:]}: {dataset}"
    described = "; ".join(f"{label}: {_told(swept)}" for label, swept in found)
    note = "a line goes through all settings of a model, its mark is the one it has"
    note += f"; {of - len(found)} more are in the table" if of > len(found) else ""
    return Panel(title, inline(figure, prefix, title, described), note)
