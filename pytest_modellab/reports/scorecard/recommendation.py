"""Recommendations: the model for each profile, and why the others are excluded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from pydantic import Field

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.catalog.profile_spec import ProfilesFile, ProfileSpec
from pytest_modellab.core.metrics.registry import METRICS

from .candidate import Candidate, ascending, data_of, is_rate, metric_of, split, tied, worst_counts
from .grade import NOISY, doubts
from .part import ReportModel
from .qualifying import Unfit, bounded, edge, too_far, unfit, why_none

if TYPE_CHECKING:
    from .row import Row


class Exclusion(ReportModel):
    """A model that was measured and isn't recommended."""

    model: str
    device: str
    why: str
    doubt: str = Field(default="", description="why it may qualify after all")


class Recommendation(ReportModel):
    """The model recommended for a role or a use case; `case` is None where none can be recommended."""

    profile: str
    title: str
    role: bool = Field(description="whether it is a role; else it is a use case")
    tasks: tuple[str, ...]
    wanted: str = Field(description="what is required and preferred, and why")
    case: CaseRef | None = Field(default=None, description="the first that it was compared on")
    brief: str = Field(description="the reason in a few words, or why there is none")
    text: str = Field(description="the reason")
    ties: tuple[str, ...] = Field(default=(), description="models that the data do not tell apart from it")
    provisional: tuple[str, ...] = Field(
        default=(), description="why another one may be chosen with more words, or on a quiet machine"
    )
    excluded: tuple[Exclusion, ...] = ()

    @property
    def excluded_for(self) -> dict[str, list[str]]:
        """Why models were left out -> which."""
        found: dict[str, list[str]] = {}
        for each in self.excluded:
            why = f"{each.why} (not for certain: {each.doubt})" if each.doubt else each.why
            found.setdefault(why, []).append(f"{each.model} on {each.device}")
        return found


def recommend_all(profiles: ProfilesFile, rows: Sequence[Row]) -> Iterator[Recommendation]:
    """What is recommended for each profile all of whose tasks some model has rows in."""
    tasks: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        tasks.setdefault((row.case.model, row.case.device), set()).add(row.case.task)
    for group, role in ((profiles.roles, True), (profiles.use_cases, False)):
        for name, profile in group.items():
            if any(own.issuperset(profile.require) for own in tasks.values()):
                yield recommend(name, profile, rows, role=role)


def recommend(name: str, profile: ProfileSpec, rows: Sequence[Row], *, role: bool = True) -> Recommendation:
    """The model that suits a profile best.

    Each is judged on everything that it was measured on; models are compared only on data that all who qualify were
    graded on: an easier one is no merit.
    """
    made = Recommendation(
        profile=name,
        title=profile.title,
        role=role,
        tasks=tuple(profile.require),
        wanted=wanted(profile),
        brief="",
        text="",
    )
    fit: list[Candidate] = []
    left_out: list[tuple[Candidate, Unfit]] = []
    for each in _candidates(profile, rows):
        if (why := unfit(each, profile)) is None:
            fit.append(each)
        else:
            left_out.append((each, why))

    def none(why: str) -> Recommendation:
        return made.model_copy(update={"brief": why, "text": f"none: {why}", "excluded": _excluded(left_out)})

    if not fit:
        return none(why_none([why for _, why in left_out], profile))
    shared: dict[str, set[tuple[str, str]]] = {
        task: set.intersection(*({data_of(row) for row in each.rows[task] if row.graded} for each in fit))
        for task in profile.require
    }
    if not all(shared.values()):
        return none(f"the {len(fit)} that {_qualify(profile)} share no data set to be compared on")
    compared = [each.on(shared) for each in fit]
    near: list[Candidate] = []
    for each in compared:
        if (why := too_far(each, compared, profile)) is None:
            near.append(each)
        else:
            left_out.append((each, why))
    if not near:
        return none(why_none([why for _, why in left_out], profile))
    ranks, passed_over = _ranks(near, profile)
    if not ranks:
        return none(f"of {len(near)} that {_qualify(profile)} none can be ranked: {'; '.join(passed_over)}")
    best = min(near, key=lambda each: [each.order(named) for named in ranks])
    ties = [_label(each, near) for each in near if each is not best and tied(best, each, ranks[0])]
    text, brief = _reasons(best, near, ranks, profile)
    text += "".join(f"; {each}" for each in passed_over)
    if ties:
        unit = "words" if is_rate(split(ranks[0])[1]) else "utterances"
        text += f"; not told apart from {', '.join(ties)} by this many {unit}"
    notes = tuple(_provisional(best, near, ranks[0], left_out, profile))
    if notes:
        text += f"; provisional: {'; '.join(notes)}"
    return made.model_copy(
        update={
            "case": best.every[0].case,
            "brief": brief,
            "text": text,
            "ties": tuple(ties),
            "provisional": notes,
            "excluded": _excluded(left_out),
        }
    )


