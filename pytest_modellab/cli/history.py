"""`modellab history`."""

from __future__ import annotations

import argparse
import json

from pytest_modellab.catalog.errors import suggest
from pytest_modellab.catalog.load import default_grades
from pytest_modellab.core.console import counted, printable
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.reports.history import HistoryQuery, Point, Trend, history, shown_figure, shown_interval, sparkline

from .command import Commands, positive, refuse_unused
from .exits import Exit, UsageError
from .place import find_catalog, reports_there
from .tell import tell, tell_lines

FORMATS = ("text", "json")
LAST = 20


def run(options: argparse.Namespace) -> int:
    """Show a trend for each case; 1 where a record can't be read."""
    if options.metric is not None and options.metric not in METRICS:
        raise UsageError(f"no metric `{options.metric}`; {suggest(options.metric, METRICS)}")
    if options.all:
        refuse_unused(options, {"last": "some records, and --all shows all"})
    reports = reports_there(options)
    wanted = HistoryQuery(options.cases, None if options.all else options.last or LAST, options.metric)
    catalog = find_catalog(options, engines=False)
    damaged: list[str] = []
    trends = history(reports, wanted, catalog.grades if catalog else default_grades(), damaged)
    if not trends and not damaged:
        raise UsageError(
            f"no record of {' or '.join(options.cases) or 'any case'} in {reports / 'runs'}; run pytest first"
        )
    if options.format == "json":
        told = {"trends": [trend.model_dump(mode="json") for trend in trends], "damaged": damaged}
        tell_lines(json.dumps(told, indent=1))
    else:
        for trend in trends:
            tell_lines("\n".join(_lines(trend)))
        for text in damaged:
            tell(f"passed over: {text}")
    return Exit.WRONG if damaged else Exit.OK


def _lines(trend: Trend) -> list[str]:
    from tabulate import tabulate

    title = METRICS[trend.metric].title
    timed = "rtf" if any(point.figures.get("rtf") is not None for point in trend.points) else "latency_p50_s"
    rows = [
        [
            point.created[:10],
            printable(f"{(point.commit or '-')[:8]}{'+' if point.dirty else ''}"),
            shown_figure(trend.metric, point),
            shown_interval(trend.metric, point),
            shown_figure(timed, point),
            printable(point.cut or str(point.grade)),
        ]
        for point in trend.points
    ]
    head = ["day", "commit", title, "95 %", METRICS[timed].title, "grade"]
    align = ("left", "left", "right", "left", "right", "left")
    table = tabulate(rows, headers=head, tablefmt="plain", disable_numparse=True, colalign=align)
    count = counted(len(trend.points), "record") + (f", {trend.older} older" if trend.older else "")
    return [
        printable(f"{trend.case}: {title} {sparkline(trend.values)} ({count})"),
        *(f"  {line}" for line in table.splitlines()),
        *_notes(trend.points, trend),
        "",
    ]


def _notes(points: tuple[Point, ...], trend: Trend) -> list[str]:
    notes = []
    if any(point.dirty for point in points):
        notes.append("  + with changes that weren't committed")
    if any(point.noisy for point in points):
        notes.append("  ~ timed on a noisy machine")
    if any(point.grade.provisional for point in points):
        notes.append("  * provisional grade")
    if unchecked := sum(not point.has_checksum for point in points):
        notes.append(f"  {counted(unchecked, 'record')} without a checksum (`seal`): changes can't be detected")
    if len(trend.normalizers) > 1:
        notes.append(f"  scored by {', '.join(sorted(trend.normalizers))}: `modellab rescore --write` makes them one")
    return notes


def add(commands: Commands) -> None:
    """Add the command with its options."""
    past = commands.add(
        "history",
        run,
        "Show the values of each case over its past records.",
        example="history 'faster-whisper-*:cpu:*' --metric rtf",
    )
    past.add_argument("cases", nargs="*", metavar="CASE", help="ids or globs, model:device:dataset (default: all)")
    past.add_argument(
        "--metric", metavar="NAME", help="the metric to show (default: the error rate; of chat, the accuracy)"
    )
    past.add_argument(
        "-n",
        "--last",
        type=positive,
        metavar="N",
        help=f"number of records of each case, newest last (default: {LAST})",
    )
    past.add_argument("--all", action="store_true", help="all of them")
    past.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    past.add_argument("--reports", metavar="DIR", help="folder of records (default: modellab_reports)")
