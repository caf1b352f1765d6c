"""A scorecard as files: the JSON, the page beside it, its copy among those of past sessions, and its records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pytest_modellab.core.atomic import write_text
from pytest_modellab.core.audio_artifacts import AudioArtifacts
from pytest_modellab.results import record_files as records
from pytest_modellab.results.record import Record

from . import kept, page
from .card import Scorecard
from .earlier import earlier
from .row import Row

JSON = "scorecard.json"
MORE = "pip install 'pytest-modellab[report]' for a page to look at; modellab_page = false for none"


@dataclass(frozen=True)
class Written:
    """The files written to the folder of reports."""

    card: Scorecard
    """With a problem more for each file that could not be written."""
    page: Path | None
    hint: str = ""
    """How to get a page, where the packages for it are missing."""


def write(
    card: Scorecard, reports: Path, *, with_page: bool = True, recordings: page.Recordings | None = None
) -> Written:
    """The JSON first, which everything else reads; a page that fails costs neither it nor the session's results.

    A page of an earlier session goes, so that none stands beside figures that are not its own; its scorecard is kept.
    """
    card, problem = _stored(card, reports), ""
    place = reports / page.NAME
    hint = MORE if with_page and page.missing() else ""
    if with_page and not hint:
        try:
            write_page(card, reports, place, recordings)
        except OSError as error:
            problem = f"the page could not be written to {place}: {error.strerror or error}"
        except Exception as error:  # whatever a record holds, or a drawing library does
            problem = f"the page could not be made: {type(error).__name__}: {error}"
        else:
            return Written(card, place)
    left_over = _removed(place)
    problem = problem or left_over
    return Written(_stored(_with_problem(card, problem), reports) if problem else card, None, hint)


def _stored(card: Scorecard, reports: Path) -> Scorecard:
    """As the newest, and among those that are kept; with a problem more where it can't be."""
    place = reports / JSON
    try:
        write_text(place, text(card))
        place = kept.keep(card, reports)
    except OSError as error:
        return _with_problem(card, f"the scorecard could not be written to {place}: {error.strerror}")
    return card


def text(card: Scorecard) -> str:
    """As it is stored."""
    return card.model_dump_json(by_alias=True, indent=1) + "\n"


def write_page(card: Scorecard, reports: Path, place: Path, recordings: page.Recordings | None = None) -> None:
    """The page of a scorecard whose records and sounds are in `reports`. Raises OSError, or ImportError."""
    text = page.render(
        card,
        loader(reports),
        AudioArtifacts(reports),
        place.parent,
        recordings=recordings,
        earlier=partial(earlier, reports),
    )
    write_text(place, text)


def loader(reports: Path) -> Callable[[Row], Record]:
    """The record of a row, wherever the folder of reports was moved to since."""

    def load(row: Row) -> Record:
        return records.read(records.place_of(reports, row.case, row.record or ""))

    return load


def _with_problem(card: Scorecard, problem: str) -> Scorecard:
    return card.model_copy(update={"problems": tuple(dict.fromkeys((*card.problems, problem)))})


def _removed(path: Path) -> str:
    """Why the page of an earlier session is still there, else ""."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        return f"the page of an earlier session could not be removed: {path}: {error.strerror}"
    return ""
