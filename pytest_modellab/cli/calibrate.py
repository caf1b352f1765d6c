"""`modellab calibrate`."""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from pathlib import Path

from pytest_modellab.catalog import Catalog
from pytest_modellab.catalog.cases import Case
from pytest_modellab.results.calibration import CalibrationError, as_yaml, propose
from pytest_modellab.results.record import Record
from pytest_modellab.runner.job import Settings
from pytest_modellab.runner.runner import Runner
from pytest_modellab.runner.session import Session

from .command import Commands
from .exits import UsageError
from .place import chosen, open_catalog, reports_folder
from .tell import tell, tell_lines


def run(options: argparse.Namespace) -> int:
    """Run a case several times, each in a fresh worker, and print limits to start from."""
    catalog = open_catalog(options)
    case = _case(options, catalog)
    reports = reports_folder(options)
    records: list[Record] = []
    for i in range(options.runs):
        tell(f"{case.id}: run {i + 1} of {options.runs}", file=sys.stderr)
        record = _measured(case, catalog, reports)
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
    if options.output is None:
        tell_lines(text, end="")
    else:
        options.output.write_text(text, encoding="utf-8")
        tell(options.output)
    return 0


def _case(options: argparse.Namespace, catalog: Catalog) -> Case:
    (model, *others) = chosen("model", [options.model], catalog.models)
    (dataset, *more) = chosen("data set", [options.dataset], catalog.datasets)
    if others or more:
        raise UsageError("name one model and one data set: a limit is for one case")
    (device, *_) = chosen("device", [options.device], catalog.devices)
    task = next((task for task in model.tasks if task in dataset.tasks), None)
    if task is None or device.id not in model.devices:
        raise UsageError(f"{model.id} does not run {dataset.id} on {device.id}: no task or device in common")
    return Case(task, model, device, dataset)


def _measured(case: Case, catalog: Catalog, reports: Path) -> Record | str:
    """One run, or why there is none."""
    session = Session(reports, f"calibrate-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}", own=True)
    runner = Runner(catalog, session, Settings(fresh=True))
    runner.expect([case])
    try:
        outcome = runner.run(case)
    finally:
        runner.close()
        session.end(whole=True)
    return outcome.record or outcome.unavailable or outcome.broken or "nothing was measured"


def add(commands: Commands) -> None:
    """Add the command with its options."""
    limits = commands.add("calibrate", run, "Run a case several times and propose limits for it, as YAML.")
    limits.add_argument("model", metavar="MODEL")
    limits.add_argument("dataset", metavar="DATASET")
    limits.add_argument("--device", default="cpu", metavar="DEVICE", help="default: cpu")
    limits.add_argument("--runs", type=int, choices=range(2, 101), default=5, metavar="N", help="2 to 100 (default: 5)")
    limits.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: standard output")
    limits.add_argument("--reports", metavar="DIR", help="folder of records (default: modellab_reports)")
