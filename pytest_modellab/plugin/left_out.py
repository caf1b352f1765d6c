"""What of a catalog is no case, and why: at the start of a session, and at the end of one that had nothing to run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pytest_modellab.catalog.base import TIERS
from pytest_modellab.catalog.cases import Case, Reason, Selection, idle_limits, left_out
from pytest_modellab.catalog.catalog import Catalog

from .options import Config, unread_catalog


def messages(catalog: Catalog, selection: Selection, cases: Sequence[Case]) -> Iterator[str]:
    """Counts of combinations that are no case, by the reason; models and data sets left without any, and why."""
    found = left_out(catalog, selection)
    if found:
        yield f"no case for want of a common {counts(found)}"
    yield from _without_task(catalog)
    models = {case.model.id for case in cases}
    datasets = {case.dataset.id for case in cases}
    removed = found.get("language", [])
    for model in dict.fromkeys(case.model.id for case in removed if case.model.id not in models):
        sets = dict.fromkeys(f"{c.dataset.id} ({c.dataset.language})" for c in removed if c.model.id == model)
        where = catalog.shown(catalog.models[model].origin)
        yield f"{model} has no case: it doesn't speak the language of {', '.join(sets)}; see `languages:`, {where}"
    for dataset in dict.fromkeys(case.dataset.id for case in removed if case.dataset.id not in datasets):
        language = catalog.datasets[dataset].language
        silent = dict.fromkeys(case.model.id for case in removed if case.dataset.id == dataset)
        yield f"{dataset} has no case: its language is {language}, which {', '.join(silent)} doesn't speak"


def header_notes(catalog: Catalog, config: Config, cases: Sequence[Case]) -> Iterator[str]:
    """What is told of the catalog at the start of a session, a line each."""
    if (unread := unread_catalog(config.base, catalog.folder)) is not None:
        yield (
            f"{catalog.shown(str(unread))} is a catalog, too, and isn't read: `modellab_catalog` is"
            f" {catalog.shown(str(catalog.folder))}; keep one of them"
        )
    yield from messages(catalog, config.selection, cases)
    yield from idle_messages(catalog)


def counts(found: Mapping[Reason, Sequence[Case]]) -> str:
    """What combinations have not in common, with how many they are: `device (12), tier (3)`."""
    return ", ".join(f"{reason} ({len(cases)})" for reason, cases in found.items())


def idle_messages(catalog: Catalog) -> list[str]:
    """The limits that apply to no case, a line each, for the start of a session."""
    return [
        f"{catalog.shown(limit.origin)}: a limit that applies to no case: {why}" for limit, why in idle_limits(catalog)
    ]


def why_none(catalog: Catalog, selection: Selection, named: str) -> Iterator[str]:
    """Why there is no case at all; `named` is the catalog's folder as it is shown."""
    found = left_out(catalog, selection)
    yield from messages(catalog, selection, ())
    for case in found.get("tier", ())[:1]:
        model, dataset = (
            f"{each.id} ({catalog.shown(each.origin)}) has `tiers: [{', '.join(each.tiers)}]`"
            for each in (case.model, case.dataset)
        )
        yield f"{model}, {dataset}: give both one of {', '.join(TIERS)}"
    for things, key, command in (
        (catalog.models, "model", "modellab new-model"),
        (catalog.datasets, "data set", "modellab new-data"),
    ):
        if not things:
            yield f"no case: {named} has no {key}; `{command}` makes one"


def _without_task(catalog: Catalog) -> Iterator[str]:
    """Models for whose tasks there is no data set, and data sets for whose tasks there is no model.

    A model without tiers may be there as a judge, or as a part of another.
    """
    wanted = {task for dataset in catalog.datasets.values() for task in dataset.tasks}
    done = {task for model in catalog.models.values() for task in model.tasks}
    for model in catalog.models.values() if wanted else ():
        if model.tiers and wanted.isdisjoint(model.tasks):
            yield _apart(f"{model.id} ({catalog.shown(model.origin)})", model.tasks, "data set", wanted)
    for dataset in catalog.datasets.values() if done else ():
        if dataset.tiers and done.isdisjoint(dataset.tasks):
            yield _apart(f"{dataset.id} ({catalog.shown(dataset.origin)})", dataset.tasks, "model", done)


def _apart(named: str, tasks: Sequence[str], others: str, have: set[str]) -> str:
    known = ", ".join(sorted(have))
    return f"{named} has no case: it is for {', '.join(tasks)}, and no {others} is; they are for {known}"
