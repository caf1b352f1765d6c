"""Models that serve a data set, as its judge, its voice or its grader: what it takes to load one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_modellab.catalog import weights
from pytest_modellab.catalog.cases import Case
from pytest_modellab.catalog.specs import DatasetSpec, Task
from pytest_modellab.engines.registry import engine_class
from pytest_modellab.results import provenance
from pytest_modellab.tasks.registry import module_of

from . import sources
from .pool import LoadOrder
from .serving import Serving

if TYPE_CHECKING:
    from .runner import Bench


class NoServant(Exception):
    """The judge, the voice or the grader of a data set isn't here."""


class ServantError(Exception):
    """The voice or the grader of a data set could not be loaded, or failed on what it was given."""


@dataclass(frozen=True)
class Servant:
    """A model on the CPU, and everything that can change what it says."""

    model: str
    order: LoadOrder
    inputs: Mapping[str, Any]

    def serving(self, bench: Bench) -> Serving:
        """In a worker of its own. What it fails on is raised as ServantError."""
        return Serving(self.model, self.order, bench.start_worker, ServantError)


def servant(name: str, task: Task, dataset: DatasetSpec, bench: Bench, *, asked_by: str) -> Servant:
    """The model `name` for `task`, which the catalog has seen to; `asked_by` is the module that asks it.

    Raises NoServant where its library isn't here, or store.StoreError.
    """
    catalog = bench.catalog
    model = catalog.models[name]
    device = next(each for id in model.devices if (each := catalog.devices[id]).kind == "cpu")
    case = Case(task, model, device, dataset)
    reason = bench.absent(case, judge=True)
    if reason is not None:
        raise NoServant(f"{name}, which data set {dataset.id} needs, can't be had: {reason}")
    order = bench.order(case, judge=True)
    names = engine_class(order.engine).distributions
    found = provenance.versions(names) if order.environment is None else order.environment.versions(names)
    inputs = {
        "model": name,
        "options": order.options,
        "weights": weights.digest(model, catalog),
        "versions": found,
        "code": sources.of_answers(
            order.engine, order.environment, roots=(Serving.__module__, module_of(task)), alone=(asked_by,)
        ),
    }
    return Servant(name, order, inputs)
