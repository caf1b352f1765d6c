"""Whether a model qualifies for a profile, or why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING

from pytest_modellab.catalog.profile_spec import ProfileSpec
from pytest_modellab.core.metrics.aggregate import Single
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.results.verdicts import Status

from .candidate import Candidate, ascending, metric_of, split
from .contest import Contest
from .grade import NOISY
from .part import RESEARCH

if TYPE_CHECKING:
    from .row import Row


class Kind(IntEnum):
    """The kind of reason why a model doesn't qualify; a higher value is nearer to qualifying."""

    NO_CASE = 0
    UNMEASURED = 1
    UNGRADED = 2
    FAILED = 3
    UNJUDGED = 4
    RESEARCH = 5
    MISSED = 6
    FAR = 7
    SPARED = 8
    FEW = 9

    @property
    def title(self) -> str:
        """Its name in a scorecard."""
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True)
class Unfit:
    """Why a model doesn't qualify; `doubt` is why that is uncertain, "" where it is certain."""

    kind: Kind
    why: str
    doubt: str = ""


def unfit(candidate: Candidate, profile: ProfileSpec) -> Unfit | None:
    """Why a candidate doesn't qualify by itself; None where it does.

    It is judged on everything that it was measured on, of the data sets that the profile names.
    """
    for (task, bounds), own in zip(profile.require.items(), candidate.rows.values(), strict=True):
        if not own:
            on = "" if profile.datasets == ("*",) else f" on {', '.join(profile.datasets)}"
            return Unfit(Kind.NO_CASE, f"no case of {task}{on}")
        measured = [row for row in own if row.measured or row.status is Status.FAIL]
        if not measured:
            return Unfit(Kind.UNMEASURED, f"not measured: {_line(own[0])}")
        graded = any(row.graded for row in measured)
        if (found := _by_gates(measured, profile)) is not None:
            return found if graded or found.kind is Kind.FAILED else replace(found, kind=Kind.UNGRADED)
        if not graded:
            why = next((row.grade.why for row in measured if row.grade), "there are no bands")
            return Unfit(Kind.UNGRADED, f"not graded: {why}")
        if missed := list(_missed(measured, bounds)):
            # One that is missed for certain is enough.
            doubts = [doubt for _, doubt in missed]
            doubt = "; ".join(dict.fromkeys(doubts)) if all(doubts) else ""
            return Unfit(Kind.MISSED, "; ".join(why for why, _ in missed), doubt)
    return None


def _by_gates(rows: Sequence[Row], profile: ProfileSpec) -> Unfit | None:
    for row in rows:
        where = f"on {row.case.dataset}"
        letter = None if row.grade is None else row.grade.letter
        if row.status is Status.FAIL:
            return Unfit(Kind.FAILED, f"fails its gate {where}: {_line(row) or 'see its tests'}")
        if row.status not in {Status.PASS, Status.WARN}:
            return Unfit(Kind.UNJUDGED, f"could not be judged {where}: {_line(row) or row.status}")
        if row.grade is not None and letter == "F":
            return Unfit(Kind.FAILED, f"grade F {where}, by {METRICS[str(row.grade.weakest)].title}", _may_be_c(row))
        if row.grade is not None and letter == RESEARCH and not profile.research:
            return Unfit(Kind.RESEARCH, f"for research only: {row.grade.why}")
    return None


def _may_be_c(row: Row) -> str:
    """Why a grade F may be a better one after all: every criterion that earned it has its band in the interval."""
    assert row.grade is not None
    worst = [each for each in row.grade.criteria if each.letter == "F"]
    for each in worst:
        near = edge(row, each.metric, better=True)
        if near is None or "C" not in each.bands:
            return ""
        if ascending(each.metric, near) > ascending(each.metric, each.bands["C"]):
            return ""
    return (
        f"the interval of its {', '.join(METRICS[each.metric].title for each in worst)} reaches within" if worst else ""
    )


