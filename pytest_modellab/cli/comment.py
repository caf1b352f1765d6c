"""`modellab comment`."""

from __future__ import annotations

import argparse
from pathlib import Path

from pytest_modellab.reports.comment import render
from pytest_modellab.reports.comparison.compare import compare
from pytest_modellab.reports.comparison.parts import Compared
from pytest_modellab.reports.comparison.sides import NEWEST, PastRecords, SideError
from pytest_modellab.reports.scorecard import kept
from pytest_modellab.reports.scorecard.files import JSON, loader
from pytest_modellab.runner.session import killed

from .command import Commands, new_file, whole
from .configuration import configuration
from .exits import Exit, UsageError
from .output import put
from .place import allowed_here, reports_there


def run(options: argparse.Namespace) -> int:
    """Write the last session as a comment; 0 whatever its result, which the session's own exit code told."""
    reports = Path(reports_there(options))
    try:
        card = kept.read(reports / JSON)
    except kept.KeptError as error:
        raise UsageError(f"{error}; run pytest first") from error
    if card.passed and (stale := _stale(reports, options.exit_code)):
        card = card.model_copy(update={"problems": (stale,)})
    put(render(card, _compared(options, reports), loader(reports)), options.output)
    return Exit.OK


def _stale(reports: Path, exit_code: int | None) -> str:
    """Why a scorecard that passed isn't that of the session which is told of; "" where nothing speaks against it."""
    if exit_code:
        return f"pytest ended with exit code {exit_code}: this is the scorecard of an earlier session"
    gone = killed(reports)
    return f"session {gone[-1]} was killed: this is the scorecard of an earlier one" if gone else ""


def _compared(options: argparse.Namespace, reports: Path) -> Compared | str:
    """The comparison, or why there is none: the comment is written all the same."""
    if options.against is None:
        return "nothing to compare with was named"
    found = configuration()
    past = PastRecords(reports, reports.parent if found.file is None else found.base)
    try:
        return compare([past.side(options.against), past.side(NEWEST)], allowed_here(options))
    except SideError as error:
        return str(error)


def add(commands: Commands) -> None:
    """Add the command with its options."""
    written = commands.add(
        "comment",
        run,
        "Write the last session as a comment on a pull request, in Markdown.",
        example="comment --against baseline -o comment.md",
    )
    written.add_argument(
        "--against",
        metavar="A",
        help="compare with it, as `modellab compare` does: a session, a commit, a day, `baseline`, a folder of reports",
    )
    written.add_argument(
        "--exit-code",
        type=whole(0, 255),
        metavar="N",
        help="of pytest: a scorecard that passed is an earlier session's where it isn't 0, and the comment says so",
    )
    written.add_argument("-o", "--output", type=new_file, metavar="FILE", help="default: standard output")
    written.add_argument("--reports", metavar="DIR", help="folder of records (default: modellab_reports)")
