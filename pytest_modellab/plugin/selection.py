"""Benchmark tests: which tests are such, the cases of each, and their order; other tests are unchanged."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_modellab.catalog.cases import Case
    from pytest_modellab.catalog.catalog import Catalog
    from pytest_modellab.catalog.specs import LimitSpec

    from .session import LabSession

CASE_FIXTURE = "modellab_case"
"""The fixture that is parametrized with cases. A test that uses it, directly or indirectly, is a benchmark."""
TIER_MARKERS = ("smoke", "smoke_all", "real_e2e")


def parametrize(metafunc: pytest.Metafunc, lab: LabSession) -> None:
    """Parametrize a test function with the cases that its markers leave, if it uses a case at all."""
    if not _uses_case(metafunc):
        return
    from pytest_modellab.catalog.base import TASKS
    from pytest_modellab.catalog.cases import bounded, one_per_group

    marks = {mark.name for mark in metafunc.definition.iter_markers()}
    tasks = marks.intersection(TASKS)
    tiers = _tiers(marks)
    cases = [
        case
        for case in lab.cases
        if (not tasks or case.task in tasks) and (not tiers or tiers.intersection(case.tiers))
    ]
    if "spoken" in marks:
        cases = [case for case in cases if case.dataset.spoken]
    if "per_model" in marks:
        cases = one_per_group(cases)
    for mark in metafunc.definition.iter_markers("bounded"):
        on_values = (limit for limit in lab.catalog.limits if not limit.by)
        limits = [limit for limit in on_values if (limit.metric,) == mark.args and not mark.kwargs]
        cases = bounded(cases, limits or _no_limit(mark, lab.catalog))
    made = _made(metafunc, lab, [(case, _marks(case, tiers)) for case in cases])
    metafunc.parametrize(CASE_FIXTURE, [_parameter(case, names) for case, names in made], indirect=True)


def _made(
    metafunc: pytest.Metafunc, lab: LabSession, candidates: list[tuple[Case, list[str]]]
) -> list[tuple[Case, list[str]]]:
    """The cases, with their marks, to make tests of: all but those whose test is sure to be deselected."""
    if lab.foresight is None:
        return candidates
    from .deselection import Candidate, LeftOut, kept

    definition: Any = metafunc.definition
    told = [Candidate(case.id, frozenset(names)) for case, names in candidates]
    outcomes = lab.foresight.outcomes(metafunc, told)
    fixed = {mark.name for mark in definition.iter_markers()}
    named = named_tiers(metafunc.config.option.markexpr or "")
    tiers = [_unnamed(fixed.union(each.marks), case, named) for (case, _), each in zip(candidates, told, strict=True)]
    if any(mark.name in TIER_MARKERS for call in metafunc._calls for mark in call.marks):
        tiers = [set() for _ in candidates]  # which of its tests are in which tier is told when they are made
    wanted = [
        True in outcome and not (outcome == {True} and tier) for outcome, tier in zip(outcomes, tiers, strict=True)
    ]
    made = kept(told, wanted)
    times = max(1, len(metafunc._calls))
    unmade = lab.foresight.unmade[definition.nodeid] = LeftOut(definition)
    for make, outcome, unnamed in zip(made, outcomes, tiers, strict=True):
        if not make:
            unmade.count += times
            unmade.by_tier.update(dict.fromkeys(unnamed if True in outcome else (), times))
    return [each for each, make in zip(candidates, made, strict=True) if make]


def _uses_case(metafunc: pytest.Metafunc) -> bool:
    """Whether a test function needs our fixture of cases, once everybody else has parametrized it.

    `metafunc.fixturenames` was found before that: what a hook has parametrized since then, `run` for instance, doesn't
    need any more what the fixture of that name needed.
    """
    if CASE_FIXTURE not in metafunc.fixturenames:
        return False
    known = metafunc._arg2fixturedefs
    found: set[str] = set()
    waiting = [*metafunc.definition._fixtureinfo.initialnames]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        for each in reversed(known.get(name, ())):
            waiting += each.argnames
            if name not in each.argnames:  # else it extends the one that it hides
                break
    ours = any(
        getattr(each.func, "__module__", "") == f"{__package__}.fixtures" for each in known.get(CASE_FIXTURE, ())
    )
    return ours and CASE_FIXTURE in found


def _marks(case: Case, tiers: set[str]) -> list[str]:
    """The marks that a case gives a test. A test that names a tier keeps to it; any other carries all of its case."""
    return [*(tier for tier in case.tiers if not tiers or tier in tiers), case.task, case.device.kind]


def _parameter(case: Case, marks: Sequence[str]) -> Any:
    return pytest.param(case, id=case.id, marks=[getattr(pytest.mark, name) for name in marks])


def case_of(item: pytest.Item) -> Case | None:
    """The case an item is parametrized with, if any."""
    from pytest_modellab.catalog.cases import Case

    callspec = getattr(item, "callspec", None)
    case = callspec.params.get(CASE_FIXTURE) if callspec is not None else None
    return case if isinstance(case, Case) else None


def _no_limit(mark: pytest.Mark, catalog: Catalog) -> list[LimitSpec]:
    """The limits on what a `bounded` mark names where the catalog has none: none, if it is a metric at all."""
    from pytest_modellab.catalog.errors import suggest

    if len(mark.args) != 1 or mark.kwargs:
        pytest.fail(f"bounded takes the name of one metric, found {mark.args} {mark.kwargs}", pytrace=False)
    if mark.args[0] not in catalog.metrics:
        found = suggest(mark.args[0], catalog.metrics)
        pytest.fail(f"bounded names no metric: `{mark.args[0]}`; {found}", pytrace=False)
    return []


def wants_case(item: pytest.Item) -> bool:
    """Whether an item uses a case of the catalog, or would if there were one for it."""
    return CASE_FIXTURE in getattr(item, "fixturenames", ())


def bounded_without_limit(item: pytest.Item) -> bool:
    """Whether a test of a bounded metric got no case because no case has a limit on it."""
    return wants_case(item) and case_of(item) is None and item.get_closest_marker("bounded") is not None


def _tiers(marks: set[str]) -> set[str]:
    """The tiers that a test keeps to, by its markers; a smoke test is one for every engine, too."""
    tiers = marks.intersection(TIER_MARKERS)
    return tiers | {"smoke_all"} if "smoke" in tiers else tiers


def unnamed(item: pytest.Item, expression: str) -> set[str]:
    """The tiers that a test is in, where it runs only if `-m` names one of them and it doesn't; else none.

    A test that uses no case is no benchmark, whatever its markers.
    """
    if not wants_case(item):
        return set()
    return _unnamed({mark.name for mark in item.iter_markers()}, case_of(item), named_tiers(expression))


@cache
def named_tiers(expression: str) -> frozenset[str]:
    """The tiers whose names stand in an expression of `-m`."""
    return frozenset(tier for tier in TIER_MARKERS if re.search(rf"\b{tier}\b", expression))


def _unnamed(marks: set[str], case: Case | None, named: frozenset[str]) -> set[str]:
    tiers = marks.intersection(TIER_MARKERS)
    if case is not None:
        # The marker of a whole module says which cases it takes, not which tier each of them is in.
        tiers = tiers.intersection(case.tiers)
    return set() if "smoke" in tiers or not named.isdisjoint(tiers) else tiers


def arrange(items: list[pytest.Item]) -> None:
    """Order benchmark items: smoke tests, then by task; within a module by case. Other items keep their places."""
    from pytest_modellab.catalog.base import TASKS

    places = [i for i, item in enumerate(items) if case_of(item) is not None]
    modules: dict[str, int] = {}
    for i in places:
        modules.setdefault(items[i].nodeid.partition("::")[0], len(modules))
    groups: dict[str, int] = {}
    for i in places:
        case = case_of(items[i])
        assert case is not None
        groups.setdefault(case.key, len(groups))

    places_of_tasks = {task: i for i, task in enumerate(TASKS)}

    def rank(place: int) -> tuple[int, int, int, int]:
        item = items[place]
        case = case_of(item)
        assert case is not None
        # A module of its own for the smoke tier comes first; a case that is merely in the tier does not.
        own_smoke = item.parent is not None and item.parent.get_closest_marker("smoke") is not None
        task = 0 if own_smoke else 1 + places_of_tasks[case.task]
        return task, modules[item.nodeid.partition("::")[0]], groups[case.key], place

    ordered = [items[i] for i in sorted(places, key=rank)]
    for place, item in zip(places, ordered, strict=True):
        items[place] = item
