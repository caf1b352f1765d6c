"""A session's result as a comment on a pull request: verdict, what changed, the worst utterances; the rest folded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pytest_modellab.core.console import counted
from pytest_modellab.core.escaping import code, plain
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import RecordError
from pytest_modellab.results.verdicts import Status, case_key
from pytest_modellab.results.worst_utterances import worst_utterances

from .comparison import markdown as comparison
from .comparison import words
from .comparison.parts import Compared
from .scorecard import markdown as scorecard
from .scorecard.card import Scorecard
from .scorecard.row import Row
from .step_summary import within
from .word_diff import word_diff

MARKER = "<!-- modellab -->"
"""What a comment begins with, so that the next run finds it and writes it anew."""
MOST_BYTES = 60_000
"""GitHub takes 65,536 characters, GitLab more."""
_WORST = 3
_ROWS = 20

Load = Callable[[Row], Record]


@dataclass(frozen=True)
class _Wrong:
    """An utterance that became wrong, or is."""

    errors: float
    title: str
    reference: str
    before: str | None
    after: str


def render(card: Scorecard, compared: Compared | str, load: Load) -> str:
    """The comment. `compared` is the comparison with what was before, or why there is none: then the worst utterances
    are those of the cases that failed.

    `load` gives the record of a row; what it can't read has no utterances shown.
    """
    found, why = (None, compared) if isinstance(compared, str) else (compared, "")
    return within("\n".join(_lines(card, found, why, load)) + "\n", MOST_BYTES)


def _lines(card: Scorecard, compared: Compared | None, why: str, load: Load) -> Iterator[str]:
    yield MARKER
    yield f"### Model Lab: {_verdict(card, compared)}"
    yield ""
    yield _reason(card, compared)
    if why:
        yield f"\nNot compared: {plain(why)}"
    changed = [] if compared is None else [each for outcome in words.TOLD for each in compared.of(outcome)]
    if changed:
        yield ""
        yield from comparison.table(changed[:_ROWS])
        if len(changed) > _ROWS:
            yield f"\n{len(changed) - _ROWS} more changes are in the comparison below."
    worst = sorted(_became_wrong(compared) or _are_wrong(card, load), key=lambda each: -each.errors)[:_WORST]
    if worst:
        title = "The worst utterance" if len(worst) == 1 else f"The {len(worst)} worst utterances"
        yield f"\n**{title}**, as ~~reference~~ **answer**:\n"
        for each in worst:
            yield f"- {each.title}<br>{word_diff(each.reference, each.after) or 'all words right'}"
            if each.before is not None:
                yield f"  <br>before: {word_diff(each.reference, each.before) or 'all words right'}"
    yield from _folded("Scorecard", scorecard.body(card))
    if compared is not None:
        yield from _folded(f"Comparison: {words.headline(compared)}", comparison.rest(compared))


def _verdict(card: Scorecard, compared: Compared | None) -> str:
    measured = sum(row.measured for row in card.rows)
    cases = f"{counted(measured, 'case')} measured"
    if not card.passed:
        return f"❌ not passed, {cases}"
    if compared is not None and compared.of("worse"):
        return f"⚠️ passed, but worse than before, {cases}"
    doubtful = sum(row.measured and row.status is Status.INCONCLUSIVE for row in card.rows)
    told = f"{cases}{f', {doubtful} inconclusive' if doubtful else ''}"
    return f"⚠️ {card.undecided}, {told}" if card.undecided else f"✅ passed, {told}"


def _reason(card: Scorecard, compared: Compared | None) -> str:
    """In one line: the first failure, else the first that got worse, else that nothing did."""
    failed = [row for row in card.rows if row.status is Status.FAIL]
    if failed:
        count = f"{counted(len(failed), 'case')} fail, the first of them " if len(failed) > 1 else ""
        return f"{count}{code(failed[0].case.id)}: {plain(failed[0].reason)}"
    if card.problems:
        return plain(card.problems[0])
    if card.partial:
        return plain(card.partial)
    if compared is None:
        return _standing(card)
    worse = compared.of("worse")
    if worse:
        metric = METRICS[worse[0].metric]
        moved = f"{metric.title} {metric.format(worse[0].before)} -> {metric.format(worse[0].after)}"
        return f"{code(worse[0].key)}: {plain(moved)}"
    since = f"From {plain(compared.sides[0].what)}: {plain(words.headline(compared))}."
    return f"{_standing(card)} {since}" if card.undecided else since


def _standing(card: Scorecard) -> str:
    """How many cases are within their limits, and of the others how many aren't, and why the first of them."""
    by_status: dict[Status, list[Row]] = {}
    for row in card.rows:
        if row.measured:
            by_status.setdefault(row.status, []).append(row)
    measured = sum(map(len, by_status.values()))
    within = len(by_status.get(Status.PASS, []))
    unjudged = by_status.get(Status.NOT_AVAILABLE, [])
    parts = [f"{counted(within, 'case')} within all limits"] if within or not unjudged else []
    if unjudged:
        why = unjudged[0].reason.removeprefix("nothing was judged: ")
        parts.insert(0, f"{measured - len(unjudged)} of {counted(measured, 'case')} judged: {why}")
    for status, said in ((Status.WARN, "with a warning"), (Status.INCONCLUSIVE, "inconclusive")):
        if own := by_status.get(status):
            first = f"; the first, {own[0].case.id}" if len(own) > 1 else ""
            parts.append(f"{len(own)} {said}{first}: {own[0].reason}")
    return f"{plain('; '.join(parts)).removesuffix('.')}."


def _became_wrong(compared: Compared | None) -> list[_Wrong]:
    if compared is None:
        return []
    found: dict[tuple[str, str], _Wrong] = {}
    for change in compared.of("worse"):
        for each in change.worse:
            errors = f"{each.errors_before} -> {counted(each.errors_after, 'error')}"
            title = f"{code(each.id)} of {code(change.key)}: {errors}"
            more = each.errors_after - each.errors_before
            found.setdefault((change.key, each.id), _Wrong(more, title, each.reference, each.before, each.after or ""))
    return list(found.values())


def _are_wrong(card: Scorecard, load: Load) -> Iterator[_Wrong]:
    for row in card.rows:
        if row.status is not Status.FAIL or not row.measured:
            continue
        try:
            record = load(row)
        except RecordError:
            continue
        for each in worst_utterances(record, _WORST):
            errors = record.errors_of(each)
            title = f"{code(each.id)} of {code(case_key(row.case))}: {counted(errors, 'error')}"
            yield _Wrong(errors, title, each.reference, None, each.hypothesis or "")


def _folded(title: str, lines: Iterator[str]) -> Iterator[str]:
    inside = list(lines)
    if inside:
        yield f"\n<details><summary>{plain(title)}</summary>\n"
        yield from inside
        yield "\n</details>"
