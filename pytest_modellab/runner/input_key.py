"""Input keys: everything that the answers of a case depend on, and what its scores depend on beside them.

Both are computed before anything is run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields, is_dataclass
from typing import Any

from pytest_modellab.catalog import environments, weights
from pytest_modellab.catalog.cases import Case
from pytest_modellab.catalog.catalog import Catalog
from pytest_modellab.catalog.datasets import Dataset
from pytest_modellab.core.json_digest import json_digest
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.redaction import redacted
from pytest_modellab.core.text import TextRules, module_of
from pytest_modellab.core.variables import numerical
from pytest_modellab.engines.base import Engine
from pytest_modellab.engines.registry import engine_class
from pytest_modellab.results import provenance
from pytest_modellab.results.assemble import assemble
from pytest_modellab.results.price import price_of
from pytest_modellab.results.rescore import scored_anew
from pytest_modellab.tasks.registry import modules_of, task_named

from . import sources
from .case_run import CaseRun
from .executor import Executor, code_behind
from .load_order import LoadOrder


def answers_depend_on(
    case: Case,
    catalog: Catalog,
    dataset: Dataset,
    order: LoadOrder,
    engine: type[Engine],
    *,
    executor: Executor,
    asked_by: Sequence[str],
) -> dict[str, Any]:
    """Everything that can change an answer; the input key is made of it.

    Values stand for themselves: of the code that made them (a catalog that is read, weights that are fetched) nothing
    counts. What counts is the code from these values to an answer in the journal, and how it is timed: the modules
    `asked_by`, which pass them on, what runs a case, makes requests, decodes and degrades, the worker, the engine.
    """
    answering, passing_on = code_behind(executor)
    inputs: dict[str, Any] = {
        "protocol": provenance.PROTOCOL,
        "task": case.task,
        "model": case.model.id,
        # A file by the place that the spec gives it, which is the same in every checkout; `code` has what is in it.
        "engine": case.model.engine if ".py:" in order.engine else order.engine,
        "options": redacted(order.options),
        "device": {"kind": order.device["kind"], "index": order.device["index"]},
        "weights": weights.digest(case.model, catalog),
        "dataset": dataset.fingerprint,
        "utterances": len(dataset.utterances),
        "seed": order.seed,
        "in_process": not executor.isolated,
        "versions": provenance.versions((*engine.distributions, "av", "numpy", "soundfile", "soxr")),
        "python": provenance.python_tag(),
        "code": sources.of_answers(
            order.engine,
            order.environment,
            roots=(CaseRun.__module__, *answering, *modules_of(case.task), *sorted(_sounding(dataset))),
            alone=(*asked_by, *passing_on, type(task_named(case.task)).__module__),
        ),
    }
    inputs |= task_named(case.task).inputs(case.dataset)
    if set_here := numerical():
        inputs["variables"] = set_here
    if order.parts:
        inputs["parts"] = {role: _part(case, catalog, order, role) for role in sorted(order.parts)}
    if order.environment is not None:
        inputs["versions"] |= order.environment.versions(engine.distributions)
        inputs["environment"] = environments.provenance(case.model, order.environment)
    return inputs


def _part(case: Case, catalog: Catalog, order: LoadOrder, role: str) -> dict[str, Any]:
    """The same of a model that the case's is made of."""
    part, model = order.parts[role], catalog.models[case.model.parts[role]]
    names = engine_class(part.engine).distributions
    found = provenance.versions(names) if order.environment is None else order.environment.versions(names)
    return {
        "model": model.id,
        "engine": model.engine if ".py:" in part.engine else part.engine,
        "options": redacted(part.options),
        "weights": weights.digest(model, catalog),
        "versions": found,
        "code": sources.of_answers(part.engine, order.environment),
    }


def figures_depend_on(case: Case, dataset: Dataset) -> str:
    """SHA-256 of what makes figures out of answers: the code that scores, normalizer, terms, what is known of each
    utterance. Its change leads to other figures of the same answers, which need no model."""
    price = price_of(case.model, case.device)
    known = [
        sources.of_modules([assemble.__module__, scored_anew.__module__, *_scoring(case.task, dataset.rules)]),
        sorted(METRICS.modules.items()),
        [dataset.rules.scorer, dataset.rules.version, dataset.rules.replacements],
        [case.dataset.glossary, case.dataset.names],
        None if price is None else list(price.model_dump(exclude_none=True).values()),
        case.model.title,
        ([u.kind, u.snr_db] for u in dataset.utterances),
        *([(dict(u.attributes) for u in dataset.utterances)] if any(u.attributes for u in dataset.utterances) else ()),
        (u.turn and [u.turn.dialogue, asdict(u.turn.rules), u.turn.context, u.turn.rubric] for u in dataset.utterances),
    ]
    return json_digest(known)


def _scoring(task: str, rules: TextRules) -> list[str]:
    """The modules that are found by entry points: of metrics, of the scorer, and what scores the task's answers."""
    return [*METRICS.modules, module_of(rules.scorer), type(task_named(task).scoring()).__module__]


def _sounding(dataset: Dataset) -> set[str]:
    """The modules whose code makes the samples of a data set."""

    def within(value: object) -> Iterator[str]:
        if isinstance(value, tuple):
            for each in value:
                yield from within(each)
        elif is_dataclass(value):
            yield type(value).__module__
            for field in fields(value):
                yield from within(getattr(value, field.name))

    found: set[str] = set()
    for utterance in dataset.utterances:
        found.add(type(utterance).__module__)
        found.update(within(utterance.recording))
    return found
