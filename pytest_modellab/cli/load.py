"""`modellab load`."""

from __future__ import annotations

import argparse
from collections import Counter

from pytest_modellab.core.console import printable
from pytest_modellab.core.escaping import plain
from pytest_modellab.reports.load.levels import Levels, Slo, SloError, levels_of, summary, table

from .command import Commands
from .exits import Exit, UsageError
from .newest import newest_records
from .place import reports_folder
from .tell import tell_lines

FORMATS = ("text", "markdown")


def run(options: argparse.Namespace) -> int:
    """Show the newest record of each level of load; 1 where an SLO holds at no level of some
    model, or a record is damaged."""
    try:
        slo = None if options.slo is None else Slo.parsed(options.slo)
    except SloError as error:
        raise UsageError(str(error)) from None
    reports = reports_folder(options)
    found = newest_records(reports, [f"{options.model}:*:*"] if options.model is not None else [], "load")
    levels = levels_of(found.records)
    found.tell_damaged()
    if not levels and not found.damaged:
        raise UsageError(f"no record of a level of load in {reports / 'runs'}; see docs/load.md for how to make some")
    titles = Counter((each.model, each.device, each.dataset) for each in levels)
    for each in levels:
        apart = titles[each.model, each.device, each.dataset] > 1
        tell_lines("\n".join(_shown(each, slo, options.format, apart=apart)), end="\n\n")
    short = slo is not None and any(each.capacity(slo)[0] is None for each in levels)
    return Exit.WRONG if short else found.exit_code


def _shown(levels: Levels, slo: Slo | None, form: str, *, apart: bool) -> list[str]:
    """The table of levels; those that were measured with other inputs, such as options, are `apart` from each other."""
    from tabulate import tabulate

    title = f"{levels.model} on {levels.device}, {levels.dataset}"
    if apart:
        title += f", measured on {levels.records[0].provenance.created[:16]}: levels of other inputs stand apart"
    headings, rows = table(levels)
    if form == "markdown":
        cells = [[plain(text) for text in row] for row in rows]
        body = tabulate(cells, headings, tablefmt="github", disable_numparse=True)
        return [f"## {plain(title)}", "", body, "", *(f"- {plain(text)}" for text in summary(levels, slo))]
    body = tabulate([[printable(text) for text in row] for row in rows], headings, disable_numparse=True)
    return [printable(title), body, *map(printable, summary(levels, slo))]


def add(commands: Commands) -> None:
    """Add the command with its options."""
    shown = commands.add(
        "load",
        run,
        "Show the levels of load of each model: throughput, latency, knee, capacity.",
        example="load --slo load_p95_s=2,wer=0.1",
    )
    shown.add_argument("--model", metavar="GLOB", help="only of these models")
    shown.add_argument(
        "--slo", metavar="BOUNDS", help="what each level is to hold, such as load_p95_s=2,wer=0.1: gives the capacity"
    )
    shown.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    shown.add_argument("--reports", metavar="DIR", help="folder of the reports (default: as pytest has it)")
