"""The scorecard as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_modellab.core.console import counted, from_here, printable, wrapped
from pytest_modellab.results.verdicts import Status

from . import hidden_errors, remarks, tables
from .build import no_limit, unlimited
from .card import Scorecard
from .doubts import doubts, in_one
from .format import FormatContext
from .grade import NOISY
from .layout import TableLines, lay
from .recommendation import Recommendation
from .row import Row

WIDTH = 80
"""Where nothing tells how wide the terminal is."""
_MOST = 300
_MOST_LEFT_OUT = 10

Line = tuple[str, str | None]


def render(card: Scorecard, json_place: str, page: str = "", width: int = WIDTH) -> Iterator[Line]:
    """Lines with the status that colours them (None: plain). `page` is its place, or how to get it.

    None is wider than `width`, but for words that are: names and paths are never broken.
    """
    for text, status in _lines(card, json_place, width):
        for line in wrapped(text, width):
            yield line, status
    if page:
        for line in wrapped(f"page: {page}", width):
            yield line, None


def _lines(card: Scorecard, json_place: str, width: int) -> Iterator[Line]:
    measured = [row for row in card.rows if row.measured]
    if card.partial:
        yield f"PARTIAL: {card.partial}", "warn"
    yield from _tables(card, measured, width)
    yield from _verdicts(measured)
    yield from _marks(card, measured)
    yield from _shared(measured)
    for line in hidden_errors.lines(measured):
        yield line, None
    yield from _recordings(measured)
    yield from _absent([row for row in card.rows if not row.measured])
    if card.speed_ups:
        yield "", None
        yield from _table(lay(tables.speed_up_columns(card.speed_ups), width, ("load_s",)))
        yield "", None
    for front in card.fronts:
        yield _short(str(front)), None
    for line in _recommended(card.recommendations):
        yield line, None
    for problem in card.problems:
        yield _short(f"NOT PASSED: {problem}"), Status.FAIL
    yield f"details: {json_place}", None


def _tables(card: Scorecard, measured: Sequence[Row], width: int) -> Iterator[Line]:
    """A table for each task, and one of models where there are several tasks."""
    left_out: dict[str, tuple[str, ...]] = {}
    for i, (task, own) in enumerate(tables.by_task(measured)):
        if i:
            yield "", None
        laid = lay(tables.columns(task, own), width, tables.spare(task, own), tables.ALIKE)
        yield from _table(laid, [row.status for row in own])
        left_out[task] = laid.left_out
    if len({row.case.task for row in card.rows}) > 1:
        yield "", None
        yield from _table(lay(tables.models_columns(card.models), width, tables.ALIKE, tables.ALIKE))
        yield "", None
    narrow = [f"{task} {', '.join(names)}" for task, names in left_out.items() if names]
    if narrow:
        yield f"left out at {width} columns: {'; '.join(narrow)}; the details have them", None


def _verdicts(measured: Sequence[Row]) -> Iterator[Line]:
    """Why a case is no pass, and what was asserted without a limit."""
    for row in measured:
        if row.status is not Status.PASS:
            yield _short(f"{row.status} {row.case.id}: {row.reason}"), row.status
    for titles, ids in unlimited(measured).items():
        yield _short(no_limit(titles, ids)), Status.WARN
    for line in remarks.lines(measured):
        yield _short(line), None


def _marks(card: Scorecard, measured: Sequence[Row]) -> Iterator[Line]:
    """What the marks in the tables mean: `*`, `[ ]`, and a device in brackets."""
    few, noisy = doubts(row.grade for row in measured)
    if few or noisy:
        yield f"* provisional grade: {'; '.join([*few, *([NOISY] if noisy else [])])}", None
    elif doubtful := in_one(note for each in card.recommendations for note in each.provisional):
        yield f"* provisional choice: {'; '.join(doubtful)}", None
    limits = [row.intervals[m].conditional for row in measured if (m := row.error_metric) in row.intervals]
    if limits:
        told = "; ".join(in_one(sorted({each for each in limits if each})))
        yield f"[ ] 95 % interval{f', {told}' if told else ''}", None
    for device, elsewhere in dict.fromkeys((row.case.device, row.ran_on) for row in measured if row.ran_on):
        yield f"{device} ({elsewhere.device}): asked for {device}, {elsewhere}; no speed of its own", "warn"


def _shared(measured: Sequence[Row]) -> Iterator[Line]:
    """What holds of several cases, once for all of them: noise, records that stand, grades that are missing."""
    noises: dict[str, list[str]] = {}
    unchanged: dict[str, list[str]] = {}
    ungraded: dict[str, list[str]] = {}
    for row in measured:
        for noise in filter(None, (row.noisy, row.noisy_loading)):
            noises.setdefault(noise, []).append(row.case.id)
        if row.unchanged_since is not None:
            unchanged.setdefault(row.unchanged_since, []).append(row.case.id)
        if row.grade is not None and row.grade.letter is None:
            ungraded.setdefault(row.grade.why, []).append(row.case.id)
    for noise, ids in noises.items():
        yield _short(f"~ {NOISY}: {', '.join(ids)}: {noise}"), None
    for since, ids in unchanged.items():
        yield _short(f"unchanged since {since}, not run again (--lab-fresh does): {', '.join(ids)}"), None
    for why, ids in ungraded.items():
        yield _short(f"no grade for {', '.join(ids)}: {why}"), None


def _recordings(measured: Sequence[Row]) -> Iterator[Line]:
    """Recordings and references that a person should look at, by data set."""
    odd = {row.case.dataset: row.odd_recordings for row in measured if row.odd_recordings}
    for dataset, count in odd.items():
        yield f"{counted(count, 'odd recording')} in {dataset}: modellab data check {dataset}", None
    for dataset, ids in {row.case.dataset: row.left_out for row in measured if row.left_out}.items():
        more = f" and {len(ids) - _MOST_LEFT_OUT} more" if len(ids) > _MOST_LEFT_OUT else ""
        shown = printable(", ".join(ids[:_MOST_LEFT_OUT])) + more
        head = f"{counted(len(ids), 'broken recording')} left out of {dataset}"
        yield f"{head}: {shown}; modellab data check {dataset}", None
    for dataset, notes in {row.case.dataset: row.data_notes for row in measured if row.data_notes}.items():
        for note in notes:
            yield f"{dataset}: {printable(note)}", None
    empty = {row.case.dataset: row.empty_references for row in measured if row.empty_references}
    for dataset, count in empty.items():
        told = "without a word after normalization: words in the answers count as errors"
        yield f"{counted(count, 'reference')} in {dataset} {told}", None


def _table(laid: TableLines, statuses: Sequence[str] = ()) -> Iterator[Line]:
    for line in laid.head:
        yield line, None
    for i, lines in enumerate(laid.rows):
        for line in lines:
            yield line, statuses[i] if statuses else None


def _recommended(recommendations: Sequence[Recommendation]) -> Iterator[str]:
    """A line for each role, those with the same reason together, what has no model last; and one for all use cases."""
    by_reason: dict[str, list[str]] = {}
    for each in sorted(recommendations, key=lambda each: each.case is None):
        if each.role:
            by_reason.setdefault(_choice(each), []).append(each.title)
    for reason, titles in by_reason.items():
        yield f"{', '.join(titles)}: {reason}"
    use_cases = [each for each in recommendations if not each.role]
    taken = [f"{each.title} {each.case.model} on {each.case.device}{_tie(each)}{_star(each)}" for each in use_cases
             if each.case]  # fmt: skip
    without = [each.title for each in use_cases if not each.case]
    taken += [f"none for {', '.join(without)}"] if without else []
    if taken:
        yield f"use cases: {'; '.join(taken)}"


def _choice(each: Recommendation) -> str:
    if each.case is None:
        return f"none: {each.brief}"
    return f"{each.case.model} on {each.case.device}, {each.brief}{_tie(each)}{_star(each)}"


def _tie(recommendation: Recommendation) -> str:
    return f", a tie with {', '.join(recommendation.ties)}" if recommendation.ties else ""


def _star(recommendation: Recommendation) -> str:
    return " *" if recommendation.provisional else ""


def _absent(rows: list[Row]) -> Iterator[Line]:
    """Cases without a record, those with one reason together."""
    by_reason: dict[tuple[Status, str], list[str]] = {}
    for row in rows:
        by_reason.setdefault((row.status, row.reason), []).append(row.case.id)
    for (status, reason), ids in by_reason.items():
        first, *rest = reason.splitlines() or [""]
        yield f"{status}: {', '.join(ids)}: {first}", status
        for line in rest:
            yield f"    {line}", None


def _short(text: str) -> str:
    first = text.splitlines()[0]
    return first if len(first) <= _MOST else first[: _MOST - 3] + "..."


class TerminalFormat:
    """Text as at the end of a session, without its colours."""

    def render(self, card: Scorecard, context: FormatContext) -> str:
        lines = render(card, from_here(context.reports / "scorecard.json"), width=context.width)
        return "".join(f"{printable(line)}\n" for line, _ in lines)


FORMAT = TerminalFormat()
