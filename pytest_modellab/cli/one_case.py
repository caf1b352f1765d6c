"""A case measured by a command, outside a session of pytest."""

from __future__ import annotations

import secrets
import time
from pathlib import Path

from pytest_modellab.catalog import Catalog
from pytest_modellab.catalog.cases import Case
from pytest_modellab.results.record import Record
from pytest_modellab.runner.job import Settings
from pytest_modellab.runner.runner import Runner
from pytest_modellab.runner.session import Session

from .exits import UsageError
from .place import chosen


def case_of(catalog: Catalog, model_id: str, dataset_id: str, device_id: str) -> Case:
    """The case of a model, a data set and a device. Raises UsageError where there is none, or several."""
    (model, *others) = chosen("model", [model_id], catalog.models)
    (dataset, *more) = chosen("data set", [dataset_id], catalog.datasets)
    if others or more:
        raise UsageError("name one model and one data set: one case is measured")
    (device, *_) = chosen("device", [device_id], catalog.devices)
    task = next((task for task in model.tasks if task in dataset.tasks), None)
    if task is None or device.id not in model.devices:
        raise UsageError(f"{model.id} does not run {dataset.id} on {device.id}: no task or device in common")
    return Case(task, model, device, dataset)


def measured(case: Case, catalog: Catalog, reports: Path, command: str) -> Record | str:
    """One run in a fresh worker by a command of that name, or why there is none."""
    session = Session(reports, f"{command}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}", own=True)
    runner = Runner(catalog, session, Settings(fresh=True))
    runner.expect([case])
    try:
        outcome = runner.run(case)
    finally:
        runner.close()
        session.end(whole=True)
    return outcome.record or outcome.unavailable or outcome.broken or "nothing was measured"
