"""The scorecard in at most fifteen lines, the section's heading among them, and in one: for a terminal."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from pytest_modellab.core.console import counted, printable, shortened, wrapped
from pytest_modellab.results.verdicts import Status

from . import case_lines, unanswered
from .advice import paragraphs
from .card import Scorecard
from .case_lines import ORDER, lay, main_metric, mark, speed_of
from .row import Row
from .tables import why_no_interval
from .terminal import Line

MOST_LINES = 14
"""Beside the heading."""
MOST_CASES = 8
_MOST_PROBLEMS = 3
_MOST_ADVICE = 2
_LEAST_REASON = 28
"""Characters of a reason and its count."""
_LEAST_ROOM = 3
"""For a case in two lines, and the number of the others."""


def render(card: Scorecard, place: str, width: int) -> Iterator[Line]:
    """Cases, failures first; what is inconclusive, what didn't run, advice, why the session did not pass.

    `place` is the last line: where the page or the details are. Only names and paths are ever wider than `width`.
    """
    rows, absent = _divided(card)
    rows.sort(key=lambda row: ORDER.index(row.status))
    legend = list(_legend(rows[:MOST_CASES], width))
    for most in range(_MOST_ADVICE, 0, -1):
        end = list(_beside(card, rows, absent, place, width, most))
        room = MOST_LINES - len(legend) - len(end)
        if room >= _LEAST_ROOM:
            break
    shown = _fitting(rows, width, room)
    yield from _cases(rows, shown, width, room)
    yield from _legend(rows[:shown], width)
    yield from end


def _beside(
    card: Scorecard, rows: Sequence[Row], absent: Sequence[Row], place: str, width: int, most_advice: int
) -> Iterator[Line]:
    """What stands below the cases."""
    yield from _unanswered(rows, width)
    yield from _inconclusive(rows, width)
    yield from _did_not_run(absent, width)
    yield from _advice(card, width, most_advice)
    yield from _problems(card, width)
    yield from ((line, None) for line in wrapped(place, width))


_LINE = 200
"""Characters of the line form that are never cut."""


def line(card: Scorecard, place: str, width: int) -> Line:
    """The session in a line: counts of cases, what keeps it from passing, what did not run, and where more is."""
    rows, absent = _divided(card)
    told = [_counts(rows)] if rows else []
    told += [f"{counted(lacking, 'case')} with unanswered utterances"] if (lacking := _lacking(rows)) else []
    problems = [*([f"PARTIAL: {card.partial}"] if card.partial else []), *card.problems]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    told += [f"{problems[0].splitlines()[0]}{more}"] if problems else []
    count = f"{len(absent)} did not run"
    forms = (
        [[*told, f"{count} ({_counted_reasons([row.brief_reason for row in absent])})"], [*told, count]]
        if absent
        else []
    )
    # One that passed tells what did not run at any width; one that did not pass, first why.
    forms += [told] if not absent or not card.passed else []
    head = "modellab: " if card.passed else "modellab: NOT PASSED: "
    texts = [printable(f"{head}{'; '.join(parts)}") for parts in forms]
    room = width - len(place) - 2
    # Why it did not pass is told, however narrow the terminal is.
    fitting = next((text for text in texts if len(text) <= room), shortened(texts[-1], max(_LINE, room)))
    return f"{fitting}; {place}", _worst(rows) if card.passed else Status.FAIL


def _divided(card: Scorecard) -> tuple[list[Row], list[Row]]:
    """The cases that were measured, or should have been and could not be; and those that did not run."""
    rows: list[Row] = []
    absent: list[Row] = []
    for row in card.rows:
        (rows if row.measured or row.status is Status.FAIL else absent).append(row)
    return rows, absent


def _lacking(rows: Iterable[Row]) -> int:
    return sum(bool(row.unanswered) for row in rows)


def _worst(rows: Iterable[Row]) -> Status:
    return min((row.status for row in rows), key=ORDER.index, default=Status.PASS)


def _counts(rows: Iterable[Row], more: str = "") -> str:
    """`1 FAIL, 3 pass`."""
    found = Counter(row.status for row in rows)
    return ", ".join(f"{found[status]} {more}{mark(status)}" for status in ORDER if found[status])


def _fitting(rows: Sequence[Row], width: int, room: int) -> int:
    """How many cases there is room for, with a line for the number of the others."""
    if not rows:
        return 0
    laid = lay(rows[:MOST_CASES], width)
    each = len(laid.cases[0])
    left = room - len(laid.head)
    return max(1, min(len(laid.cases), left // each if len(rows) * each <= left else (left - 1) // each))


def _cases(rows: Sequence[Row], shown: int, width: int, room: int) -> Iterator[Line]:
    """The first `shown` cases, then how many more there are; reasons where there is room left."""
    if not rows:
        return
    laid = lay(rows[:shown], width)  # the columns of those that are shown
    rest = rows[shown:]
    spare = room - len(laid.head) - sum(map(len, laid.cases)) - bool(rest)
    for text in laid.head:
        yield text, None
    for row, lines in zip(rows, laid.cases, strict=False):
        for text in lines:
            yield text, row.status
        note = _note(row)
        if spare > 0 and note:
            spare -= 1
            yield shortened(f"{case_lines.INDENT}{note}", width), row.status
    if rest:
        yield f"and {_counts(rest, 'more ')}", _worst(rest)


def _note(row: Row) -> str:
    """What a person asks of a case that doesn't pass, or passes with the worst grade; "" for another."""
    return row.reason if row.status in {Status.FAIL, Status.WARN, Status.NOT_AVAILABLE} else row.graded_apart or ""


