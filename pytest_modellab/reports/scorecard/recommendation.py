"""Recommendations: the model for each profile, and why the others are excluded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.catalog.profile_spec import ProfilesFile, ProfileSpec
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.tasks.registry import task_named

from .candidate import Candidate, ascending, compared, metric_of, split
from .choice import Choice, choose
from .contest import Contest
from .doubts import doubts, in_one
from .entrants import Entrants, LeftOut, asked, entrants, qualify
from .evidence import Evidence, weighed
from .grade import NOISY
from .part import ReportModel
from .qualifying import Kind, bounded, edge, may_be_far
from .reasons import decided_by, label, reasons

if TYPE_CHECKING:
    from pytest_modellab.results.record import Record

    from .row import Row


class Exclusion(ReportModel):
    """A model that was measured and isn't recommended."""

    model: str
    device: str
    why: str
    doubt: str = Field(default="", description="why it may qualify after all")
    kind: str | None = Field(default=None, description="of the reason; null in scorecards of older versions")


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
    evidence: Evidence | None = Field(default=None, description="null where none is recommended")

    @property
    def nearest(self) -> Kind | None:
        """The reason of those that came nearest to qualifying; None where that isn't known."""
        found = {each.kind for each in self.excluded}
        return max((kind for kind in Kind if kind.title in found), default=None)

    @property
    def excluded_for(self) -> dict[str, list[str]]:
        """Why models were left out -> which."""
        found: dict[str, list[str]] = {}
        for each in self.excluded:
            why = f"{each.why} (not for certain: {each.doubt})" if each.doubt else each.why
            found.setdefault(why, []).append(f"{each.model} on {each.device}")
        return found


def recommend_all(
    profiles: ProfilesFile, rows: Sequence[Row], records: Mapping[str, Record] | None = None, *, partial: bool = False
) -> Iterator[Recommendation]:
    """What is recommended for each profile all of whose tasks some model has rows in.

    `records` are those of the rows, by the keys of their cases: with them answers are compared utterance by utterance.
    Of a `partial` session nothing is recommended for a profile while some of its cases did not run.
    """
    contest = Contest(records or {})
    tasks: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        tasks.setdefault((row.case.model, row.case.device), set()).add(row.case.task)
    for group, role in ((profiles.roles, True), (profiles.use_cases, False)):
        for name, profile in group.items():
            if any(own.issuperset(profile.require) for own in tasks.values()):
                broken_off = _broken_off(profile, rows) if partial else ""
                if broken_off:
                    yield _unfilled(name, profile, role).model_copy(
                        update={"brief": broken_off, "text": f"none: {broken_off}"}
                    )
                else:
                    yield recommend(name, profile, rows, contest, role=role)


def _broken_off(profile: ProfileSpec, rows: Sequence[Row]) -> str:
    """That models which were not reached might have been better; "" where all cases of the profile ran."""
    own = [row for row in rows if row.case.task in profile.require and asked(row, profile)]
    left = sum(row.not_reached for row in own)
    tasks = "/".join(dict.fromkeys(row.case.task for row in own if row.not_reached))
    return f"the session was broken off, {left} of {len(own)} {tasks} cases did not run" if left else ""


def _unfilled(name: str, profile: ProfileSpec, role: bool) -> Recommendation:
    return Recommendation(
        profile=name,
        title=profile.title,
        role=role,
        tasks=tuple(profile.require),
        wanted=wanted(profile),
        brief="",
        text="",
    )


def recommend(
    name: str, profile: ProfileSpec, rows: Sequence[Row], contest: Contest | None = None, *, role: bool = True
) -> Recommendation:
    """The model that suits a profile best.

    Each is judged on everything that it was measured on; two models are compared only on data that both were graded on:
    an easier one is no merit.
    """
    made = _unfilled(name, profile, role)
    contest = contest or Contest()
    among = entrants(profile, rows, contest)
    excluded = _excluded(among.left_out)
    found = choose(among.near, profile.prefer, contest) if among.near else Choice(None)
    if found.best is None:
        why = among.none or f"of {len(among.near)} that {qualify(profile)} {found.why}"
        return made.model_copy(update={"brief": why, "text": f"none: {why}", "excluded": excluded})
    seen = compared(found.best, among.near)
    text, brief = reasons(found, seen, among.near, profile)
    notes = tuple(_provisional(found, found.best, seen, among, profile, contest))
    if notes:
        text += f"; provisional: {'; '.join(notes)}"
    return made.model_copy(
        update={
            "case": seen.every[0].case,
            "brief": brief,
            "text": text,
            "ties": tuple(label(each, among.near) for each in found.ties),
            "provisional": notes,
            "excluded": excluded,
            "evidence": weighed(seen, found.ties, among.near, profile, contest),
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


def _excluded(left_out: Sequence[LeftOut]) -> tuple[Exclusion, ...]:
    return tuple(
        Exclusion(
            model=each.model,
            device=each.device,
            why=unfit.why,
            doubt=unfit.doubt,
            kind=unfit.kind.title,
        )
        for each, unfit in left_out
    )


def _provisional(
    found: Choice, best: Candidate, seen: Candidate, among: Entrants, profile: ProfileSpec, contest: Contest
) -> Iterator[str]:
    """Why the choice may be another one with more words, or on a quiet machine."""
    few, noisy = doubts(row.grade for row in seen.every)
    if few:
        yield f"{'; '.join(few)}, too few to rank models"
    yield from _of_few_speakers(seen)
    for task, bounds in profile.require.items():
        for metric, bound in bounds.items():
            for row in best.rows[task]:
                far = edge(row, metric, better=False)
                if far is not None and ascending(metric, far) > ascending(metric, bound):
                    title = METRICS[metric_of(row, metric)].title
                    yield f"{title} on {row.case.dataset} may be beyond {METRICS[metric].format(bound)}"
    yield from may_be_far(best, among.near, profile, contest)
    if noisy:
        yield NOISY
    elif uncertain := [
        label(each, among.near)
        for each in among.near
        if any(each.noisy(step.named) for step in decided_by(found) if len(among.near) > 1)
    ]:
        yield f"{', '.join(uncertain)}: {NOISY}"
    open_ = dict.fromkeys(f"{each.model} on {each.device}" for each, why in among.left_out if why.doubt)
    if open_:
        yield f"it isn't certain that {', '.join(open_)} must be left out"


def _of_few_speakers(seen: Candidate) -> Iterator[str]:
    """That a choice holds for the speakers of a set alone, each reason once."""
    figures = (row.intervals.get(task_named(row.case.task).quality_metric(row.error_metric)) for row in seen.every)
    conditional = (found.conditional for found in figures if found is not None)
    yield from in_one(told for told in conditional if "speaker" in told)
