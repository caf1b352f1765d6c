"""Which model to take for what, and why no other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from pydantic import Field

from ..bench.record import CaseRef
from ..catalog.profile_spec import ProfilesFile, ProfileSpec
from ..gate import Status
from ..metrics.definitions import METRICS, TIMED
from .grade import NOISY, RESEARCH, doubts
from .part import Part

if TYPE_CHECKING:
    from .card import Row

WORST = frozenset({*TIMED, "peak_rss_mb", "peak_device_mb", "model_size_mb"})
"""Metrics of which the worst of several data sets counts; others are pooled over what was said in them."""


class Exclusion(Part):
    """A model that was measured and isn't taken."""

    model: str
    device: str
    why: str


class Recommendation(Part):
    """Which model for a role or a use case; `case` is None where none can be recommended."""

    profile: str
    title: str
    role: bool = Field(description="whether it is a role of the lab; else it is a use case")
    tasks: tuple[str, ...]
    wanted: str = Field(description="what is required and preferred, and why")
    case: CaseRef | None = Field(default=None, description="the first that it was compared on")
    brief: str = Field(description="the reason in a few words, or why there is none")
    text: str = Field(description="the reason")
    ties: tuple[str, ...] = Field(default=(), description="models that the data can't tell apart from it")
    provisional: bool = Field(default=False, description="too few words or turns, or timed on a noisy machine")
    excluded: tuple[Exclusion, ...] = ()

    @property
    def excluded_for(self) -> dict[str, list[str]]:
        """Why models were left out -> which."""
        found: dict[str, list[str]] = {}
        for each in self.excluded:
            found.setdefault(each.why, []).append(f"{each.model} on {each.device}")
        return found


@dataclass(frozen=True)
class _Candidate:
    """A model on a device, with its rows in each task that is asked for."""

    model: str
    device: str
    rows: dict[str, list[Row]]

    @property
    def every(self) -> list[Row]:
        return [row for own in self.rows.values() for row in own]

    def on(self, shared: Mapping[str, set[str]]) -> _Candidate:
        """What of it is compared."""
        kept = {task: [row for row in own if row.case.dataset in shared[task]] for task, own in self.rows.items()}
        return _Candidate(self.model, self.device, kept)

    def figure(self, named: str) -> float | None:
        """`task.metric` over its data sets: the worst of times and memory, an error rate by its words, else by
        utterance; None where one of them has none.
        """
        task, _, metric = named.partition(".")
        found = [(row, row.figures.get(_metric(row, metric))) for row in self.rows[task]]
        values = [(row, value) for row, value in found if value is not None]
        if not values or len(values) < len(found):
            return None
        if metric in WORST:
            return max((value for _, value in values), key=lambda value: _ascending(metric, value))
        weights = [row.words if metric in {"wer", "cer"} else row.utterances for row, _ in values]
        total = sum(value * weight for (_, value), weight in zip(values, weights, strict=True))
        return total / sum(weights) if sum(weights) else None

    def order(self, named: str) -> float:
        """The lower the better; of what there is a figure of."""
        value = self.figure(named)
        assert value is not None
        return _ascending(_name(named), value)

    def shown(self, named: str) -> str:
        task, _, metric = named.partition(".")
        first = METRICS[_metric(self.rows[task][0], metric)]
        return f"{first.title} {first.format(self.figure(named))}"


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

    Models are compared only on data sets that all who qualify were graded on: an easier one is no merit.
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
    candidates = list(_candidates(profile, rows))
    whys = [_unfit(each, profile) for each in candidates]
    fit = [each for each, why in zip(candidates, whys, strict=True) if not why]
    excluded = [
        Exclusion(model=each.model, device=each.device, why=why)
        for each, why in zip(candidates, whys, strict=True)
        if why
    ]

    def none(why: str) -> Recommendation:
        return made.model_copy(update={"brief": why, "text": f"none: {why}", "excluded": tuple(excluded)})

    if not fit:
        return none(_why_none(candidates, profile))
    shared: dict[str, set[str]] = {
        task: set.intersection(*({row.case.dataset for row in each.rows[task] if row.graded} for each in fit))
        for task in profile.require
    }
    if not all(shared.values()):
        return none(f"the {len(fit)} that {_qualify(profile)} share no data set to be compared on")
    compared = [each.on(shared) for each in fit]
    near = []
    for each in compared:
        if why := _too_far(each, compared, profile):
            excluded.append(Exclusion(model=each.model, device=each.device, why=why))
        else:
            near.append(each)
    # By what not all have a figure of, nobody is ranked.
    ranks = [named for named in profile.prefer if all(each.figure(named) is not None for each in near)]
    if not ranks:
        return none(f"of {', '.join(profile.prefer)} the {len(near)} that {_qualify(profile)} have no figure in common")
    best = min(near, key=lambda each: [each.order(named) for named in ranks])
    ties = [each.model for each in near if each is not best and _tied(best, each, ranks[0])]
    text, brief = _reasons(best, near, ranks, profile)
    if ties:
        unit = "words" if _name(ranks[0]) in {"wer", "cer"} else "utterances"
        text += f"; not told apart from {', '.join(dict.fromkeys(ties))} by this many {unit}"
    notes = list(_provisional(best, profile))
    if notes:
        text += f"; provisional: {'; '.join(notes)}"
    return made.model_copy(
        update={
            "case": best.every[0].case,
            "brief": brief,
            "text": text,
            "ties": tuple(dict.fromkeys(ties)),
            "provisional": bool(notes),
            "excluded": tuple(excluded),
        }
    )


