"""`modellab compare`."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from fnmatch import fnmatchcase

from pytest_modellab.reports.comparison import markdown, page, terminal
from pytest_modellab.reports.comparison.compare import compare
from pytest_modellab.reports.comparison.page import PageError
from pytest_modellab.reports.comparison.parts import Compared
from pytest_modellab.reports.comparison.sides import NEWEST, PastRecords, Side, SideError

from .command import Commands, new_file
from .configuration import configuration
from .exits import Exit, UsageError
from .output import put
from .place import allowed_here, reports_there

FORMATS = ("text", "markdown", "html", "json")


def run(options: argparse.Namespace) -> int:
    """Compare every side with the first.

    1 where something got worse, where the data of a case have changed, or where nothing could be compared.
    """
    reports, found = reports_there(options), configuration()
    past = PastRecords(reports, reports.parent if found.file is None else found.base)
    names = [options.first, *(options.others or [NEWEST])]
    try:
        compared = compare([_only(past.side(name), options.case) for name in names], allowed_here(options))
    except SideError as error:
        raise UsageError(str(error)) from None
    put(_rendered(compared, options.format), options.output)
    return Exit.OK if compared.good else Exit.WRONG


def _only(side: Side, globs: list[str]) -> Side:
    """The side with none but the cases that are asked for."""
    if not globs or side.baselines is not None:
        return side
    kept = {
        key: path
        for key, path in side.records.items()
        if any(fnmatchcase(key, glob) or fnmatchcase(key.partition("/")[2], glob) for glob in globs)
    }
    if side.records and not kept:
        raise SideError(
            f"no case of {side.name} matches {' or '.join(globs)}; it has {', '.join(sorted(side.records))}"
        )
    return replace(side, records=kept)


def _rendered(compared: Compared, form: str) -> str:
    match form:
        case "json":
            # In ASCII: nothing in it is obeyed by a terminal, and nothing is lost.
            return json.dumps(compared.model_dump(mode="json", by_alias=True), indent=1) + "\n"
        case "markdown":
            return markdown.render(compared)
        case "html":
            try:
                return page.render(compared)
            except PageError as error:
                raise UsageError(str(error)) from None
        case _:
            return "".join(f"{line}\n" for line in terminal.render(compared))


def add(commands: Commands) -> None:
    """Add the command with its options."""
    held = commands.add(
        "compare",
        run,
        "Compare runs with an earlier one: regressions, improvements, and differences that can't be detected.",
        example="compare 7d --case 'faster-whisper-*'",
    )
    side = (
        "a session, a commit, a day (2026-01-31, 7d for a week ago), `baseline`, `newest`, a scorecard's file, a"
        " folder of reports, or `model:ID`, compared with another model's on the same data"
    )
    held.add_argument("first", metavar="A", help=side)
    held.add_argument("others", nargs="*", metavar="B", help="the same, each compared with A (default: newest)")
    held.add_argument("--case", action="append", default=[], metavar="GLOB", help="only such cases; repeatable")
    held.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    held.add_argument("-o", "--output", type=new_file, metavar="FILE", help="default: standard output")
    held.add_argument("--reports", metavar="DIR", help="folder of records (default: modellab_reports)")
