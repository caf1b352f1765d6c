"""`modellab listen`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_modellab.core.console import counted

from .command import Commands, new_file, positive, refuse_unused
from .exits import Exit, UsageError
from .output import write
from .place import reports_there
from .tell import tell

if TYPE_CHECKING:
    from pytest_modellab.reports.listening.figures import Heard
    from pytest_modellab.reports.listening.spec import Scale

SCALES = ("preference", "rating")
OUTPUT, MOST, TITLE = "listening.html", 20, "Listening test"
SCALE: Scale = "preference"
"""Of a page, unless options say otherwise."""


def run(options: argparse.Namespace) -> int:
    """Write the page of a listening test, or say what the listeners answered."""
    from pytest_modellab.reports.listening.spec import ListeningError

    try:
        return _figures(options) if options.answers else _page(options)
    except ListeningError as error:
        raise UsageError(str(error)) from None


def _page(options: argparse.Namespace) -> int:
    from pytest_modellab.reports.leaderboard.page import PageError
    from pytest_modellab.reports.listening.page import render
    from pytest_modellab.reports.listening.prepare import prepared

    from .newest import newest_records

    refuse_unused(options, {"key": "--answers"})
    if not options.cases:
        raise UsageError("name the voices, as in `modellab listen kokoro-heart hibari-en`; or give --answers")
    reports = reports_there(options)
    globs = [glob for each in options.cases for glob in (each, f"{each}:*")]
    found = newest_records(reports, globs, "tts")
    if not found.records:
        raise UsageError(found.why_none(options.cases, reports))
    scale: Scale = options.scale or SCALE
    test = prepared(found.records, reports, scale=scale, seed=options.seed or 0, most=options.most or MOST)
    try:
        html = render(test, TITLE if options.title is None else options.title)
    except PageError as error:
        raise UsageError(str(error)) from None
    output = options.output or Path(OUTPUT)
    key = output.with_suffix(".key.json")
    write(html, output)
    write(test.key.model_dump_json(by_alias=True, indent=1), key)
    voices = ", ".join(test.key.voices)
    tell(f"{output}: {len(test.key.items)} texts, spoken by {voices}; send it to listeners")
    tell(f"{key}: what is behind the clips; keep it")
    tell(f"next: modellab listen --answers listening-*.json --key {key}")
    return Exit.OK


def _figures(options: argparse.Namespace) -> int:
    from pytest_modellab.reports.listening.figures import of_answers
    from pytest_modellab.reports.listening.spec import Answers, Key, read

    refuse_unused(options, dict.fromkeys(("output", "scale", "most", "seed", "title", "reports"), "a new page"))
    if options.cases:
        raise UsageError("--answers tells what listeners said; CASE is for a new page")
    if options.key is None:
        raise UsageError("--answers needs --key, the file that was written beside the page")
    for line in lines(of_answers(read(Key, options.key), [read(Answers, path) for path in options.answers])):
        tell(line)
    return Exit.OK


def lines(heard: Heard) -> Iterator[str]:
    """What the listeners said, a line for each voice, the best first."""
    percent = heard.key.scale == "preference"
    width = max(map(len, heard.key.voices))
    whose = f"{counted(heard.answers, 'answer')} of {counted(heard.listeners, 'listener')}"
    yield f"{'preferred in' if percent else 'mean rating'}, {whose}:"
    for each in sorted(heard.figures, key=lambda each: -each.value):
        factor, unit = (100, " %") if percent else (1, "")
        told = (
            "no interval: too few answers, or all alike"
            if each.interval is None
            else f"[{factor * each.interval.low:.0f}, {factor * each.interval.high:.0f}]"
        )
        yield f"  {each.voice:{width}}  {factor * each.value:.0f}{unit} {told}"
    if heard.conditional:
        yield f"95 % intervals, {heard.conditional}: five or more tell of others, too"


def add(commands: Commands) -> None:
    """Add the command with its options."""
    added = commands.add(
        "listen",
        run,
        "Write a page for a blind listening test of voices, or say what its listeners answered.",
        example="listen kokoro-heart hibari-en -o listening.html",
    )
    added.add_argument("cases", nargs="*", metavar="CASE", help="voices, or ids of cases: their newest records in tts")
    added.add_argument(
        "-o",
        "--output",
        type=new_file,
        metavar="FILE",
        help=f"of the page (default: {OUTPUT})",
    )
    added.add_argument(
        "--scale",
        choices=SCALES,
        help=f"which of two is better, or 0 to 100 for each (default: {SCALE})",
    )
    added.add_argument("--most", type=positive, metavar="N", help=f"texts (default: {MOST})")
    added.add_argument("--seed", type=int, metavar="N", help="of the choice of texts (default: 0)")
    added.add_argument("--title", help=f"of the page (default: {TITLE})")
    added.add_argument(
        "--answers", type=Path, nargs="+", metavar="FILE", help="that listeners saved: their figures are told"
    )
    added.add_argument("--key", type=Path, metavar="FILE", help="of the test that the answers are of")
    added.add_argument("--reports", metavar="DIR", help="folder of records (default: modellab_reports)")
