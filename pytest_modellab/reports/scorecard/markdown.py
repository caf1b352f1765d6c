"""The scorecard as Markdown, for the summary of a CI job or a comment on a merge request."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_modellab.core.console import counted
from pytest_modellab.core.escaping import code, plain
from pytest_modellab.results.verdicts import Status

from . import remarks
from .build import no_limit, unlimited
from .card import Scorecard
from .format import FormatContext
from .tables import by_task, columns, github, models_columns


def render(card: Scorecard) -> str:
    """The result, the tables, cases that did not pass and why, cases that were not run, recommendations."""
    return "\n".join(_lines(card)) + "\n"


def _lines(card: Scorecard) -> Iterator[str]:
    verdict = "passed" if card.passed else "not passed"
    yield f"### Model Lab: {verdict}, {counted(sum(row.measured for row in card.rows), 'case')} measured"
    yield from body(card)


def body(card: Scorecard) -> Iterator[str]:
    """What stands below the result."""
    measured = [row for row in card.rows if row.measured]
    if card.partial:
        yield f"\n**Partial**: {plain(card.partial)}"
    for task, own in by_task(measured):
        yield "\n" + github(columns(task, own))
    if len({row.case.task for row in card.rows}) > 1:
        yield "\n" + github(models_columns(card.models))
    wrong = [row for row in card.rows if row.status is not Status.PASS and (row.measured or row.status is Status.FAIL)]
    told = [f"**{row.status}** {code(row.case.id)}: {plain(row.reason)}" for row in wrong]
    told += [plain(no_limit(titles, ids)) for titles, ids in unlimited(measured).items()]
    told += [plain(line) for line in remarks.lines(measured)]
    told += [f"**not passed**: {plain(problem)}" for problem in card.problems]
    if told:
        yield "\n" + "\n".join(f"- {line}" for line in told)
    absent: dict[str, int] = {}
    for row in card.rows:
        if not row.measured and row.status is not Status.FAIL:
            absent[row.reason] = absent.get(row.reason, 0) + 1
    if absent:
        yield "\n" + "\n".join(f"- {counted(count, 'case')} not run: {plain(why)}" for why, count in absent.items())
    if card.recommendations:
        yield ""
        yield from (f"- **{plain(each.title)}**: {plain(each.text)}" for each in card.recommendations)


class MarkdownFormat:
    """GitHub's Markdown."""

    def render(self, card: Scorecard, context: FormatContext) -> str:
        return render(card)


FORMAT = MarkdownFormat()
