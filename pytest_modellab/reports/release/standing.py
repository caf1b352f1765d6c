"""Whether a case can be run here, and whether its inputs are unchanged since its record."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pytest_modellab.assets.store import Store, StoreError, digest_file
from pytest_modellab.catalog import Catalog, weights
from pytest_modellab.catalog.cases import Case
from pytest_modellab.catalog.datasets import DatasetError
from pytest_modellab.catalog.specs import ModelSpec
from pytest_modellab.results import input_changes
from pytest_modellab.results.record import Record
from pytest_modellab.runner.job import Settings
from pytest_modellab.runner.runner import Runner
from pytest_modellab.runner.session import Session


@contextmanager
def _runner(catalog: Catalog) -> Iterator[Runner]:
    with tempfile.TemporaryDirectory(prefix="modellab-release-") as folder:
        yield Runner(catalog, Session(Path(folder), "release", own=False), Settings())


def missing_here(case: Case, catalog: Catalog) -> str | None:
    """Why a case can't be run on this machine; None where it can. Fetches what the session would fetch."""
    with _runner(catalog) as runner:
        try:
            if (reason := runner.absent(case)) is not None:
                return reason
            if (elsewhere := runner.device(case)[1]) is not None:
                return f"{case.device.id} is not here: it would run on {elsewhere.device}"
            runner.dataset(case)
            runner.order(case)
        except (StoreError, DatasetError) as error:
            return str(error)
    return None


def changed_since(record: Record, case: Case, catalog: Catalog) -> list[str]:
    """The inputs of a record that have changed since: code, options, weights, data, versions."""
    with _runner(catalog) as runner:
        try:
            dataset = runner.dataset(case)
            inputs = runner.inputs(case, dataset, runner.order(case))
        except (StoreError, DatasetError) as error:
            return [str(error)]
        wanted = runner.wanted(case, dataset, inputs)
    changed = [
        f"changed since it was run: {change}" for change in input_changes.changes(record.provenance.inputs, inputs)
    ]
    if not changed and record.provenance.judging != wanted.judging:
        changed.append("the scoring code changed since it was run")
    return changed


def damaged_weights(model: ModelSpec, catalog: Catalog) -> list[str]:
    """The pinned files of a model, of its parts and what it is converted from, whose bytes here have another digest."""
    if model.weights is not None and model.weights.convert is not None and model.weights.convert.source is not None:
        model = catalog.models[model.weights.convert.source]
    store = Store(fetching=False)
    damaged = [each for name in model.parts.values() for each in damaged_weights(catalog.models[name], catalog)]
    for wanted in weights.wanted_files(model, catalog):
        path = store.path(wanted.sha256)
        if path is None:
            damaged.append(f"{wanted.name} is not in the cache any more")
        elif (actual := digest_file(path)) != wanted.sha256:
            damaged.append(f"{wanted.name} has sha256 {actual}, {wanted.sha256} is pinned: remove {path}")
    return damaged
