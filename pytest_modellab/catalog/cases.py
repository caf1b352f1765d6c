"""Cases: the combinations of model, device and data set of each task."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from pytest_modellab.engines.registry import engine_class

from .catalog import Catalog
from .specs import TASKS, TIERS, DatasetSpec, DeviceSpec, LimitSpec, ModelSpec, Task, Tier
from .variants import named

if TYPE_CHECKING:
    from pytest_modellab.engines.base import Engine

Ids = tuple[str, str, str]
"""Of a model, a device and a data set."""


@dataclass(frozen=True)
class Case:
    """Model x device x data set for one task: what pytest parametrizes."""

    task: Task
    model: ModelSpec
    device: DeviceSpec
    dataset: DatasetSpec
    variant: str = ""
    """What sets its model apart from the catalog's model of that id; empty for nothing."""

    @cached_property
    def id(self) -> str:
        """The case in a test id: `faster-whisper-base:cpu:smoke-en`."""
        return f"{self.model.id}:{self.device.id}:{self.dataset.id}"

    @cached_property
    def ids(self) -> Ids:
        """Of its model, its device and its data set."""
        return self.model.id, self.device.id, self.dataset.id

    @property
    def key(self) -> str:
        """Unique over all tasks."""
        return f"{self.task}/{self.id}"

    @property
    def group(self) -> str:
        """Cases of one group share one worker process."""
        return f"{self.model.id}:{self.device.id}{f' ({self.variant})' if self.variant else ''}"

    @cached_property
    def tiers(self) -> tuple[Tier, ...]:
        """Tiers that both the model and the data set are in. What is in `smoke` is in `smoke_all`, too."""
        return tuple(tier for tier in TIERS if _in(tier, self.model.tiers) and _in(tier, self.dataset.tiers))


def _in(tier: Tier, tiers: Sequence[Tier]) -> bool:
    return tier in tiers or (tier == "smoke_all" and "smoke" in tiers)


@dataclass(frozen=True)
class Selection:
    """Globs over ids; empty means all."""

    models: Sequence[str] = ()
    devices: Sequence[str] = ()
    datasets: Sequence[str] = ()

    def takes(self, case: Case) -> bool:
        return (
            _matches(case.model.id, self.models)
            and _matches(case.device.id, self.devices)
            and _matches(case.dataset.id, self.datasets)
        )


def _matches(name: str, globs: Sequence[str]) -> bool:
    return not globs or any(fnmatchcase(name, glob) for glob in globs)


EVERYTHING = Selection()


def plan(catalog: Catalog, selection: Selection = EVERYTHING) -> list[Case]:
    """Every case that is in some tier, ordered by task, model, device, data set as the catalog lists them.

    A model that `selection` names, without a wildcard, is in every tier: somebody wants it to run. So is a variant that
    a glob with a `+` matches.
    """
    return [case for case, why in _combined(catalog, selection) if not why]


def left_out(catalog: Catalog, selection: Selection = EVERYTHING) -> dict[Reason, list[Case]]:
    """Combinations of model, device and data set for a common task that are no case, by what keeps them from it."""
    found: dict[Reason, list[Case]] = {}
    for case, why in _combined(catalog, selection):
        if why:
            found.setdefault(why, []).append(case)
    return found


Reason = Literal["language", "tier", "device", "way to hear silence"]


def _combined(catalog: Catalog, selection: Selection) -> Iterator[tuple[Case, Reason | None]]:
    """All that `selection` takes of models and data sets with a common task, and why it is no case."""
    models = [
        model.model_copy(update={"tiers": TIERS}) if named(model.id, selection.models) else model
        for model in catalog.models.values()
    ]
    for task in TASKS:
        datasets = [dataset for dataset in catalog.datasets.values() if task in dataset.tasks]
        for model in models:
            for device in catalog.devices.values() if task in model.tasks else ():
                for dataset in datasets:
                    case = Case(task, model, device, dataset)
                    if selection.takes(case):
                        yield case, _why_none(case, catalog)


