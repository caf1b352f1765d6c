"""The pages of past sessions: their list, one of them, two compared, trends of cases, and the leaderboard."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_modellab.catalog.load import default_grades
from pytest_modellab.core.audio_artifacts import AudioArtifacts
from pytest_modellab.core.console import printable
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.results.record_files import RecordError
from pytest_modellab.results.verdicts import case_key

from ..comparison import page as comparison
from ..comparison.compare import compare
from ..comparison.sides import PastRecords, SideError
from ..history import HistoryQuery, history, shown_figure, shown_interval
from ..leaderboard import page as leaderboard
from ..leaderboard.board import boards
from ..scorecard import kept, page
from ..scorecard.card import Scorecard
from ..scorecard.files import JSON, loader
from ..scorecard.page import asset
from . import live, trends
from .refused import Refused

if TYPE_CHECKING:
    from jinja2 import Environment

    from ..scorecard.row import Row

MOST = 200
"""Sessions that are listed, and that the leaderboard is made of."""
_POINTS = 60
"""Records of a case in its trend."""
_RENDERED = 4
"""Pages of sessions that are kept ready."""

_drawing = threading.Lock()
"""matplotlib is of one thread at a time."""


def sessions(reports: Path) -> bytes:
    """The list of sessions, of which any two can be compared."""
    damaged: list[str] = []
    cards = list(islice(kept.scorecards(reports, damaged), MOST))
    return _rendered("sessions.html.j2", sessions=[kept.told(card) for card in cards], damaged=damaged)


def session(reports: Path, id: str) -> bytes:
    """The scorecard's page of a past session. Raises Refused where there is none."""
    if missing := page.missing():
        raise Refused(501, f"a page needs {', '.join(missing)}: pip install 'pytest-modellab[report]'")
    try:
        path = kept.named(reports, id)
    except kept.KeptError as error:
        raise Refused(404, _relative(error, reports)) from None
    with _drawing:
        return _session(reports, path, path.stat().st_mtime_ns)


@lru_cache(maxsize=_RENDERED)
def _session(reports: Path, path: Path, _written: int) -> bytes:
    try:
        card = kept.read(path)
    except kept.KeptError as error:
        raise Refused(500, _relative(error, reports)) from None
    return live.with_notice(page.render(card, loader(reports), AudioArtifacts(reports), reports).encode(), live.links())


def compared(reports: Path, query: Mapping[str, list[str]]) -> bytes:
    """The comparison of two sessions. Raises Refused for what names none."""
    names = [query.get(name, [""])[-1] for name in ("a", "b")]
    if set(query) - {"a", "b"} or not all(names):
        raise Refused(400, "two sessions are compared: /compare?a=SESSION&b=SESSION")
    past = PastRecords(reports, reports.parent)
    try:
        found = compare([past.session(name) for name in names])
        return comparison.render(found).encode()
    except SideError as error:
        raise Refused(404, _relative(error, reports)) from None
    except RecordError as error:
        raise Refused(500, _relative(error, reports)) from None
    except comparison.PageError as error:
        raise Refused(501, str(error)) from None


def trend(reports: Path, query: Mapping[str, list[str]]) -> bytes:
    """The trends of all cases, or of those that `case` names, with the baseline's band."""
    if set(query) - {"case", "metric"}:
        raise Refused(400, "known: case (an id, or a glob), metric")
    metric = query.get("metric", [""])[-1] or None
    if metric is not None and metric not in METRICS:
        raise Refused(400, f"no metric {printable(metric)}; known: {', '.join(METRICS)}")
    damaged: list[str] = []
    wanted = HistoryQuery(globs=tuple(query.get("case", ())), last=_POINTS, metric=metric)
    found = history(reports, wanted, default_grades(), damaged)
    bands = trends.baselines(reports)
    return _rendered(
        "trends.html.j2",
        trends=[(each, trends.drawn(each, bands.get(each.case))) for each in found],
        bands=bands,
        damaged=[_relative(text, reports) for text in damaged],
        metrics=METRICS,
        shown_figure=shown_figure,
        shown_interval=shown_interval,
    )


def board(reports: Path) -> bytes:
    """The leaderboard of the newest row of each case, out of all sessions."""
    rows: dict[str, Row] = {}
    for card in _cards(reports):
        for row in card.rows:
            if row.measured and row.limited_to is None:
                rows.setdefault(case_key(row.case), row)
    note = f"Of the newest figure of each case in the last {MOST} sessions."
    try:
        return leaderboard.render(boards(rows.values()), "Model Lab leaderboard", [note]).encode()
    except leaderboard.PageError as error:
        raise Refused(501, str(error)) from None


def board_policy() -> str:
    """What the leaderboard may do: its own script, by its digest."""
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src '{leaderboard.digest(leaderboard.script())}';"
        " img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _cards(reports: Path) -> list[Scorecard]:
    found = list(islice(kept.scorecards(reports, []), MOST))
    if not found:  # of reports that were made before scorecards were kept
        try:
            found = [kept.read(reports / JSON)]
        except kept.KeptError:
            return []
    return found


def _rendered(name: str, **told: Any) -> bytes:
    text: str = _environment().from_string(_own(name)).render(style=asset("page.css") + _own("pages.css"), **told)
    return text.encode("utf-8", "replace")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError:
        raise Refused(501, "this page needs Jinja2: pip install 'pytest-modellab[report]'") from None
    # What records and scorecards say is others' words: everything is escaped.
    return Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_shown
    )


def _shown(value: object) -> object:
    return printable(value) if type(value) is str else value


def _relative(told: object, reports: Path) -> str:
    """A message without the folders above the reports: who may look at these need not know them."""
    return str(told).replace(f"{reports}/", "")


def _own(name: str) -> str:
    return files(__package__).joinpath("templates", name).read_text(encoding="utf-8")
