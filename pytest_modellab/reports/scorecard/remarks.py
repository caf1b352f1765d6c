"""Remarks on rows: why a pass has the grade F, and which limits are passed by the value alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.results.record import Record
from pytest_modellab.results.verdicts import Status, Verdict

from .grade import Grade
from .tables import why_no_interval

if TYPE_CHECKING:
    from .row import Row

MOST_TITLES = 4
"""On one line; the page has all, case by case."""


def graded_apart(grade: Grade, status: Status, verdicts: Sequence[Verdict]) -> str | None:
    """Why a row passes its limits and is graded F, in a few words; None where it isn't so."""
    if grade.letter != "F" or grade.weakest is None or status not in {Status.PASS, Status.WARN}:
        return None
    metric = METRICS[grade.weakest]
    weakest = next(each for each in grade.criteria if each.metric == grade.weakest)
    sign = "≤" if metric.bound == "max" else "≥"
    worst = f" (C asks for {sign} {metric.format(weakest.bands['C'])})" if "C" in weakest.bands else ""
    bounds = [v.bound for v in verdicts if v.metric == grade.weakest and v.bound is not None and not v.by]
    limit = f"its limit is {sign} {metric.format(bounds[0])}" if bounds else "no limit is on it"
    return f"grade F by {metric.title} {metric.format(weakest.value)}{worst}, {status} because {limit}"


def by_value_alone(record: Record, verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """The metrics whose limit is passed by the value, and whose interval reaches beyond it."""
    found: dict[str, None] = {}
    for each in verdicts:
        interval = record.interval(each.metric)
        passed = each.status in {Status.PASS, Status.WARN} and each.p is None and not each.by
        if not passed or each.bound is None or interval is None:
            continue
        if interval.high > each.bound if each.comparison.startswith("<") else interval.low < each.bound:
            found[each.metric] = None
    return tuple(found)


def lines(rows: Sequence[Row]) -> Iterator[str]:
    """For terminal and Markdown: a line for each pass with an F, and one for all limits passed by the value alone."""
    for row in rows:
        if row.graded_apart:
            yield f"{row.case.id}: {row.graded_apart}"
    alone = [row for row in rows if row.by_value_alone]
    if alone:
        titles = list(dict.fromkeys(METRICS[name].title for row in alone for name in row.by_value_alone))
        more = f" and {len(titles) - MOST_TITLES} more" if len(titles) > MOST_TITLES else ""
        where = alone[0].case.id if len(alone) == 1 else f"{len(alone)} cases"
        told = f"{', '.join(titles[:MOST_TITLES])}{more} of {where}"
        yield f"passed by the value alone, the interval reaches beyond the limit: {told}"
    if why := why_no_interval(rows):
        yield why
