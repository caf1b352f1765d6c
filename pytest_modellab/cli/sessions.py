"""`modellab sessions`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from pytest_modellab.core.console import counted, printable
from pytest_modellab.reports.scorecard import kept
from pytest_modellab.reports.scorecard.card import Scorecard
from pytest_modellab.runner.session import killed

from .command import Commands, positive
from .exits import Exit, UsageError
from .place import reports_there
from .tell import tell, tell_lines

FORMATS = ("text", "json")


def run(options: argparse.Namespace) -> int:
    """List the sessions that are kept, the newest first; 1 where a scorecard can't be read."""
    reports = Path(reports_there(options))
    damaged: list[str] = []
    cards = list(islice(kept.scorecards(reports, damaged), options.last))
    if not cards and not damaged:
        raise UsageError(f"no session is kept in {reports / kept.FOLDER}; run pytest first")
    if options.format == "json":
        tell_lines(json.dumps({"sessions": [kept.told(card) for card in cards], "damaged": damaged}, indent=1))
    else:
        tell_lines("\n".join(_lines(cards)))
        older = len(kept.files(reports)) - len(cards) - len(damaged)
        if older > 0:
            tell(f"{counted(older, 'older session')}: --last {len(cards) + older} lists all")
        for text in damaged:
            tell(f"passed over: {text}")
        for session in killed(reports):
            tell(f"killed, without a scorecard: {printable(session)}; the next session goes on with its answers")
    return Exit.WRONG if damaged else Exit.OK


def _lines(cards: Sequence[Scorecard]) -> list[str]:
    from tabulate import tabulate

    rows = []
    for row in map(kept.told, cards):
        cases = ", ".join(f"{count} {status}" for status, count in row["cases"].items()) or "none measured"
        rows.append([printable(row["session"]), row["result"], cases, printable(row["arguments"])])
    head = ["session", "result", "cases", "pytest"]
    text = tabulate(rows, headers=head, tablefmt="plain", disable_numparse=True)
    shown = f"modellab scorecard {printable(cards[0].session)}" if cards else ""
    return [*text.splitlines(), *([f"show one: {shown}; two: modellab compare A B"] if shown else [])]


def add(commands: Commands) -> None:
    """Add the command with its options."""
    listed = commands.add(
        "sessions", run, "List the sessions that are kept: what was run, and how it ended.", example="sessions --last 5"
    )
    listed.add_argument("--last", type=positive, default=20, metavar="N", help="the N newest (default: 20)")
    listed.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    listed.add_argument("--reports", metavar="DIR", help="folder of records (default: modellab_reports)")