def wanted(profile: ProfileSpec) -> str:
    """What a profile asks for, in words."""
    bounds = [
        f"{METRICS[metric].title} {_bound(metric, bound)}"
        for limits in profile.require.values()
        for metric, bound in limits.items()
    ]
    for named, margin in profile.within.items():
        bounds.append(f"{_title(named)} within {METRICS[_name(named)].format_gap(margin)} of the best")
    on = "" if profile.datasets == ("*",) else f" on {', '.join(profile.datasets)}"
    asked = f"{', '.join(bounds)}{on}; " if bounds else ""
    return f"{profile.why.strip()} {asked}by {', then '.join(map(_title, profile.prefer))}."


def _name(named: str) -> str:
    """The metric of `task.metric`."""
    return named.partition(".")[2]


def _title(named: str) -> str:
    return METRICS[_name(named)].title


def _candidates(profile: ProfileSpec, rows: Sequence[Row]) -> Iterator[_Candidate]:
    """Every model and device that has a row in some task of the profile."""
    names = dict.fromkeys((row.case.model, row.case.device) for row in rows if row.case.task in profile.require)
    for model, device in names:
        own = [row for row in rows if (row.case.model, row.case.device) == (model, device)]
        yield _Candidate(
            model,
            device,
            {task: [row for row in own if row.case.task == task and _asked(row, profile)] for task in profile.require},
        )


def _asked(row: Row, profile: ProfileSpec) -> bool:
    return any(fnmatchcase(row.case.dataset, glob) for glob in profile.datasets)


def _unfit(candidate: _Candidate, profile: ProfileSpec) -> str:
    """Why a candidate doesn't qualify; "" where it does."""
    for (task, bounds), own in zip(profile.require.items(), candidate.rows.values(), strict=True):
        measured = [row for row in own if row.measured or row.status is Status.FAIL]
        if not own:
            on = "" if profile.datasets == ("*",) else f" on {', '.join(profile.datasets)}"
            return f"no case of {task}{on}"
        if not measured:
            return f"not measured: {own[0].reason.splitlines()[0]}"
        for row in measured:
            where = f"on {row.case.dataset}"
            if row.status is Status.FAIL:
                return f"fails its gate {where}: {row.reason.splitlines()[0] if row.reason else 'see its tests'}"
            if row.status not in {Status.PASS, Status.WARN}:
                return f"could not be judged {where}: {row.reason.splitlines()[0] if row.reason else row.status}"
            if row.grade is not None and row.grade.letter == "F":
                return f"grade F {where}, by {_title(f'.{row.grade.weakest}')}"
            if row.grade is not None and row.grade.letter == RESEARCH and not profile.research:
                return f"for research only: {row.grade.why}"
        graded = [row for row in measured if row.graded]
        if not graded:
            return f"not graded: {next((row.grade.why for row in measured if row.grade), 'there are no bands')}"
        if missed := list(_missed(measured, bounds)):
            return "; ".join(missed)
    return ""


def _missed(rows: Sequence[Row], bounds: Mapping[str, float]) -> Iterator[str]:
    """The bounds that a model doesn't meet, on each data set."""
    for named, bound in bounds.items():
        have = [(row, value) for row in rows if (value := row.figures.get(_metric(row, named))) is not None]
        metric = METRICS[named]
        if not have:
            yield f"{metric.title} is not available, required {_bound(named, bound)}"
        for row, value in have:
            if _ascending(named, value) > _ascending(named, bound):
                yield f"{metric.title} {metric.format(value)} on {row.case.dataset}, required {_bound(named, bound)}"


def _bound(metric: str, bound: float) -> str:
    return f"{'≤' if METRICS[metric].bound == 'max' else '≥'} {METRICS[metric].format(bound)}"


