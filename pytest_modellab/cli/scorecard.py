"""`modellab scorecard`."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from pytest_modellab.catalog import CatalogError
from pytest_modellab.catalog.errors import suggest
from pytest_modellab.reports.scorecard import kept
from pytest_modellab.reports.scorecard.card import Scorecard
from pytest_modellab.reports.scorecard.files import JSON, loader
from pytest_modellab.reports.scorecard.format import FORMATS, FormatContext, FormatError
from pytest_modellab.reports.scorecard.recordings import Recordings
from pytest_modellab.reports.scorecard.row import Row
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import RecordError, place_of
from pytest_modellab.results.record_header import checked_header
from pytest_modellab.results.verdicts import case_key

from .command import Commands, new_file
from .configuration import configuration
from .exits import Exit, UsageError
from .output import put
from .place import find_catalog, reports_there
from .tell import tell, tell_lines


def run(options: argparse.Namespace) -> int:
    """Show a session's scorecard again; 1 where a record of it is damaged, whatever the session's result."""
    reports = Path(reports_there(options))
    try:
        card = kept.read(kept.named(reports, options.session) if options.session else reports / JSON)
    except kept.KeptError as error:
        again = "again" if (reports / JSON).exists() else "first"
        raise UsageError(str(error) if options.session else f"{error}; run pytest {again}") from error
    records = _Records(reports)
    _render(card, records, *_chosen(options), options)
    damaged = records.damaged(card)
    for text in damaged:
        tell(f"modellab: {text}", file=sys.stderr)
    return Exit.WRONG if damaged else Exit.OK


class _Records:
    """The records of a scorecard in a folder of reports."""

    def __init__(self, reports: Path) -> None:
        self.reports = reports
        self._load = loader(reports)
        self._refused: dict[str, str] = {}

    def load(self, row: Row) -> Record:
        """The whole record of a row, for those formats that show its utterances. Raises RecordError."""
        try:
            return self._load(row)
        except RecordError as error:
            self._refused[row.record or ""] = str(error)
            raise

    def damaged(self, card: Scorecard) -> list[str]:
        """What is wrong with records that are there, by case: what their headers tell, and what was seen as they were
        read. A record that isn't there is no damage: a scorecard may be copied alone.
        """
        rows = [row for row in card.rows if row.record is not None]
        return [f"{case_key(row.case)}: {why}" for row in rows if (why := self._fault(row, row.record or ""))]

    def _fault(self, row: Row, named: str) -> str:
        try:
            path = place_of(self.reports, row.case, named)
        except RecordError:
            return ""
        if not path.exists():
            return ""
        try:
            checked_header(path)
        except RecordError as error:
            return str(error)
        return self._refused.get(named, "")


def _chosen(options: argparse.Namespace) -> tuple[str, Path | None]:
    """The format, and the file it goes to; None for the standard output."""
    name = "html" if options.html is not None else "markdown" if options.markdown else options.format
    if options.html is not None and options.output is not None:
        raise UsageError("--html names its file itself: leave -o out, or write --format html -o FILE")
    if name not in FORMATS:
        raise UsageError(f"unknown format `{name}`; {suggest(name, FORMATS)}")
    return name, options.html or options.output


def _render(card: Scorecard, records: _Records, name: str, place: Path | None, options: argparse.Namespace) -> None:
    width = shutil.get_terminal_size().columns
    context = FormatContext(records.reports, place, width, records.load, lambda: _recordings(options))
    try:
        text = FORMATS[name].render(card, context)
    except FormatError as error:
        raise UsageError(str(error)) from error
    put(text, place)


def _recordings(options: argparse.Namespace) -> Recordings | None:
    """What the page may let one listen to. It needs the catalog, and nothing else of the page does."""
    try:
        catalog = find_catalog(options, engines=False) if configuration().flag("modellab_page_recordings") else None
    except CatalogError as error:
        tell_lines(f"modellab: the page is without recordings: {error}", file=sys.stderr)
        return None
    return None if catalog is None else Recordings(catalog)


def add(commands: Commands) -> None:
    """Add the command with its options."""
    card = commands.add(
        "scorecard",
        run,
        "Show the scorecard of the last session again, or of an earlier one.",
        example="scorecard --html scorecard.html",
    )
    card.add_argument(
        "session", nargs="?", metavar="SESSION", help="its id, or the beginning or end of it; `modellab sessions` lists"
    )
    form = card.add_mutually_exclusive_group()
    form.add_argument(
        "--format",
        default="terminal",
        metavar="NAME",
        help="terminal (the default), markdown, html, json, or one that a package brings",
    )
    form.add_argument("--markdown", action="store_true", help="as --format markdown")
    form.add_argument("--html", type=new_file, metavar="FILE", help="as --format html -o FILE")
    card.add_argument("-o", "--output", type=new_file, metavar="FILE", help="write it there, and say so")
    card.add_argument("--reports", metavar="DIR", help="folder of records (default: modellab_reports)")
