"""Two drawings of published figures: errors against size, and errors against speed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_modellab.catalog.published.spec import PublishedModel
from pytest_modellab.core.console import printable
from pytest_modellab.core.metrics.registry import METRICS

from ..scorecard.page.axes import SMALL, plain
from ..scorecard.page.labels import LETTERS, Box, around, places
from ..scorecard.page.svg import FIRST, SOFT, Panel, drawing, inline
from .listed import ERRORS, SPEED, ModelList

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIZE = (8.6, 5.6)
"""Inches."""
_TICKS = (0.5, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 30, 40, 60, 100)
"""Per cent."""


@dataclass(frozen=True)
class Point:
    """One model; `errors` in per cent."""

    id: str
    x: float
    errors: float
    runs: bool
    """Whether an engine here loads it."""


def plots(found: ModelList) -> list[Panel]:
    """The drawings that have two points at least. Needs matplotlib."""
    errors = METRICS[ERRORS].title
    wanted: tuple[tuple[str, str, str, bool, Callable[[PublishedModel], float | None]], ...] = (
        ("size", f"Size against {errors}", "million parameters", False, _millions),
        ("speed", f"Speed against {errors}", f"{METRICS[SPEED].title}, published", True, lambda m: _speed(found, m)),
    )
    made = []
    for name, title, axis, more_is_better, of in wanted:
        points = _points(found, of)
        if len(points) > 1:
            with drawing():
                made.append(_drawn(points, f"plot-{name}", title, axis, found.common_data, more_is_better))
    return made


def _millions(model: PublishedModel) -> float | None:
    return None if model.parameters is None else model.parameters / 1e6


def _speed(found: ModelList, model: PublishedModel) -> float | None:
    one = found.comparable(model, SPEED)
    return None if one is None else one.value


def _points(found: ModelList, of: Callable[[PublishedModel], float | None]) -> list[Point]:
    points = []
    for entry in found.entries:
        errors, x = found.comparable(entry.model, ERRORS), of(entry.model)
        if errors is not None and x:
            points.append(Point(entry.model.id, x, 100 * errors.value, entry.model.engine is not None))
    return points


def front(points: Sequence[Point], more_is_better: bool) -> list[Point]:
    """Those that none beats in both figures, by x, the best first."""
    best: list[Point] = []
    for point in sorted(points, key=lambda each: (-each.x if more_is_better else each.x, each.errors)):
        if not best or point.errors < best[-1].errors:
            best.append(point)
    return best


def _drawn(points: Sequence[Point], prefix: str, title: str, axis: str, data: str, more_is_better: bool) -> Panel:
    from matplotlib.figure import Figure
    from matplotlib.ticker import FixedLocator, NullLocator

    figure = Figure(figsize=_SIZE)
    axes = figure.add_axes((0.075, 0.11, 0.905, 0.86))
    axes.set_xscale("log")
    xs = [point.x for point in points]
    axes.set_xlim(min(xs) / 1.6, max(xs) * 1.6)
    # The best models lie close together: logarithmic, too.
    axes.set_yscale("log")
    errors = [point.errors for point in points]
    axes.set_ylim(min(errors) / 1.2, max(errors) * 1.1)
    best = front(points, more_is_better)
    axes.step([p.x for p in best], [p.errors for p in best], where="post", color=FIRST, linewidth=1.2)
    for point in points:
        face = FIRST if point.runs else "none"
        edge = FIRST if point.runs else SOFT
        axes.plot(point.x, point.errors, "o", markersize=7, markerfacecolor=face, markeredgecolor=edge, zorder=3)
    plain(axes)
    axes.spines["left"].set_visible(True)
    axes.yaxis.set_major_locator(FixedLocator([tick for tick in _TICKS if min(errors) / 1.2 <= tick]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter("{x:g}")
    axes.tick_params(axis="y", labelsize=SMALL, length=3, width=0.8)
    axes.set_xlabel(axis, fontsize=LETTERS)
    axes.set_ylabel(f"{METRICS[ERRORS].title} %, {data}", fontsize=LETTERS)
    _name(axes, points, best)
    told = ", ".join(f"{p.id} ({p.x:,.4g}, {p.errors:.3g} %)" for p in best)
    what = f"{len(points)} models; none is better in both figures than: {told}"
    return Panel(title, inline(figure, prefix, f"{title}: {data}", printable(what)), what)


def _name(axes: Axes, points: Sequence[Point], best: Sequence[Point]) -> None:
    """Write the names beside the points, those of the front first; where none fits, the table has it."""
    scale = 72 / axes.figure.dpi
    frame: Box = tuple(float(each) * scale for each in axes.bbox.extents)  # type: ignore[assignment]
    at = {p.id: [float(each) for each in axes.transData.transform((p.x, p.errors)) * scale] for p in points}
    taken: list[Box] = [around(x, y) for x, y in at.values()]
    for one, other in pairwise(best):
        (x, y), (end, below) = at[one.id], at[other.id]
        left, right, low, high = min(x, end), max(x, end), min(y, below), max(y, below)
        taken += [(left, y - 1, right, y + 1), (end - 1, low, end + 1, high)]
    names = {each.id for each in best}
    for point in sorted(points, key=lambda each: (each.id not in names, not each.runs, each.errors)):
        x, y = at[point.id]
        text, box = next(places(x, y, printable(point.id), frame, taken), ("", (0.0, 0.0, 0.0, 0.0)))
        if not text:
            continue
        taken.append(box)
        axes.annotate(
            text, (x, y), xytext=(box[0], (box[1] + box[3]) / 2), xycoords="figure points", textcoords="figure points",
            fontsize=LETTERS, va="center", zorder=4, color=None if point.id in names else SOFT,
        )  # fmt: skip
