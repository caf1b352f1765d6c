"""`modellab baseline [save|compare|show]`."""

from __future__ import annotations

import argparse
from fnmatch import fnmatchcase
from pathlib import Path

from ..baseline import BaselineError, against, changes_text, place, read, save
from ..bench import record as records
from ..bench.record import Record
from . import UsageError
from .place import reports_folder

NO_WORDS = "nobody speaks in this data set, and baselines are compared by WER"


def run(options: argparse.Namespace) -> int:
    """Save, compare or show; comparing ends with 1 where a case got worse or can't be compared."""
    reports = reports_folder(options)
    folder = reports / "baselines"
    if options.action == "show":
        return _show(folder)
    chosen = [record for record in latest(reports) if _matches(record, options.cases)]
    if not chosen:
        raise UsageError(
            f"no record of {' or '.join(options.cases) or 'any case'} in {reports / 'runs'}; run pytest first"
        )
    return (
        sum(_save(record, folder) if options.action == "save" else _compare(record, folder) for record in chosen) and 1
    )


def _matches(record: Record, globs: list[str]) -> bool:
    return not globs or any(fnmatchcase(record.case.id, glob) for glob in globs)


def latest(reports: Path) -> list[Record]:
    """The newest whole record of each case."""
    newest: dict[str, Record] = {}
    # Names begin with the time of the run.
    for path in sorted((reports / "runs").glob("*/*/*.json"), key=lambda path: path.name):
        record = records.read(path)
        if record.limited_to is None:
            newest[f"{record.case.task}/{record.case.id}"] = record
    return [newest[key] for key in sorted(newest)]


def _save(record: Record, folder: Path) -> int:
    if record.wordless:
        print(f"{record.case.id}: left out: {NO_WORDS}")
        return 0
    try:
        path = save(record, folder)
    except BaselineError as error:
        print(f"not saved: {error}")
        return 1
    print(f"{record.case.id}: {path}")
    return 0


def _compare(record: Record, folder: Path) -> int:
    path = place(record, folder)
    if record.wordless:
        print(f"{record.case.id}: left out: {NO_WORDS}")
        return 0
    if not path.exists():
        print(f"{record.case.id}: no baseline {path}; `modellab baseline save` makes one")
        return 1
    try:
        comparison = against(record, read(path))
    except BaselineError as error:
        print(f"refused: {error}")
        return 1
    print(f"{record.case.id}: {comparison}")
    for line in changes_text(comparison):
        print(f"  {line}")
    return int(comparison.outcome == "worse")


def _show(folder: Path) -> int:
    from tabulate import tabulate

    rows = []
    for path in sorted(folder.glob("*/*.jsonl")):
        baseline = read(path)
        head = baseline.head
        wer = "-" if head.wer is None else f"{head.wer:.2%}"
        rows.append([head.case.id, len(baseline.answers), wer, (head.commit or "-")[:10], head.created[:10], path])
    print(tabulate(rows, ["case", "utterances", "WER", "commit", "saved", "file"]) if rows else f"none in {folder}")
    return 0
