"""The leaderboard as one self-contained HTML file, which loads nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from pytest_modellab.core.console import printable
from pytest_modellab.core.metrics.registry import METRICS

from ..scorecard.page import asset
from ..scorecard.tables import percent
from .board import Aggregate, Board, aggregate, is_peak


class PageError(Exception):
    """A library that pages need isn't installed."""


def render(boards: Sequence[Board], title: str, notes: Sequence[str] = ()) -> str:
    """The page of these boards. Raises PageError without Jinja2."""
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError:
        raise PageError("an HTML page needs Jinja2: pip install 'pytest-modellab[report]'") from None
    # Titles of models are others' words: everything is escaped, and what turns the reading direction replaced.
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_shown
    )
    return environment.from_string(_own("board.html.j2")).render(
        boards=boards,
        title=title,
        notes=notes,
        metrics=METRICS,
        aggregate=aggregate,
        is_peak=is_peak,
        interval=interval,
        marked=marked,
        style=asset("page.css") + _own("board.css"),
        script=script(),
        script_digest=digest(script()),
    )


def script() -> str:
    """The page's own script, which averages and sorts."""
    return asset("theme.js") + _own("board.js")


def digest(text: str) -> str:
    """A script or style as a Content-Security-Policy names it."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def marked(metric: str, found: Aggregate) -> str:
    """A figure as in a scorecard's table: a time from a noisy machine is marked."""
    return METRICS[metric].format(found.value) + (" ~" if found.noise else "")


def interval(metric: str, found: tuple[float, float] | None) -> str:
    """`[0.4, 26]`, in per cent where the figure is; "" without one."""
    if found is None:
        return ""
    if METRICS[metric].unit != "%":
        return f"[{found[0]:.3g}, {found[1]:.3g}]"
    return f"[{percent(found[0])}, {percent(found[1])}]"


def _shown(value: object) -> object:
    return printable(value) if type(value) is str else value


@cache
def _own(name: str) -> str:
    return files(__package__).joinpath("templates", name).read_text(encoding="utf-8")
