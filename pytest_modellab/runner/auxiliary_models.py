"""Auxiliary models of data sets: judges, voices, graders, and how they are loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pytest_modellab.catalog import weights
from pytest_modellab.catalog.cases import Case
from pytest_modellab.catalog.specs import DatasetSpec, Task
from pytest_modellab.engines.registry import engine_class
from pytest_modellab.results import provenance
from pytest_modellab.tasks.registry import modules_of

from . import sources
from .load_order import LoadOrder
from .serving import Serving

if TYPE_CHECKING:
    from pytest_modellab.assets.store import Store
    from pytest_modellab.catalog.catalog import Catalog

    from .executor import Worker


class Models(Protocol):
    """Loading of the catalog's models, as auxiliary models need it."""

    catalog: Catalog
    store: Store

    def absent(self, case: Case, *, judge: bool = False) -> str | None:
        """Why the model of a case can't be loaded here; None if it can. Raises store.StoreError."""
        ...

    def order(self, case: Case, *, judge: bool = False) -> LoadOrder:
        """What a worker loads for a case. Raises store.StoreError."""
        ...

    def start_worker(self, order: LoadOrder) -> Worker:
        """A worker, nothing loaded yet."""
        ...


class NoAuxiliaryModel(Exception):
    """The judge, the voice or the grader of a data set isn't available."""


class AuxiliaryModelError(Exception):
    """The voice or the grader of a data set could not be loaded, or failed on its input."""


@dataclass(frozen=True)
class AuxiliaryModel:
    """A model on the CPU, with everything that can change its answers."""

    model: str
    order: LoadOrder
    inputs: Mapping[str, Any]

    def serving(self, models: Models) -> Serving:
        """In a worker of its own. What it fails on is raised as AuxiliaryModelError."""
        return Serving(self.model, self.order, models.start_worker, AuxiliaryModelError)


def auxiliary_model(name: str, task: Task, dataset: DatasetSpec, models: Models, *, asked_by: str) -> AuxiliaryModel:
    """The model `name` for `task`, which the catalog has seen to; `asked_by` is the module that asks it.

    Raises NoAuxiliaryModel where its library isn't here, or store.StoreError.
    """
    catalog = models.catalog
    model = catalog.models[name]
    device = next(each for id in model.devices if (each := catalog.devices[id]).kind == "cpu")
    case = Case(task, model, device, dataset)
    reason = models.absent(case, judge=True)
    if reason is not None:
        raise NoAuxiliaryModel(f"{name}, which data set {dataset.id} needs, can't be had: {reason}")
    order = models.order(case, judge=True)
    names = engine_class(order.engine).distributions
    found = provenance.versions(names) if order.environment is None else order.environment.versions(names)
    inputs = {
        "model": name,
        "options": order.options,
        "weights": weights.digest(model, catalog),
        "versions": found,
        "code": sources.of_answers(
            order.engine, order.environment, roots=(Serving.__module__, *modules_of(task)), alone=(asked_by,)
        ),
    }
    return AuxiliaryModel(name, order, inputs)
