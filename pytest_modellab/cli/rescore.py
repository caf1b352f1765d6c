"""`modellab rescore`."""

from __future__ import annotations

import argparse
from pathlib import Path

from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.text import TextRules
from pytest_modellab.results import record_files as records
from pytest_modellab.results.record import Record
from pytest_modellab.results.rescore import rescore

from .command import Commands
from .exits import Exit, UsageError
from .newest import NewestRecords, newest_records
from .place import reports_folder, reports_there
from .tell import tell


def run(options: argparse.Namespace) -> int:
    """Score records again and show what changed; with `--write`, store the new ones beside the old."""
    paths = [Path(name) for name in options.records if name.removesuffix(".gz").endswith(".json")]
    globs = [name for name in options.records if Path(name) not in paths]
    if missing := next((path for path in paths if not path.is_file()), None):
        raise UsageError(f"no file {missing}; name a record's JSON file, or a case, model:device:dataset")
    reports = reports_folder(options) if paths and not globs else reports_there(options)
    chosen = [records.read(path) for path in paths]
    found = newest_records(reports, globs) if globs or not paths else NewestRecords()
    chosen += found.records
    if not chosen and not found.damaged:
        raise UsageError(found.why_none(globs, reports))
    found.tell_damaged()
    unchecked = False
    for old in chosen:
        try:
            asked = options.scorer
            new = rescore(old, None if asked is None else TextRules(asked, old.normalizer.replacements))
        except ValueError as error:
            raise UsageError(str(error)) from None
        tell(f"{old.case.id}: {_figures(old)} -> {_figures(new)}")
        if options.write and old.seal is None:
            # Written, it would have one: what may have been changed would look as if it were whole.
            tell("  not written: the old record has no checksum (`seal`), and may have been changed; run it again")
            unchecked = True
        elif options.write:
            tell(f"  {records.write(new, reports)}")
    return Exit.WRONG if unchecked else found.exit_code


def _figures(record: Record) -> str:
    names = dict.fromkeys(("wer", "cer", record.error_metric))
    shown = " ".join(f"{METRICS[name].title} {METRICS[name].format(record.value(name))}" for name in names)
    return f"{shown} ({record.normalizer.name} {record.normalizer.version})"


def add(commands: Commands) -> None:
    """Add the command with its options."""
    again = commands.add(
        "rescore",
        run,
        "Score old records again from their raw texts, and show what changed.",
        example="rescore --scorer open-asr",
    )
    again.add_argument("records", nargs="*", metavar="RECORD", help="files, or globs over cases (default: all cases)")
    again.add_argument(
        "--scorer",
        "--normalizer",
        metavar="NAME",
        help="modellab, whisper, open-asr, or one of another package (default: the record's own; modellab for a record"
        " from before there were scorers)",
    )
    again.add_argument("--write", action="store_true", help="store the new records beside the old")
    again.add_argument("--reports", metavar="DIR", help="folder of records (default: modellab_reports)")
