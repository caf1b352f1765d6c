"""The candidates that a profile's model is chosen among, and why the others are left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, TypeAlias

from pytest_modellab.catalog.profile_spec import ProfileSpec
from pytest_modellab.results.verdicts import case_key

from .candidate import Candidate, data_of
from .choice import comparable, spared_by
from .contest import Contest
from .enough import not_enough, too_few
from .qualifying import Kind, Unfit, too_far, unfit, why_none

if TYPE_CHECKING:
    from .row import Row

LeftOut: TypeAlias = tuple[Candidate, Unfit]


@dataclass(frozen=True)
class Entrants:
    """The candidates to choose among; without any `none` says why."""

    near: tuple[Candidate, ...]
    left_out: tuple[LeftOut, ...]
    none: str = ""


def entrants(profile: ProfileSpec, rows: Sequence[Row], contest: Contest) -> Entrants:
    """Sort the models that have a row in some task of a profile."""
    fit: list[Candidate] = []
    few: list[Candidate] = []
    left_out: list[LeftOut] = []
    for each in _candidates(profile, sorted(rows, key=lambda row: case_key(row.case))):
        if (why := unfit(each, profile)) is not None:
            left_out.append((each, why))
        elif told := too_few(each, profile):
            few.append(_graded(each))
            left_out.append((each, Unfit(Kind.FEW, told)))
        else:
            fit.append(_graded(each))
    if not fit:
        none = not_enough(few, profile, contest) if few else why_none([why for _, why in left_out], profile)
        return Entrants((), tuple(left_out), none)
    group, *others = comparable(fit, tuple(profile.require))
    if others and len(others[0]) == len(group):
        return Entrants((), tuple(left_out), _apart(fit, profile))
    left_out += [
        (each, Unfit(Kind.SPARED, "shares no data set with those that are compared"))
        for other in others
        for each in other
    ]
    compared = _kept(group, left_out, lambda each: _spared(each, group, left_out, profile, contest))
    near = _kept(compared, left_out, lambda each: too_far(each, compared, profile, contest))
    none = "" if near else why_none([why for _, why in left_out], profile)
    return Entrants(tuple(near), tuple(left_out), none)


def _candidates(profile: ProfileSpec, rows: Sequence[Row]) -> Iterator[Candidate]:
    """Every model and device that has a row in some task of the profile."""
    names = dict.fromkeys((row.case.model, row.case.device) for row in rows if row.case.task in profile.require)
    for model, device in names:
        own = [row for row in rows if (row.case.model, row.case.device) == (model, device)]
        yield Candidate(
            model,
            device,
            {task: [row for row in own if row.case.task == task and asked(row, profile)] for task in profile.require},
            {task: sum(row.case.task == task and row.graded for row in own) for task in profile.require},
        )


def asked(row: Row, profile: ProfileSpec) -> bool:
    return any(fnmatchcase(row.case.dataset, glob) for glob in profile.datasets)


def _graded(candidate: Candidate) -> Candidate:
    """What of it can be compared: what isn't graded was not measured whole."""
    return candidate.on({task: {data_of(row) for row in own if row.graded} for task, own in candidate.rows.items()})


def _apart(fit: Sequence[Candidate], profile: ProfileSpec) -> str:
    return f"the {len(fit)} that {qualify(profile)} share no data set to be compared on"


def qualify(profile: ProfileSpec) -> str:
    """What those do that a model is chosen among, in words."""
    return "qualify" if any(profile.require.values()) or profile.within else "pass with a grade above F"


def _kept(
    those: Sequence[Candidate], left_out: list[LeftOut], why_not: Callable[[Candidate], Unfit | None]
) -> list[Candidate]:
    """Those that nothing speaks against; the others are added to `left_out`, once all are looked at."""
    found = [(each, why_not(each)) for each in those]
    left_out += [(each, why) for each, why in found if why is not None]
    return [each for each, why in found if why is None]


def _spared(
    one: Candidate, fit: Sequence[Candidate], left_out: Sequence[LeftOut], profile: ProfileSpec, contest: Contest
) -> Unfit | None:
    """Why a model would take the role from another one because it was measured on less; None where it wouldn't."""
    for other in fit:
        if other is not one and (sets := spared_by(one, other, contest)):
            why = f"not measured on {', '.join(sets)}, as {other.model} was, which it isn't better than"
            return Unfit(Kind.SPARED, why)
    for other, unfit_ in left_out:
        if unfit_.kind in {Kind.FAILED, Kind.MISSED} and not unfit_.doubt:
            sets = spared_by(one, _graded(other), contest, lambda shared: unfit(shared, profile) is not None)
            if sets:
                why = f"not measured on {', '.join(sets)}, where {other.model} fails, which it isn't better than"
                return Unfit(Kind.SPARED, why)
    return None
