"""`modellab calibrate`."""

from __future__ import annotations

import argparse
import sys

from pytest_modellab.results.calibration import CalibrationError, as_yaml, propose
from pytest_modellab.results.record import Record

from .command import Commands, new_file, whole
from .one_case import case_of, measured
from .output import put
from .place import open_catalog, reports_folder
from .tell import tell, tell_lines


def run(options: argparse.Namespace) -> int:
    """Run a case several times, each in a fresh worker, and print limits to start from."""
    catalog = open_catalog(options)
    case = case_of(catalog, options.model, options.dataset, options.device)
    reports = reports_folder(options)
    records: list[Record] = []
    for i in range(options.runs):
        tell(f"{case.id}: run {i + 1} of {options.runs}", file=sys.stderr)
        record = measured(case, catalog, reports, "calibrate")
        if isinstance(record, str):
            tell_lines(f"modellab: {case.id}: {record}", file=sys.stderr)
            return 1
        records.append(record)
    command = f"modellab calibrate {case.model.id} {case.dataset.id} --device {case.device.id} --runs {options.runs}"
    try:
        text = as_yaml(records, propose(records), command)
    except CalibrationError as error:
        tell_lines(f"modellab: {error}", file=sys.stderr)
        return 1
    put(text, options.output)
    return 0


def add(commands: Commands) -> None:
    """Add the command with its options."""
    limits = commands.add(
        "calibrate",
        run,
        "Run a case several times and propose limits for it, as YAML.",
        example="calibrate faster-whisper-base smoke-en --runs 5",
    )
    limits.add_argument("model", metavar="MODEL")
    limits.add_argument("dataset", metavar="DATASET")
    limits.add_argument("--device", default="cpu", metavar="DEVICE", help="default: cpu")
    limits.add_argument("--runs", type=whole(2, 100), default=5, metavar="N", help="2 to 100 (default: 5)")
    limits.add_argument("-o", "--output", type=new_file, metavar="FILE", help="default: standard output")
    limits.add_argument("--reports", metavar="DIR", help="folder of records (default: modellab_reports)")
