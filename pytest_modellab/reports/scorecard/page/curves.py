"""Latency against throughput: a line a model through the levels of a data set, with the limit on the latency."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from pytest_modellab.catalog.levels import level_in
from pytest_modellab.core.console import printable
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.tasks.registry import task_named

from ..row import Row
from .drawings import Drawings
from .svg import FIRST, LINE, SECOND, SOFT, Panel, inline

SIZE = (4.2, 3.0)  # inches, as wide as the other drawings
LETTERS = 11.5
SMALL = 9.5
MOST_LINES = 6
MARKERS = "osD^vP"
STYLES: tuple[object, ...] = (
    "-",
    (0, (5, 2)),
    (0, (1, 1.5)),
    (0, (5, 1.5, 1, 1.5)),
    (0, (9, 3)),
    (0, (3, 1, 1, 1, 1, 1)),
)


@dataclass(frozen=True)
class Point:
    """A level: its number, throughput, latency, and the interval of the latency where it has one."""

    level: float
    throughput: float
    latency: float
    low: float | None
    high: float | None
    noisy: bool


@dataclass(frozen=True)
class Line:
    """A model on a device, from its lowest level to its highest."""

    label: str
    points: tuple[Point, ...]
    told: str
    """Its levels in words."""


@dataclass(frozen=True)
class CurvePanel:
    """A drawing with numbered lines; the page lists them beneath."""

    panel: Panel
    lines: tuple[Line, ...]


def of_task(task: str, rows: Sequence[Row], drawings: Drawings) -> Iterator[CurvePanel]:
    """A drawing for each data set that has levels of a kind, where two of a model were measured."""
    axes = task_named(task).curve
    if axes is None:
        return
    groups: dict[tuple[str, str], dict[str, list[tuple[float, Row]]]] = {}
    for row in rows:
        if (found := level_in(row.case.dataset)) is not None:
            dataset, kind, number = found
            label = f"{row.case.model} on {row.case.device}"
            groups.setdefault((dataset, kind), {}).setdefault(label, []).append((number, row))
    for i, ((dataset, kind), models) in enumerate(groups.items(), start=1):
        lines = [line for label, levels in models.items() if len((line := _line(label, levels, axes)).points) > 1]
        if lines:
            limits = sorted(
                {bound for levels in models.values() for _, row in levels for bound in _limits(row, axes[1])}
            )
            what = (f"{task}-curve-{i}", axes, dataset, kind, tuple(lines[:MOST_LINES]), tuple(limits), len(lines))
            yield CurvePanel(drawings.panel(("curve", *what), partial(_drawn, *what)), tuple(lines[:MOST_LINES]))


def _line(label: str, levels: Sequence[tuple[float, Row]], axes: tuple[str, str]) -> Line:
    points, told = [], []
    for number, row in sorted(levels, key=lambda each: each[0]):
        throughput, latency = (row.figures.get(metric) for metric in axes)
        if throughput is None or latency is None:
            continue
        interval, noisy = row.intervals.get(axes[1]), row.noise(axes[1]) is not None
        low, high = (None, None) if interval is None else (interval.low, interval.high)
        points.append(Point(number, throughput, latency, low, high, noisy))
        figures = f"{METRICS[axes[1]].format(latency)} at {METRICS[axes[0]].format(throughput)}"
        told.append(f"{number:g}: {figures}{' ~' if noisy else ''}")
    return Line(printable(label), tuple(points), ", ".join(told))


def _limits(row: Row, metric: str) -> list[float]:
    """The limits that the metric was judged by."""
    judged = [each for each in row.verdicts if each.metric == metric and each.comparison == "<=" and not each.by]
    return [each.bound for each in judged if each.bound is not None]


def _drawn(
    prefix: str,
    axes_of: tuple[str, str],
    dataset: str,
    kind: str,
    lines: Sequence[Line],
    limits: Sequence[float],
    of: int,
) -> Panel:
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=SIZE)
    axes = figure.add_axes((0.14, 0.18, 0.82, 0.78))
    points = [point for line in lines for point in line.points]
    for i, line in enumerate(lines):
        x, y = [point.throughput for point in line.points], [point.latency for point in line.points]
        axes.plot(x, y, linestyle=STYLES[i], color=FIRST, linewidth=1.4, zorder=2)
        for point in line.points:
            at = (point.throughput, point.latency)
            if point.low is not None and point.high is not None:
                axes.plot([at[0]] * 2, [point.low, point.high], color=SOFT, linewidth=1.0, zorder=1)
            face = "none" if point.noisy else FIRST
            axes.plot(*at, MARKERS[i], markersize=7, markeredgecolor=FIRST, markerfacecolor=face, zorder=3)
            text = f"{point.level:g}" if len(lines) == 1 else f"{i + 1}: {point.level:g}"
            axes.annotate(text, at, xytext=(-6, 6), textcoords="offset points", ha="right", fontsize=SMALL, zorder=4)
    most, longest = max(point.throughput for point in points), max(point.high or point.latency for point in points)
    drawn = [limit for limit in limits if limit <= 3 * longest]
    for limit in drawn:
        axes.axhline(limit, color=SECOND, linewidth=1.4, linestyle=(0, (3, 2)), zorder=2)
    axes.set_xlim(0, 1.12 * most or 1.0)
    axes.set_ylim(0, 1.15 * max([longest, *drawn]) or 1.0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.patch.set_visible(False)
    figure.patch.set_visible(False)
    axes.grid(color=LINE, linewidth=0.5, alpha=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=SMALL, length=3, width=0.8)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5))
    throughput, latency = (METRICS[name] for name in axes_of)
    axes.set_xlabel(throughput.title, fontsize=LETTERS)
    axes.set_ylabel(f"{latency.title}, {latency.unit}", fontsize=LETTERS)
    title = f"{latency.title} against {throughput.title}: {dataset}"
    described = "; ".join(f"{line.label}: {line.told}" for line in lines)
    return Panel(title, inline(figure, prefix, title, described), _note(kind, lines, latency.name, limits, drawn, of))


def _note(
    kind: str, lines: Sequence[Line], latency: str, limits: Sequence[float], drawn: Sequence[float], of: int
) -> str:
    told = [f"numbers beside the points: {kind}" if len(lines) == 1 else f"beside the points: line and {kind}"]
    shown = [METRICS[latency].format(limit) for limit in limits if math.isfinite(limit)]
    if shown:
        lies = "" if drawn else ", above the drawing"
        told.append(f"{'dashed: ' if drawn else ''}the limit of {', '.join(shown)}{lies}")
    if any(point.noisy for line in lines for point in line.points):
        told.append("hollow: timed on a noisy machine")
    if of > len(lines):
        told.append(f"{of - len(lines)} more are in the table")
    return "; ".join(told)
