"""The drawing of a Pareto front: accuracy against cost, each point with its name where that has room."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_modellab.core.console import printable
from pytest_modellab.core.metrics.registry import METRICS

from ..tradeoffs import Front
from .axes import SMALL, plain
from .labels import LETTERS, Box, around, places
from .svg import FIRST, SOFT, Panel, inline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH = 4.2
_LONGEST = 28


def drawn(front: Front, prefix: str) -> Panel:
    """Error rate over cost: points with their names, the front filled and joined."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(_WIDTH, 2.9))
    axes = figure.add_axes((0.15, 0.19, 0.82, 0.76))
    costs = [point.cost for point in front.points]
    if min(costs) > 0 and max(costs) / min(costs) > 5:
        axes.set_xscale("log")
        axes.set_xlim(min(costs) / 1.5, max(costs) * 1.5)
    else:
        axes.set_xlim(0, max(costs) * 1.15 or 1.0)
    best = front.staircase
    axes.step([p.cost for p in best], [100 * p.error_rate for p in best], where="post", color=FIRST, linewidth=1.2)
    for point in front.points:
        at = (point.cost, 100 * point.error_rate)
        edge, face = (FIRST, FIRST) if point.on_front else (SOFT, "none")
        axes.plot(*at, "o", markersize=8, markerfacecolor=face, markeredgecolor=edge, zorder=3)
    top = max(100 * point.error_rate for point in front.points)
    axes.set_ylim(0, 1.15 * top if top > 0 else 1.0)
    plain(axes)
    axes.spines["left"].set_visible(True)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.tick_params(axis="y", labelsize=SMALL, length=3, width=0.8)
    unit = f"{front.currency} per hour of audio" if front.currency else METRICS[front.cost].title
    axes.set_xlabel(unit, fontsize=LETTERS)
    error = METRICS[front.error_metric].title
    axes.set_ylabel(f"{error} %", fontsize=LETTERS)
    _named(axes, front)
    title = f"{error} against {unit}: {front.dataset}"
    return Panel(title, inline(figure, prefix, f"{title} ({front.task})", str(front)))


def _named(axes: Axes, front: Front) -> None:
    """Write the names beside their points, those on the front first; a number in the list below where none fits."""
    scale = 72 / axes.figure.dpi
    frame: Box = tuple(float(each) * scale for each in axes.bbox.extents)  # type: ignore[assignment]
    points = [axes.transData.transform((point.cost, 100 * point.error_rate)) * scale for point in front.points]
    taken: list[Box] = [around(x, y) for x, y in points]
    best = [axes.transData.transform((point.cost, 100 * point.error_rate)) * scale for point in front.staircase]
    for (x, y), (other, below) in pairwise(best):
        taken += [(x, y - 1, other, y + 1), (other - 1, below, other + 1, y)]
    devices = len({point.case.device for point in front.points}) > 1
    order = sorted(range(len(points)), key=lambda i: (not front.points[i].on_front, i))
    for i in order:
        case = front.points[i].case
        name = printable(f"{case.model} {case.device}" if devices else case.model)
        name = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
        x, y = float(points[i][0]), float(points[i][1])
        found = [*places(x, y, name, frame, taken), *places(x, y, str(i + 1), frame, taken)]
        if not found:
            continue
        text, box = found[0]
        taken.append(box)
        axes.annotate(
            text, (x, y), xytext=(box[0], (box[1] + box[3]) / 2), xycoords="figure points", textcoords="figure points",
            fontsize=LETTERS, va="center", zorder=4, color=None if front.points[i].on_front else SOFT,
        )  # fmt: skip
