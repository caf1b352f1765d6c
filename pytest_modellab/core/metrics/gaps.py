"""The gap of a metric between the worst and the best group of utterances by an attribute, with its interval.

The worst and the best are chosen by what was measured, so that their difference is too large on average. The interval
allows for the choice: its lower end is the largest of the simultaneous lower ends of all pairs of groups (Bonferroni),
its upper end the largest of their plain upper ends, which is that of the truly largest gap or above it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

from ..stats.differences import Figure, ends, p_beyond
from ..stats.student_t import CONFIDENCE
from .slices import FEWEST_UTTERANCES, FEWEST_WORDS, parts_by

if TYPE_CHECKING:
    from .aggregate import Column
    from .metric import Metric
    from .table import Table


@dataclass(frozen=True)
class Group:
    """The utterances that share a value of an attribute.

    Attributes:
        name: the value.
        utterances: that contribute to the metric.
        words: reference words of an error rate, else 0.
        value: of the metric.
        column: the contributions.
        large: whether it is large enough to speak of: 5 utterances, and of an error rate 100 words.
    """

    name: str
    utterances: int
    words: int
    value: float
    column: Column
    large: bool

    def __str__(self) -> str:
        words = f"{self.words} words in " if self.words else ""
        return f"{self.name} {words}{self.utterances} utterance{'s' * (self.utterances != 1)}"


@dataclass(frozen=True)
class Gap:
    """The gap between two groups, in the unit of the metric, 0 or more.

    Attributes:
        worst, best: their names.
        value: of the worst less the best, or the other way round where higher is better.
        low, high: the 95 % interval; None where a group has none.
        conditional: the recordings that a group is conditional on, "" for none.
    """

    worst: str
    best: str
    value: float
    low: float | None
    high: float | None
    conditional: str = ""


def groups(metric: Metric, table: Table, by: str) -> list[Group]:
    """The groups of a run's utterances by an attribute, by name; those that it isn't known of are in none."""
    column = table.column(metric)
    labels = parts_by(table.run.utterances, by).at(column.rows)
    found = []
    for name, own in labels.places():
        part = column.at(own)
        value = metric.aggregate.value(part)
        if value is None:
            continue
        rate = metric.comparison == "error rate"
        words = round(math.fsum(part.of)) if rate else 0
        # Silent clips tell nothing of an error rate.
        count = int((part.of > 0).sum()) if rate else len(part)
        large = count >= FEWEST_UTTERANCES and (not rate or words >= FEWEST_WORDS)
        found.append(Group(name, count, words, value, part, large))
    return found


def gap(metric: Metric, those: Sequence[Group]) -> Gap:
    """The gap between the worst and the best of at least two groups."""
    sign = 1 if metric.better == "lower" else -1
    worst = max(those, key=lambda each: sign * each.value)
    best = min(those, key=lambda each: sign * each.value)
    spans = list(_ends(metric, those))
    every = (metric.aggregate.interval(each.column) for each in those)
    conditional = next((each.conditional for each in every if each is not None and each.conditional), "")
    low = max((low for low, _ in spans), default=None)
    high = max((high for _, high in spans), default=None)
    value = sign * (worst.value - best.value)
    return Gap(worst.name, best.name, value, None if low is None else max(0.0, low), high, conditional)


def weigh(metric: Metric, those: Sequence[Group], bound: float) -> tuple[float, float] | None:
    """The p-values of "no gap is above the bound" and of "one is"; None where a group has no interval.

    Above: the smallest of all pairs, by as many as there are (Bonferroni). Below: the largest, as all have to be.
    """
    pairs = list(permutations(_figures(metric, those, CONFIDENCE), 2))
    if len(pairs) < len(those) * (len(those) - 1):
        return None
    above, below = [], []
    for one, other in pairs:
        beyond, p = one.value - other.value > bound, p_beyond(other, one, bound)
        above.append(p if beyond else 1 - p)
        below.append(1 - p if beyond else p)
    return min(1.0, len(pairs) * min(above)), max(below)


def _ends(metric: Metric, those: Sequence[Group]) -> Iterator[tuple[float, float]]:
    """The simultaneous lower end and the plain upper end of the difference of each pair."""
    many = len(those) * (len(those) - 1)
    strict = list(_pairs(metric, those, 1 - (1 - CONFIDENCE) / many))
    plain = list(_pairs(metric, those, CONFIDENCE))
    if len(strict) == len(plain) == many:
        yield from ((low, high) for (low, _), (_, high) in zip(strict, plain, strict=True))


def _pairs(metric: Metric, those: Sequence[Group], confidence: float) -> Iterator[tuple[float, float]]:
    """The ends of the difference of each ordered pair of groups."""
    return (ends(other, one) for one, other in permutations(_figures(metric, those, confidence), 2))


def _figures(metric: Metric, those: Sequence[Group], confidence: float) -> Iterator[Figure]:
    """Of each group that has an interval; larger is worse."""
    for each in those:
        interval = metric.aggregate.interval(each.column, confidence)
        if interval is not None:
            figure = Figure.of(each.value, interval)
            yield figure if metric.better == "lower" else -figure