def _missed(rows: Sequence[Row], bounds: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    """The bounds that a model doesn't meet, on each data set, each with why it may meet it after all.

    By the interval: a bound within it is not missed. What has none is taken by its value, beyond the spread of repeated
    runs where that is known.
    """
    for named, bound in bounds.items():
        have = [(row, value) for row in rows if (value := row.figures.get(metric_of(row, named))) is not None]
        if not have:
            yield f"{METRICS[named].title} is not available, required {bounded(named, bound)}", ""
        for row, value in have:
            if ascending(named, _at_best(row, named, value)) > ascending(named, bound):
                metric = METRICS[metric_of(row, named)]
                told = f"{metric.title} {metric.format(value)} on {row.case.dataset}, required {bounded(named, bound)}"
                yield told, NOISY if row.noise(named) else ""


def _at_best(row: Row, named: str, value: float) -> float:
    """The better end of a figure's interval, or of what repeated runs differ by; the value where it has neither."""
    near = edge(row, named, better=True)
    if near is not None:
        return near
    aggregate = METRICS[metric_of(row, named)].aggregate
    spread = aggregate.spread if isinstance(aggregate, Single) else None
    return value if not spread else value / (1 + spread) if METRICS[named].better == "lower" else value * (1 + spread)


def edge(row: Row, named: str, *, better: bool) -> float | None:
    """One end of a figure's interval: the better or the worse one."""
    interval = row.intervals.get(metric_of(row, named))
    if interval is None:
        return None
    return interval.low if better == (METRICS[named].better == "lower") else interval.high


def too_far(candidate: Candidate, others: Sequence[Candidate], profile: ProfileSpec, contest: Contest) -> Unfit | None:
    """Why a candidate is too far from another one, by the interval of the gap between the two; None where it isn't."""
    for named, margin in profile.within.items():
        metric = METRICS[split(named)[1]]
        if candidate.value(named) is None:
            return Unfit(Kind.FAR, f"{metric.title} is not available on all data sets that are compared")
        gaps = (contest.gap(candidate, other, named) for other in others if other is not candidate)
        beyond = [told.gap for told in gaps if told.gap and told.low is not None and told.low > margin + 1e-9]
        if beyond:
            gap = f"{metric.format_gap(max(beyond))} from the best, more than {metric.format_gap(margin)}"
            return Unfit(Kind.FAR, f"{candidate.shown(named)} is {gap}", NOISY if candidate.noisy(named) else "")
    return None


def may_be_far(candidate: Candidate, others: Sequence[Candidate], profile: ProfileSpec, contest: Contest) -> list[str]:
    """What may be too far from another candidate, though its interval reaches within."""
    found = []
    for named, margin in profile.within.items():
        gaps = [contest.gap(candidate, other, named).gap for other in others if other is not candidate]
        if any(gap is not None and gap > margin + 1e-9 for gap in gaps):
            metric = METRICS[split(named)[1]]
            found.append(f"{metric.title} may be more than {metric.format_gap(margin)} from the best")
    return found


def why_none(found: Sequence[Unfit], profile: ProfileSpec) -> str:
    """Why no model qualifies, by the candidates that came nearest."""
    nearest = max((each.kind for each in found), default=Kind.NO_CASE)
    if nearest is Kind.NO_CASE and profile.datasets != ("*",):
        return f"insufficient evidence: nothing was measured on {', '.join(profile.datasets)}"
    if nearest <= Kind.UNGRADED:
        several = len(profile.require) > 1
        what = f"no model was graded in all of {', '.join(profile.require)}" if several else "no case was graded"
        return f"insufficient evidence: {what}"
    return {
        Kind.FAILED: "no model passed its gates above F",
        Kind.UNJUDGED: "no model passed all its gates; some could not be judged",
        Kind.RESEARCH: "what passed its gates is for research only",
        Kind.MISSED: "no model meets all that is required",
        Kind.SPARED: "what qualifies was spared of data on which others were measured",
        Kind.FAR: f"no model is near enough to the best in all of {', '.join(profile.within)}",
    }[nearest]


def bounded(metric: str, bound: float) -> str:
    return f"{'≤' if METRICS[metric].bound == 'max' else '≥'} {METRICS[metric].format(bound)}"


def _line(row: Row) -> str:
    return row.reason.splitlines()[0] if row.reason else ""
