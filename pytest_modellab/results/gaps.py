"""Judgement of the gap of a metric between groups of utterances, as a limit with `max_gap` asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from pytest_modellab.core.metrics.gaps import Gap, Group, gap, groups, weigh
from pytest_modellab.core.metrics.slices import FEWEST_UTTERANCES, FEWEST_WORDS
from pytest_modellab.core.metrics.table import Table
from pytest_modellab.core.stats.evidence import ALPHA

if TYPE_CHECKING:
    from pytest_modellab.core.metrics.metric import Metric

    from .record import Record

MOST_NAMED = 3
"""Of small groups, in a reason."""


Outcome: TypeAlias = Literal["pass", "fail", "inconclusive", "absent"]


@dataclass(frozen=True)
class GapFound:
    """What the gap of a record comes to.

    Attributes:
        outcome: "absent" where no utterance has the attribute.
        value: the gap between groups that are large enough, in the unit of the metric; None where there are not two.
        reason: which groups, the interval, and what is too small.
        p: as of a verdict; None where it is judged by the value alone.
    """

    outcome: Outcome
    value: float | None = None
    reason: str = ""
    p: float | None = None


@dataclass(frozen=True)
class GapBound:
    """The largest gap that is allowed, in the unit of the metric, and how it is judged."""

    by: str
    value: float
    margin: float = 0.0
    by_interval: bool = False
    gates: int = 1


def judged(record: Record, metric: Metric, bound: GapBound) -> GapFound:
    """Judge the gap between the worst and the best group that are large enough to speak of.

    A group that is too small is left out; it makes a pass inconclusive where its own value is beyond the bound.
    """
    every = groups(metric, Table(record), bound.by)
    if not every:
        return GapFound("absent", reason=f"no utterance has `{bound.by}`")
    large, small = ([each for each in every if each.large is wanted] for wanted in (True, False))
    if len(large) < 2:
        told = _small(small) if small else f"all utterances are of one group, {large[0].name}"
        return GapFound("inconclusive", reason=f"no two groups to compare: {told}")
    found = gap(metric, large)
    text = _told(metric, found, large)
    outcome: Outcome
    p = None
    few_speakers = bound.by != "speaker" and "speaker" in found.conditional
    if bound.by_interval and few_speakers:
        # A group of one voice differs from others by the voice, whatever else it has in common.
        outcome, text = "inconclusive", f"{text}; a group of few speakers says nothing about others"
    elif bound.by_interval:
        outcome, p, why = _by_interval(metric, large, bound)
        text = "; ".join(filter(None, [text, why, found.conditional]))
    else:
        outcome = "pass" if found.value <= bound.value else "fail"
    if outcome == "pass" and small:
        widest = gap(metric, every).value > bound.value + bound.margin
        outcome = "inconclusive" if widest else outcome
        text += f"; {'beyond it with ' if widest else 'left out: '}{_small(small)}"
    return GapFound(outcome, found.value, text, p)


def _by_interval(metric: Metric, large: list[Group], bound: GapBound) -> tuple[Outcome, float | None, str]:
    weighed = weigh(metric, large, bound.value + bound.margin)
    if weighed is None:
        return "inconclusive", None, "too few utterances for an interval"
    above, below = weighed
    if above <= ALPHA / bound.gates:
        return "fail", above, ""
    return ("pass" if below <= ALPHA else "inconclusive"), above, ""


def _told(metric: Metric, found: Gap, large: list[Group]) -> str:
    value = {each.name: metric.format(each.value) for each in large}
    ends = ""
    if found.low is not None and found.high is not None:
        ends = f", 95 % interval of the gap [{metric.format_gap(found.low)}, {metric.format_gap(found.high)}]"
    return f"{found.worst} {value[found.worst]}, {found.best} {value[found.best]}{ends}"


def _small(small: list[Group]) -> str:
    more = f" and {len(small) - MOST_NAMED} more" if len(small) > MOST_NAMED else ""
    need = f"a group takes {FEWEST_WORDS} words" if small[0].words else "a group takes"
    told = ", ".join(map(str, small[:MOST_NAMED]))
    return f"{told}{more} ({need}{' in' if small[0].words else ''} {FEWEST_UTTERANCES} utterances)"
