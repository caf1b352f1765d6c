"""The choice among candidates: by tests, ties by the next preference, independent of models that are worse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.slices import FEWEST_UTTERANCES, FEWEST_WORDS
from pytest_modellab.tasks.registry import task_named

from .candidate import Candidate, data_of, split
from .contest import Contest
from .row import Row


@dataclass(frozen=True)
class Step:
    """One preference: of how many candidates it left how many, and why some were not compared by it."""

    named: str
    of: int
    left: tuple[Candidate, ...]
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """The candidate that is named, those that no preference tells apart from it, and the steps that led to it.

    `best` is None where none can be named; `why` says why.
    """

    best: Candidate | None
    ties: tuple[Candidate, ...] = ()
    steps: tuple[Step, ...] = ()
    why: str = ""


def choose(those: Sequence[Candidate], prefer: Sequence[str], contest: Contest) -> Choice:
    """Choose by the first preference, ties by the next: each leaves those that no other one beats.

    Of those that no preference tells apart one is named by what was measured, and the others are its ties. Comparisons
    are of pairs, at one level however many there are: no other model can change what is said of two.
    """
    left = tuple(those)
    steps: list[Step] = []
    for named in prefer:
        kept = unbeaten(left, named, contest)
        if not kept and not steps:
            return Choice(None, why="each is beaten by another one, on the data that the two share")
        kept = kept or left  # a circle, on different data: nothing that decides
        steps.append(Step(named, len(left), kept, _skipped(left, named, contest)))
        left = kept
    best = _named(left, prefer, contest)
    ties = tuple(each for each in left if each is not best)
    if any(_incomparable(best, each, prefer, contest) for each in ties):
        skipped = "; ".join(dict.fromkeys(told for step in steps for told in step.skipped))
        return Choice(None, why=f"none can be ranked: {skipped}", steps=tuple(steps))
    return Choice(best, ties, tuple(steps))


def unbeaten(those: Sequence[Candidate], named: str, contest: Contest) -> tuple[Candidate, ...]:
    """Those that no other one beats by `task.metric`."""
    # The best first: most are beaten by one of these, and need no other comparison.
    rivals = sorted(those, key=lambda each: (each.value(named) is None, each.value(named) and each.order(named)))
    return tuple(each for each in those if not any(contest.beats(other, each, named) for other in rivals))


def comparable(those: Sequence[Candidate], tasks: Sequence[str]) -> list[list[Candidate]]:
    """Groups of candidates that share data in all tasks, directly or through others; the largest first."""
    left, groups = list(those), []
    while left:
        group, fresh = [], [left.pop(0)]
        while fresh:
            one = fresh.pop()
            group.append(one)
            near = [each for each in left if all(_data(one, task) & _data(each, task) for task in tasks)]
            left = [each for each in left if each not in near]
            fresh += near
        groups.append([each for each in those if each in group])
    return sorted(groups, key=len, reverse=True)


def spared_by(
    one: Candidate, other: Candidate, contest: Contest, failed: Callable[[Candidate], bool] | None = None
) -> list[str]:
    """The data sets that one was spared of and another one was not, unless it is better on what the two share.

    The other is one that qualifies on more data, of sets large enough to speak of; or with `failed` one that doesn't,
    and would on the data that the first was measured on.
    """
    found: dict[str, None] = {}
    for task in one.rows:
        own, others = _data(one, task), _data(other, task)
        if failed is None:
            others = {data_of(row) for row in other.rows[task] if row.graded and _worth(row)} | (own & others)
        if not own & others or not others - own or (failed is None and own - others):
            continue
        if not _better(one, other, task, contest):
            found.update((dataset, None) for dataset, _ in sorted(others - own))
    if found and failed is not None and failed(other.on({task: _data(one, task) for task in one.rows})):
        return []
    return list(found)


def _worth(row: Row) -> bool:
    """Whether a data set is large enough that one that lacks it was spared of something."""
    return row.utterances >= FEWEST_UTTERANCES and (row.turns is not None or row.words >= FEWEST_WORDS)


def _better(one: Candidate, other: Candidate, task: str, contest: Contest) -> bool:
    """Whether one is better in what its task is about."""
    return contest.beats(one, other, f"{task}.{task_named(task).quality_metric('wer')}")


def _data(candidate: Candidate, task: str) -> set[tuple[str, str]]:
    return {data_of(row) for row in candidate.rows[task] if row.graded}


def _skipped(those: Sequence[Candidate], named: str, contest: Contest) -> tuple[str, ...]:
    """Why some were not compared by a preference."""
    title = METRICS[split(named)[1]].title
    pairs = ((one, other) for i, one in enumerate(those) for other in those[i + 1 :])
    whys = dict.fromkeys(told for pair in pairs if (told := contest.gap(*pair, named).why))
    return tuple(f"{title} passed over: {why}" for why in whys)


def _incomparable(one: Candidate, other: Candidate, prefer: Sequence[str], contest: Contest) -> bool:
    return all(contest.gap(one, other, named).why for named in prefer)


def _named(left: Sequence[Candidate], prefer: Sequence[str], contest: Contest) -> Candidate:
    """The one that is named of a tie: by pairs, the more often ahead in what was measured; else by name."""

    def ahead(one: Candidate) -> int:
        return sum(_lead(one, other, prefer, contest) for other in left if other is not one)

    return min(left, key=lambda each: (-ahead(each), each.model, each.device))


def _lead(one: Candidate, other: Candidate, prefer: Sequence[str], contest: Contest) -> int:
    for named in prefer:
        gap = contest.gap(one, other, named).gap
        if gap:
            return -1 if gap > 0 else 1
    return 0