def _too_far(candidate: _Candidate, all_of_them: Sequence[_Candidate], profile: ProfileSpec) -> str:
    """Why a candidate is too far from the best; "" where it isn't."""
    for named, margin in profile.within.items():
        metric = METRICS[_name(named)]
        values = [value for each in all_of_them if (value := each.figure(named)) is not None]
        own = candidate.figure(named)
        if own is None:
            return f"{metric.title} is not available on all data sets that are compared"
        best = min(values, key=lambda value: _ascending(metric.name, value))
        gap = _ascending(metric.name, own) - _ascending(metric.name, best)
        if gap > margin + 1e-9:
            far = f"{metric.format_gap(gap)} from the best, more than {metric.format_gap(margin)}"
            return f"{candidate.shown(named)} is {far}"
    return ""


def _why_none(candidates: Sequence[_Candidate], profile: ProfileSpec) -> str:
    graded = [each for each in candidates if all(any(row.graded for row in own) for own in each.rows.values())]
    if not graded:
        several = len(profile.require) > 1
        what = f"no model was graded in all of {', '.join(profile.require)}" if several else "no case was graded"
        return f"insufficient evidence: {what}"
    if any(row.status in {Status.NOT_AVAILABLE, Status.INCONCLUSIVE} for each in graded for row in each.every):
        return "no model passed all its gates; some could not be judged"
    if any(profile.require.values()):
        return "no model meets all that is required"
    return "no model passed its gates above F"


def _qualify(profile: ProfileSpec) -> str:
    return "qualify" if any(profile.require.values()) or profile.within else "pass with a grade above F"


def _reasons(
    best: _Candidate, near: Sequence[_Candidate], ranks: Sequence[str], profile: ProfileSpec
) -> tuple[str, str]:
    """Why the best is the best: in full, and in brief."""
    first = METRICS[_metric(best.rows[ranks[0].partition(".")[0]][0], _name(ranks[0]))]
    superlative = "lowest" if first.better == "lower" else "highest"
    qualify = _qualify(profile)
    only = f"the only one that {'qualifies' if qualify == 'qualify' else 'passes with a grade above F'}"
    rank = f"{superlative} {first.title} of {len(near)} that {qualify}" if len(near) > 1 else only
    figures = []
    for named in ranks:
        sets = len(best.rows[named.partition(".")[0]])
        over = " at worst" if _name(named) in WORST else f" over {sets} data sets"
        figures.append(f"{best.shown(named)}{over if sets > 1 else ''}")
    passed_over = [_title(named) for named in profile.prefer if named not in ranks]
    note = f"; {', '.join(passed_over)} passed over: not all have it" if passed_over else ""
    text = f"{best.model} on {best.device}: {rank} ({', '.join(figures)}){note}"
    if len(near) == 1:
        return text, "the only one that qualifies"
    return text, f"{superlative} {best.shown(ranks[0])} of {len(near)}"


def _provisional(best: _Candidate, profile: ProfileSpec) -> Iterator[str]:
    """Why the choice may be another one with more words, or on a quiet machine."""
    few, noisy = doubts(row.grade for row in best.every)
    if few:
        yield f"{'; '.join(few)}, too few to rank models"
    for task, bounds in profile.require.items():
        for metric, bound in bounds.items():
            for row in best.rows[task]:
                interval = row.intervals.get(_metric(row, metric))
                far = None if interval is None else interval.high if METRICS[metric].better == "lower" else interval.low
                if far is not None and _ascending(metric, far) > _ascending(metric, bound):
                    yield f"{METRICS[metric].title} on {row.case.dataset} may be beyond {METRICS[metric].format(bound)}"
    if noisy:
        yield NOISY


def _tied(one: _Candidate, other: _Candidate, named: str) -> bool:
    """Whether no data set tells them apart: the intervals overlap on each that both have one on."""
    task, _, metric = named.partition(".")
    others = {row.case.dataset: row.intervals.get(_metric(row, metric)) for row in other.rows[task]}
    pairs = [
        (a, b)
        for row in one.rows[task]
        if (a := row.intervals.get(_metric(row, metric))) is not None and (b := others[row.case.dataset]) is not None
    ]
    return bool(pairs) and all(a.low <= b.high and b.low <= a.high for a, b in pairs)


def _metric(row: Row, named: str) -> str:
    """Where words aren't divided by spaces, characters are held against what is said of words."""
    return row.error_metric if named == "wer" else named


def _ascending(metric: str, value: float) -> float:
    """A value such that the lower one is the better one."""
    return value if METRICS[metric].better == "lower" else -value