def wanted(profile: ProfileSpec) -> str:
    """The requirements of a profile, in words."""
    bounds = [
        f"{METRICS[metric].title} {bounded(metric, bound)}"
        for limits in profile.require.values()
        for metric, bound in limits.items()
    ]
    for named, margin in profile.within.items():
        bounds.append(f"{_title(named)} within {METRICS[split(named)[1]].format_gap(margin)} of the best")
    on = "" if profile.datasets == ("*",) else f" on {', '.join(profile.datasets)}"
    asked = f"{', '.join(bounds)}{on}; " if bounds else ""
    return f"{profile.why.strip()} {asked}by {', then '.join(map(_title, profile.prefer))}."


def _title(named: str) -> str:
    return METRICS[split(named)[1]].title


def _candidates(profile: ProfileSpec, rows: Sequence[Row]) -> Iterator[Candidate]:
    """Every model and device that has a row in some task of the profile."""
    names = dict.fromkeys((row.case.model, row.case.device) for row in rows if row.case.task in profile.require)
    for model, device in names:
        own = [row for row in rows if (row.case.model, row.case.device) == (model, device) and _asked(row, profile)]
        yield Candidate(
            model, device, {task: [row for row in own if row.case.task == task] for task in profile.require}
        )


def _asked(row: Row, profile: ProfileSpec) -> bool:
    return any(fnmatchcase(row.case.dataset, glob) for glob in profile.datasets)


def _excluded(left_out: Sequence[tuple[Candidate, Unfit]]) -> tuple[Exclusion, ...]:
    return tuple(
        Exclusion(model=each.model, device=each.device, why=unfit.why, doubt=unfit.doubt) for each, unfit in left_out
    )


def _ranks(near: Sequence[Candidate], profile: ProfileSpec) -> tuple[list[str], list[str]]:
    """The preferences that all can be compared with, and why others are passed over."""
    ranks, passed_over = [], []
    for named in profile.prefer:
        task, metric = split(named)
        if any(each.value(named) is None for each in near):
            passed_over.append(f"{_title(named)} passed over: not all have it")
        elif METRICS[metric].timed and len({row.machine for each in near for row in each.rows[task]}) > 1:
            passed_over.append(f"{_title(named)} passed over: timed on different machines")
        else:
            ranks.append(named)
    return ranks, passed_over


def _label(candidate: Candidate, near: Sequence[Candidate]) -> str:
    """A model's name, with its device where that isn't the same for all."""
    several = len({each.device for each in near}) > 1
    return f"{candidate.model} on {candidate.device}" if several else candidate.model


def _qualify(profile: ProfileSpec) -> str:
    return "qualify" if any(profile.require.values()) or profile.within else "pass with a grade above F"


def _reasons(best: Candidate, near: Sequence[Candidate], ranks: Sequence[str], profile: ProfileSpec) -> tuple[str, str]:
    """Why the best is the best: in full, and in brief."""
    superlative = "lowest" if METRICS[split(ranks[0])[1]].better == "lower" else "highest"
    qualify = _qualify(profile)
    only = f"the only one that {'qualifies' if qualify == 'qualify' else 'passes with a grade above F'}"
    rank = f"{superlative} {best.title(ranks[0])} of {len(near)} that {qualify}" if len(near) > 1 else only
    figures = []
    for named in ranks:
        task, metric = split(named)
        sets = len(best.rows[task])
        over = " at worst" if worst_counts(METRICS[metric]) else f" over {sets} data sets"
        figures.append(f"{best.shown(named)}{over if sets > 1 else ''}")
    text = f"{best.model} on {best.device}: {rank} ({', '.join(figures)})"
    if len(near) == 1:
        return text, "the only one that qualifies"
    return text, f"{superlative} {best.shown(ranks[0])} of {len(near)}"


def _provisional(
    best: Candidate,
    near: Sequence[Candidate],
    first: str,
    left_out: Sequence[tuple[Candidate, Unfit]],
    profile: ProfileSpec,
) -> Iterator[str]:
    """Why the choice may be another one with more words, or on a quiet machine."""
    few, noisy = doubts(row.grade for row in best.every)
    if few:
        yield f"{'; '.join(few)}, too few to rank models"
    for task, bounds in profile.require.items():
        for metric, bound in bounds.items():
            for row in best.rows[task]:
                far = edge(row, metric, better=False)
                if far is not None and ascending(metric, far) > ascending(metric, bound):
                    title = METRICS[metric_of(row, metric)].title
                    yield f"{title} on {row.case.dataset} may be beyond {METRICS[metric].format(bound)}"
    if noisy:
        yield NOISY
    elif any(each.noisy(first) for each in near):
        yield f"{', '.join(_label(each, near) for each in near if each.noisy(first))}: {NOISY}"
    open_ = dict.fromkeys(f"{each.model} on {each.device}" for each, why in left_out if why.doubt)
    if open_:
        yield f"it isn't certain that {', '.join(open_)} must be left out"
