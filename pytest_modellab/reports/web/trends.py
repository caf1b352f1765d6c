"""The drawing of a case's trend: its figures with their intervals, and the band of its baseline."""

from __future__ import annotations

import html
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.results.verdicts import case_key

from ..history import Point, Trend

if TYPE_CHECKING:
    from markupsafe import Markup

_WIDTH, _HEIGHT, _PAD = 640, 150, 10


@dataclass(frozen=True)
class Saved:
    """The run that a baseline was saved from."""

    created: str
    commit: str | None


def baselines(reports: Path) -> dict[str, Saved]:
    """By case: when its newest baseline was made; files that can't be read are passed over."""
    from pytest_modellab.results.baseline import SCHEMA, Head

    found: dict[str, Saved] = {}
    for path in sorted((reports / "baselines").glob("*/*.jsonl")):
        with suppress(OSError, ValueError, KeyError), path.open(encoding="utf-8") as lines:
            told = json.loads(lines.readline())
            if told["schema"] != SCHEMA:
                continue
            head = Head.model_validate(told)
            key = case_key(head.case)
            if key not in found or found[key].created < head.created:
                found[key] = Saved(head.created, head.commit)
    return found


def drawn(trend: Trend, saved: Saved | None) -> Markup:
    """The points of a trend as SVG, the newest at the right; "" where fewer than two have a figure.

    The band is the interval of the run that the baseline was saved from, where its record is there.
    """
    from markupsafe import Markup

    points = [(i, point) for i, point in enumerate(trend.points) if point.figures.get(trend.metric) is not None]
    if len(points) < 2:
        return Markup("")
    base = next((point for _, point in points if saved is not None and point.created == saved.created), None)
    scale = _Scale(trend, [point for _, point in points])
    parts = [*_band(scale, base), *_axis(scale, trend.metric)]
    whole = [(i, point) for i, point in points if not point.cut]
    path = " ".join(f"{scale.x(i):.1f},{scale.y(point.figures[trend.metric]):.1f}" for i, point in whole)
    parts.append(f'<polyline class="line" points="{path}"/>')
    for i, point in points:
        x = f"{scale.x(i):.1f}"
        if point.low is not None and point.high is not None:
            ends = f'y1="{scale.y(point.low):.1f}" y2="{scale.y(point.high):.1f}"'
            parts.append(f'<line class="whisker" x1="{x}" x2="{x}" {ends}/>')
        kind = "part" if point.cut else "noisy" if trend.metric in point.noisy else "point"
        parts.append(f'<circle class="{kind}" cx="{x}" cy="{scale.y(point.figures[trend.metric]):.1f}" r="4"/>')
    told = html.escape(f"{METRICS[trend.metric].title} of {len(points)} records, the newest at the right")
    # Beside that there are numbers alone in it.
    return Markup(f'<svg role="img" aria-label="{told}" viewBox="0 0 {_WIDTH} {_HEIGHT}">{"".join(parts)}</svg>')


class _Scale:
    """Places of points: by their number, not their time, since sessions come in bursts."""

    def __init__(self, trend: Trend, points: list[Point]) -> None:
        ends = [each for point in points for each in (point.figures[trend.metric], point.low, point.high)]
        known = [each for each in ends if each is not None]
        self.low, self.high = min(known), max(known)
        self.count = len(trend.points)

    def x(self, place: int) -> float:
        return 60 + place * (_WIDTH - 60 - _PAD) / max(1, self.count - 1)

    def y(self, value: float | None) -> float:
        span = self.high - self.low
        share = (((value or 0.0) - self.low) / span) if span else 0.5
        return _HEIGHT - _PAD - share * (_HEIGHT - 2 * _PAD)


def _band(scale: _Scale, base: Point | None) -> list[str]:
    if base is None or base.low is None or base.high is None:
        return []
    top, bottom = scale.y(base.high), scale.y(base.low)
    return [f'<rect class="band" x="60" width="{_WIDTH - 60}" y="{top:.1f}" height="{max(1.0, bottom - top):.1f}"/>']


def _axis(scale: _Scale, metric: str) -> list[str]:
    ends = {scale.low, scale.high}
    return [f'<text x="54" y="{scale.y(end) + 4:.1f}">{METRICS[metric].format(end)}</text>' for end in sorted(ends)]