def _why_none(case: Case, catalog: Catalog) -> Reason | None:
    if case.device.id not in case.model.devices:
        return "device"
    if not case.tiers:
        return "tier"
    if not case.model.speaks(case.dataset.language):
        return "language"
    if not case.dataset.spoken and not _takes_silence(case, catalog.engines):
        return "way to hear silence"
    return None


def _takes_silence(case: Case, any_engine: bool) -> bool:
    """Whether a model can be given a clip in which nobody speaks.

    Unless `any_engine` may be imported, of an engine outside of this package nobody knows.
    """

    def engine() -> type[Engine] | None:
        target = case.model.engine_target
        ours = target is not None and target.startswith("pytest_modellab.")
        return engine_class(target) if target is not None and (any_engine or ours) else None

    return TASKS[case.task].takes_silence(engine)


def idle_limits(catalog: Catalog) -> list[tuple[LimitSpec, str]]:
    """The limits that apply to no case of the catalog, each with the reason: gates that can never fail.

    Cases are all that can be made of the catalog, whatever their tiers. Of several limits the last one counts, so that
    an earlier one may be left with no case.
    """
    everything = {name: model.model_copy(update={"tiers": TIERS}) for name, model in catalog.models.items()}
    sets = {name: dataset.model_copy(update={"tiers": TIERS}) for name, dataset in catalog.datasets.items()}
    known = {case.ids for case in plan(replace(catalog, models=everything, datasets=sets))}
    names = _names(known)
    held: dict[tuple[str, str], set[Ids]] = {}
    """Metric, and attribute of a gap -> cases that a later limit holds."""
    found = []
    for limit in reversed(catalog.limits):
        matched = _applied(limit, known, names)
        later = held.setdefault((limit.metric, limit.by), set())
        if not matched:
            found.append((limit, f"{limit.metric}: no case matches {limit.model}:{limit.device}:{limit.dataset}"))
        elif matched <= later:
            found.append((limit, f"{limit.metric}: later limits hold every case that it matches, and the last counts"))
        later |= matched
    return found[::-1]


def bounded(cases: Sequence[Case], limits: Sequence[LimitSpec]) -> list[Case]:
    """The cases that at least one of the limits applies to."""
    known = {case.ids for case in cases}
    names = _names(known)
    taken = {ids for limit in limits for ids in _applied(limit, known, names)}
    return [case for case in cases if case.ids in taken]


def _names(known: Collection[Ids]) -> list[set[str]]:
    """The models, the devices and the data sets of these."""
    return [set(each) for each in zip(*known, strict=True)] or [set(), set(), set()]


def _applied(limit: LimitSpec, known: Collection[Ids], names: Sequence[set[str]]) -> set[Ids]:
    """Those of `known`, whose `names` these are, that a limit applies to."""
    models, devices, datasets = (
        {name for name in each if fnmatchcase(name, glob)}
        for each, glob in zip(names, (limit.model, limit.device, limit.dataset), strict=True)
    )
    return {ids for ids in known if ids[2] in datasets and ids[0] in models and ids[1] in devices}


def one_per_group(cases: Sequence[Case]) -> list[Case]:
    """One case for each model, device and task: on a data set of the smoke tier where there is one, else the first."""
    chosen: dict[tuple[str, Task], Case] = {}
    for case in sorted(cases, key=lambda case: "smoke" not in case.dataset.tiers):
        chosen.setdefault((case.group, case.task), case)
    return [case for case in cases if chosen[case.group, case.task] is case]


def named_in(nodeid: str, ids: Iterable[str]) -> str | None:
    """The case id inside the brackets of a test id; None where there is none of `ids`."""
    _, bracket, parameters = nodeid.partition("[")
    if not bracket:
        return None
    # Ids of several parameters are joined with "-", which ids may hold themselves: the longest match is meant.
    return max((id for id in ids if _stands_in(id, parameters)), key=len, default=None)


def _stands_in(id: str, parameters: str) -> bool:
    return re.search(rf"(?:^|-){re.escape(id)}\d*(?:$|[-\]])", parameters) is not None