def _unanswered(rows: Sequence[Row], width: int) -> Iterator[Line]:
    """A case may pass its limits though answers are missing: that is told whatever room there is."""
    if told := unanswered.line(rows):
        yield shortened(told, width), Status.WARN


def _inconclusive(rows: Sequence[Row], width: int) -> Iterator[Line]:
    """The reasons of what could not be decided, the most frequent first."""
    reasons = [_doubt(row) for row in rows if row.status is Status.INCONCLUSIVE]
    if reasons:
        head = f"{counted(len(reasons), 'case')} inconclusive: "
        yield shortened(f"{head}{_counted_reasons(reasons, width - len(head))}", width), Status.INCONCLUSIVE


def _doubt(row: Row) -> str:
    """The reason of the first verdict that is inconclusive, without its details."""
    reasons = (v.reason for v in row.verdicts if v.status is Status.INCONCLUSIVE and v.reason)
    return re.sub(r" \([^()]*\)", "", next(reasons, row.reason).partition(";")[0])


def _did_not_run(rows: Sequence[Row], width: int) -> Iterator[Line]:
    if rows:
        tests = sum(row.tests_left_out for row in rows)
        beside = f" ({counted(tests, 'test')} left out)" if tests else ""
        head = f"{counted(len(rows), 'case')} did not run{beside}: "
        told = _counted_reasons([row.brief_reason for row in rows], width - len(head))
        yield shortened(f"{head}{told}", width), Status.NOT_AVAILABLE


def _counted_reasons(reasons: Sequence[str], room: int | None = None) -> str:
    """Each reason once, after the number of its cases where there are several reasons: a reason may begin with one.

    Where they are longer than `room`, each is cut to the same length, and the rarest are counted where even that is
    too short to be read.
    """
    found = Counter(reasons).most_common()
    each = [reason if len(found) == 1 else f"({counted(number, 'case')}) {reason}" for reason, number in found]
    whole = "; ".join(each)
    if room is None or len(whole) <= room:
        return whole
    for shown in range(len(each), 0, -1):
        rest = f"; {counted(len(each) - shown, 'more reason')}" if shown < len(each) else ""
        left = room - len(rest) - 2 * (shown - 1)
        fitting = (most for most in range(left, _LEAST_REASON - 1, -1) if _total(each[:shown], most) <= left)
        if most := next(fitting, 0):
            return "; ".join(shortened(text, most) for text in each[:shown]) + rest
    return whole


def _total(texts: Iterable[str], most: int) -> int:
    """The length of texts that are cut to `most` characters each."""
    return sum(min(len(text), most) for text in texts)


def _advice(card: Scorecard, width: int, most: int) -> Iterator[Line]:
    """The first sentence of the advice, and more as `most` lines allow; that it is provisional is never left out."""
    if not any(row.measured for row in card.rows):
        return
    told = paragraphs(card)[0]
    lines = wrapped(" ".join(told), width)
    if len(lines) > most:
        lines = wrapped(_cut(told, width * most - 10 * most), width)[:most]
    for text in lines:
        yield text, None


def _cut(sentences: Sequence[str], most: int) -> str:
    """The first sentences that have room in `most` characters."""
    told, *others = sentences
    doubt = " Provisional." if any(each.startswith("Provisional:") for each in others) else ""
    for each in others:
        if len(told) + len(each) + len(doubt) + 1 > most or each.startswith("Provisional:"):
            break
        told += f" {each}"
    return shortened(told, most - len(doubt)) + doubt


def _problems(card: Scorecard, width: int) -> Iterator[Line]:
    """Why the session can't pass, beside failing tests."""
    if card.partial:
        yield shortened(f"PARTIAL: {card.partial}", width), Status.WARN
    each = _MOST_PROBLEMS // max(1, min(len(card.problems), _MOST_PROBLEMS))
    for problem in card.problems[:_MOST_PROBLEMS]:
        lines = wrapped(f"NOT PASSED: {problem.splitlines()[0]}", width)
        last = " ".join([lines[each - 1], *map(str.strip, lines[each:])]) if len(lines) >= each else ""
        yield from ((shortened(text, width), Status.FAIL) for text in (*lines[: each - 1], last) if text)
    more = len(card.problems) - _MOST_PROBLEMS
    if more > 0:
        yield f"NOT PASSED: {counted(more, 'more reason')}, which the details have", Status.FAIL


def _legend(rows: Sequence[Row], width: int) -> Iterator[Line]:
    """What the marks of figures and grades mean, wherever one stands: in fewer words where it is narrow."""
    told, brief = [], []
    if any(row.grade is not None and row.grade.provisional for row in rows):
        told.append("* provisional grade")
        brief.append("* provisional")
    if any(row.noise(metric) for row in rows for metric in (main_metric(row), speed_of(row))):
        told.append("~ timed on a noisy machine")
        brief.append("~ noisy")
    more = ["-v has the reasons"] if told else []
    if why := why_no_interval(rows):
        told.append(why)
        brief.append(why)
    texts = ["; ".join(form) for form in ([*told, *more], told, brief)]
    if told:
        yield shortened(next((text for text in texts if len(text) <= width), texts[-1]), width), None
