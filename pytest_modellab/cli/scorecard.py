"""`modellab scorecard`."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from pydantic import ValidationError

from pytest_modellab.catalog import CatalogError
from pytest_modellab.core.console import from_here
from pytest_modellab.reports.scorecard import markdown, page, terminal
from pytest_modellab.reports.scorecard.card import Scorecard
from pytest_modellab.reports.scorecard.files import write_page
from pytest_modellab.reports.scorecard.recordings import Recordings

from .command import Commands
from .configuration import configuration
from .exits import Exit, UsageError
from .place import find_catalog, reports_folder
from .tell import tell, tell_lines


def run(options: argparse.Namespace) -> int:
    """Show the last session's scorecard again; the exit code says nothing of what is on it."""
    path = Path(reports_folder(options)) / "scorecard.json"
    try:
        card = Scorecard.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: can't be read: {error.strerror}; run pytest first") from error
    except ValidationError as error:
        why = error.errors(include_url=False)[0]["msg"]
        raise UsageError(f"{path}: is no scorecard of this version: {why}; run pytest again") from error
    if options.html is not None:
        _write_page(card, path.parent, options)
    elif options.markdown:
        tell_lines(markdown.render(card), end="")
    else:
        for line, _ in terminal.render(card, from_here(path), width=shutil.get_terminal_size().columns):
            tell(line)
    return Exit.OK


def _write_page(card: Scorecard, reports: Path, options: argparse.Namespace) -> None:
    absent = page.missing()
    if absent:
        raise UsageError(f"a page takes {' and '.join(absent)}: pip install 'pytest-modellab[report]'")
    place: Path = options.html
    try:
        write_page(card, reports, place, _recordings(options))
    except OSError as error:
        raise UsageError(f"{place}: can't be written: {error.strerror or error}") from error
    tell(place)


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
    card = commands.add("scorecard", run, "Show the last session's scorecard again.")
    form = card.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="as Markdown, for the summary of a CI job")
    form.add_argument(
        "--html", type=Path, metavar="FILE", help="as a page that needs nothing but itself (extra report)"
    )
    card.add_argument("--reports", metavar="DIR", help="folder of records (default: modellab_reports)")
