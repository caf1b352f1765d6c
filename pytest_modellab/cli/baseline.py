"""`modellab baseline [save|compare|show]`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from pytest_modellab.core import git
from pytest_modellab.core.console import printable
from pytest_modellab.core.stats.regression import Allowed
from pytest_modellab.results import baseline as answers
from pytest_modellab.results import speed_baseline as speed
from pytest_modellab.results.baseline_lines import BaselineError
from pytest_modellab.results.record import Record

from .command import Commands
from .exits import Exit, UsageError
from .newest import newest_records
from .place import allowed_here, reports_there
from .tell import tell, tell_lines


def run(options: argparse.Namespace) -> int:
    """Save, compare or show; 1 where a case got worse or can't be compared, or its record is damaged."""
    reports = reports_there(options)
    folder = reports / "baselines"
    if options.action == "show":
        if options.cases:
            raise UsageError("`modellab baseline show` shows all baselines; CASE is for `save` and `compare`")
        return _show(folder)
    found = newest_records(reports, options.cases)
    if not found.records and not found.damaged:
        raise UsageError(found.why_none(options.cases, reports))
    found.tell_damaged()
    if options.action == "save":
        wrong = sum(_save(record, folder) for record in found.records)
        for line in _of_git(folder):
            tell(line)
    else:
        allowed = allowed_here(options)
        wrong = sum(_compare(record, folder, allowed(record.case)) for record in found.records)
    return Exit.WRONG if wrong else found.exit_code


def _of_git(folder: Path) -> Iterator[str]:
    """What is to be done so that other checkouts have the baselines."""
    root = git.told(folder, "rev-parse", "--show-toplevel") if folder.is_dir() else None
    if root is None or not folder.resolve().is_relative_to(Path(root).resolve()):
        return
    named = folder.resolve().relative_to(Path(root).resolve()).as_posix()
    if ignored := git.told(folder, "ls-files", "--others", "--ignored", "--exclude-standard", "--", "."):
        line = git.told(folder, "check-ignore", "-v", ignored.splitlines()[0]) or ""
        place, _, pattern = line.partition("\t")[0].rpartition(":")
        yield f"git ignores {named}, by {place} `{pattern}`: `git add -f {named}` commits them all the same"
    elif git.told(folder, "status", "--porcelain", "--", "."):
        yield f"next: git add {named} && git commit; only what is committed holds elsewhere, in CI too"


def _save(record: Record, folder: Path) -> int:
    if missing := answers.why_not_compared(record):
        tell(f"{record.case.id}: left out: {missing}, and baselines are compared by it")
        return 0
    try:
        tell(f"{record.case.id}: {answers.save(record, folder)}")
    except BaselineError as error:
        tell(f"not saved: {error}")
        return 1
    try:
        tell(f"{record.case.id}: {speed.save(record, folder)}")
    except BaselineError as error:
        # Answers without times are a baseline all the same.
        tell(f"  without speed: {error}")
    return 0


def _compare(record: Record, folder: Path, allowed: Allowed) -> int:
    if missing := answers.why_not_compared(record):
        tell(f"{record.case.id}: left out: {missing}, and baselines are compared by it")
        return 0
    if record.ran_on is not None:
        tell(f"{record.case.id}: left out: it {record.ran_on}; a baseline is of the device it is named after")
        return 0
    path = answers.place(record, folder)
    if not path.exists():
        tell(f"{record.case.id}: no baseline {path}; `modellab baseline save` makes one")
        return 1
    try:
        baseline = answers.of_case(path, record.case)
        if refused := answers.of_other_hardware(record, baseline.head):
            raise BaselineError(f"{record.case.id}: {refused}")
        comparison = answers.against(record, baseline, allowed)
    except BaselineError as error:
        tell(f"refused: {error}")
        return 1
    tell(f"{record.case.id}: {comparison}")
    for line in answers.changes_text(comparison):
        tell(f"  {line}")
    return int(comparison.finding.outcome == "worse") | _compare_speed(record, folder)


def _compare_speed(record: Record, folder: Path) -> int:
    try:
        saved = speed.find(record, folder)
        if saved is None or saved.is_other:
            tell(f"  speed: no baseline of this hardware{f'; {saved.why_other}' if saved else ''}")
            return 0
        change = speed.against(record, saved.baseline)
    except BaselineError as error:
        tell(f"  speed: not compared: {error}")
        return 0
    tell(f"  speed: {change}")
    return int(change.outcome == "slower" and not change.noisy)


def _show(folder: Path) -> int:
    from tabulate import tabulate

    rows = []
    for path in sorted(folder.glob("*/*.jsonl")):
        if path.name.endswith(speed.SUFFIX):
            timed = speed.read(path)
            rows.append(_row(timed.head, len(timed.calls), f"RTF {timed.head.rtf:.3f}", path))
        else:
            baseline = answers.read(path)
            wer = "-" if baseline.head.wer is None else f"WER {baseline.head.wer:.2%}"
            rows.append(_row(baseline.head, len(baseline.answers), wer, path))
    tell_lines(
        tabulate(rows, ["case", "utterances", "figure", "commit", "saved", "file"]) if rows else f"none in {folder}"
    )
    return 0


def _row(head: answers.Head | speed.SpeedHead, count: int, figure: str, path: Path) -> list[object]:
    return [head.case.id, count, figure, printable((head.commit or "-")[:10]), printable(head.created[:10]), path]


def add(commands: Commands) -> None:
    """Add the command with its options."""
    base = commands.add(
        "baseline",
        run,
        "Save, compare or show baselines: answers that later runs are compared with.",
        example="baseline save 'faster-whisper-base:cpu:*'",
    )
    base.add_argument("action", choices=("save", "compare", "show"))
    base.add_argument("cases", nargs="*", metavar="CASE", help="ids or globs, model:device:dataset (default: all)")
    base.add_argument("--reports", metavar="DIR", help="folder of records (default: modellab_reports)")
