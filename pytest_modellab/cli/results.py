"""`modellab results [show|save]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pytest_modellab.reports.scorecard import results
from pytest_modellab.reports.scorecard.row import Row

from .command import Commands, new_file, refuse_unused
from .exits import Exit, UsageError
from .newest import newest_records
from .output import put
from .place import open_catalog, reports_there
from .tell import tell

_OF_SHOW = dict.fromkeys(("html", "output"), "`modellab results show`")
_OF_SAVE = {"reports": "`modellab results save`"}


def run(options: argparse.Namespace) -> int:
    """Save the newest records beside the catalog, or show the page of the saved ones; 1 where one is damaged."""
    shown = options.action == "show"
    refuse_unused(options, _OF_SAVE if shown else _OF_SHOW)
    if options.html is not None:
        refuse_unused(options, {"output": "the page in Markdown; --html names its own file"})
    catalog = open_catalog(options, engines=False)
    folder: Path = options.folder if options.folder is not None else catalog.base / "results"
    if shown:
        if options.cases:
            raise UsageError("`modellab results show` shows all kept results; CASE is for `save`")
        if options.folder is not None and not folder.is_dir():
            raise UsageError(f"--folder {folder}: no such folder")
        saved = results.load(folder)
        if options.html is not None:
            return _leaderboard(results.scorecard(catalog, saved).rows, options.html)
        put(results.page(catalog, saved), options.output)
        return Exit.OK
    reports = reports_there(options)
    found = newest_records(reports, options.cases)
    if not found.records and not found.damaged:
        raise UsageError(found.why_none(options.cases, reports))
    found.tell_damaged()
    try:
        told = results.keep(found.records, folder)
    except (results.ResultsError, OSError) as error:
        tell(f"modellab: nothing was kept: {error}", file=sys.stderr)
        return Exit.WRONG
    for each in told:
        tell(f"{each.case}: {each.told}")
    return found.exit_code


def _leaderboard(rows: Sequence[Row], place: Path) -> int:
    """Write the leaderboard of these rows."""
    from pytest_modellab.reports.leaderboard.board import boards
    from pytest_modellab.reports.leaderboard.page import PageError, render

    try:
        put(render(boards(rows), "Model Lab leaderboard"), place)
    except PageError as error:
        raise UsageError(str(error)) from None
    return Exit.OK


def add(commands: Commands) -> None:
    """Add the command with its options."""
    kept = commands.add(
        "results",
        run,
        "Show the latest results of all models, of the records kept in results/; or keep them.",
        example="results --html leaderboard.html",
    )
    kept.add_argument("action", nargs="?", choices=("show", "save"), default="show")
    kept.add_argument(
        "cases", nargs="*", metavar="CASE", help="to save: ids or globs, model:device:dataset (default: all)"
    )
    kept.add_argument(
        "--folder", type=Path, metavar="DIR", help="folder of saved results (default: results beside the ini file)"
    )
    kept.add_argument(
        "--html", type=new_file, metavar="FILE", help="write the leaderboard of them: one file that loads nothing"
    )
    kept.add_argument("-o", "--output", type=new_file, metavar="FILE", help="file of the page (default: the screen)")
    kept.add_argument("--reports", metavar="DIR", help="folder of records (default: modellab_reports)")
