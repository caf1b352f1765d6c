"""`modellab export`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pytest_modellab.catalog.errors import suggest
from pytest_modellab.core.atomic import write_text
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.reports.exports import hub, tables
from pytest_modellab.reports.exports.figures import figures, utterances
from pytest_modellab.reports.exports.segments import FORMATS as SEGMENTS
from pytest_modellab.reports.exports.segments import as_segments, untold
from pytest_modellab.reports.exports.tables import ExportError
from pytest_modellab.reports.exports.trackers import TRACKERS
from pytest_modellab.results import record_files
from pytest_modellab.results.record import Record

from .command import Commands, new_file, refuse_unused
from .exits import Exit, UsageError
from .newest import newest_records
from .place import reports_there
from .tell import tell, tell_lines

TABLES = ("csv", "parquet")
FILES = (*TABLES, "hf-eval-results", "model-index", *SEGMENTS)
FORMATS = (*FILES, *TRACKERS)
PROJECT = "modellab"
OF_SOME = {
    "output": FILES,
    "utterances": TABLES,
    "references": tuple(SEGMENTS),
    "metric": ("model-index",),
    "benchmark": ("hf-eval-results",),
    "revision": ("hf-eval-results",),
    "project": tuple(TRACKERS),
    "to": tuple(TRACKERS),
}
"""Option -> the formats that it is for."""


def run(options: argparse.Namespace) -> int:
    """Write the newest record of each case in a form that other tools read; 1 where one is damaged."""
    others = {name: formats for name, formats in OF_SOME.items() if options.format not in formats}
    refuse_unused(options, {name: f"{', '.join(each)}, not for {options.format}" for name, each in others.items()})
    reports = reports_there(options)
    found = newest_records(reports, options.cases)
    if not found.records and not found.damaged:
        raise UsageError(found.why_none(options.cases, reports))
    found.tell_damaged()
    if not found.records:
        return found.exit_code
    try:
        if options.format in TRACKERS:
            _track(options, found.records, reports)
        else:
            _write(options, found.records)
    except ExportError as error:
        tell_lines(f"modellab: {error}", file=sys.stderr)
        return Exit.WRONG
    except OSError as error:
        raise UsageError(f"{options.output}: can't be written: {error.strerror or error}") from error
    return found.exit_code


def _track(options: argparse.Namespace, records: Sequence[Record], reports: Path) -> None:
    found = [(record, record_files.path_of(record, reports)) for record in records]
    for told in TRACKERS[options.format](found, options.project or PROJECT, options.to):
        tell(told)


def _write(options: argparse.Namespace, records: Sequence[Record]) -> None:
    rows = (utterances if options.utterances else figures)(records)
    if options.format == "parquet":
        if options.output is None:
            raise UsageError("a Parquet file isn't for the screen: name it by -o FILE")
        tables.write_parquet(rows, options.output)
        tell(options.output)
        return
    if options.format in SEGMENTS:
        text = as_segments(records, options.format, references=options.references)
        for line in untold(records, options.format, references=options.references):
            tell_lines(f"modellab: {line}", file=sys.stderr)
    elif options.format == "csv":
        text = tables.as_csv(rows)
    elif options.format == "model-index":
        text = hub.model_index(records, _metrics(options.metric))
    else:
        dataset, colon, task = (options.benchmark or "").partition(":")
        if not (dataset and colon and task):
            raise UsageError("hf-eval-results needs --benchmark DATASET:TASK, as the hub names them")
        text = hub.eval_results(records, dataset, task, options.revision)
    if options.output is None:
        tell_lines(text, end="")
    else:
        write_text(options.output, text)
        tell(options.output)


def _metrics(names: Sequence[str]) -> Sequence[str]:
    for name in names:
        if name not in METRICS:
            raise UsageError(f"--metric: no metric `{name}`; {suggest(name, METRICS)}")
    return names


def add(commands: Commands) -> None:
    """Add the command with its options."""
    made = commands.add(
        "export",
        run,
        "Write the newest records as a table, for the Hugging Face hub, or into an experiment tracker.",
        example="export csv -o figures.csv",
    )
    made.add_argument("format", choices=FORMATS)
    made.add_argument("cases", nargs="*", metavar="CASE", help="ids or globs, model:device:dataset (default: all)")
    made.add_argument("-o", "--output", type=new_file, metavar="FILE", help="default: standard output")
    made.add_argument(
        "--utterances", action="store_true", help="csv, parquet: a row for each utterance, not each figure"
    )
    made.add_argument(
        "--references", action="store_true", help="rttm, stm, ctm, seglst: of the data set, not of the answers"
    )
    made.add_argument(
        "--metric",
        action="append",
        default=[],
        metavar="NAME",
        help="model-index: these (default: error rate and speed)",
    )
    made.add_argument("--benchmark", metavar="DATASET:TASK", help="hf-eval-results: the benchmark, as the hub names it")
    made.add_argument("--revision", metavar="COMMIT", help="hf-eval-results: of the benchmark's data")
    made.add_argument("--project", metavar="NAME", help=f"trackers: experiment (default: {PROJECT})")
    made.add_argument("--to", metavar="PLACE", help="mlflow: tracking URI; wandb: entity; trackio: Space")
    made.add_argument("--reports", metavar="DIR", help="folder of the reports (default: as pytest has it)")
