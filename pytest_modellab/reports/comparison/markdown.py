"""A comparison as Markdown, for the summary of a CI job or a comment on a merge request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_modellab.core.escaping import code, plain
from pytest_modellab.core.metrics.registry import METRICS

from . import words
from .parts import Compared, MetricChange

_COLUMNS = ("", "case", "figure", "before", "after", "change [95 %]", "p")


def render(compared: Compared) -> str:
    """A table of what changed, then what can't be told apart, what wasn't compared, what only one side has."""
    return "\n".join(_lines(compared)) + "\n"


def _lines(compared: Compared) -> Iterator[str]:
    yield f"### Model Lab: {words.headline(compared)}"
    yield ""
    first, *others = compared.sides
    yield f"From {plain(first.what)} to {'; to '.join(plain(side.what) for side in others)}."
    if compared.told:
        yield f"{words.correction(compared)[:1].upper()}{words.correction(compared)[1:]}."
    several = len(others) > 1
    changed = [change for outcome in words.TOLD for change in compared.of(outcome)]
    if changed:
        yield ""
        yield from table(changed, several=several)
    for change in changed:
        told = list(words.utterances(change))
        if told:
            yield ""
            yield f"{code(change.key)}, {change.title}: {plain(words.evidence(change))}"
            yield ""
            for title, reference, before, after in told:
                texts = f"reference “{plain(reference)}”, before “{plain(before)}”, after “{plain(after)}”"
                yield f"- {plain(title)}: {texts}"
    yield from rest(compared)


def table(changes: Sequence[MetricChange], *, several: bool = False) -> Iterator[str]:
    """A row for each change; with `several` the name of the other side, too."""
    yield f"| {' | '.join(_COLUMNS)} |"
    yield f"|{'---|' * len(_COLUMNS)}"
    yield from (_row(change, several) for change in changes)


def rest(compared: Compared) -> Iterator[str]:
    """What can't be told apart, folded, and what was not compared, with the reasons."""
    several = len(compared.sides) > 2
    alike = compared.of("not told apart")
    if alike:
        yield ""
        yield "<details><summary>" + f"{len(alike)} not told apart</summary>"
        yield ""
        yield from (f"- {code(_name(change, several))}: {plain(words.alike(change))}" for change in alike)
        yield ""
        yield "</details>"
    told = [
        f"**not compared** {code(f'{key} ({side})' if several else key)}: {plain(text)}"
        for key, side, text in words.uncompared(compared)
    ]
    told += [f"never compared: {plain(titles)}: {plain(why)}" for titles, why in words.never(compared)]
    told += [f"measured once: {code(each.key)}: {plain(words.single(each))}" for each in compared.singles if each.large]
    told += [plain(words.one_sided(each)) for each in compared.lonely]
    told += [plain(note) for side in compared.sides for note in side.notes]
    if told:
        yield ""
        yield from (f"- {line}" for line in told)


def _name(change: MetricChange, several: bool) -> str:
    return f"{change.key} ({change.side})" if several else change.key


def _row(change: MetricChange, several: bool) -> str:
    metric = METRICS[change.metric]
    _, _, moved = words.figures(change).partition(", ")
    moved, _, p = moved.partition(", p ")
    cells = (
        f"**{change.outcome}**",
        f"{code(_name(change, several))}",
        metric.title,
        metric.format(change.before),
        metric.format(change.after),
        plain(moved),
        f"p {p}" if p else "",
    )
    return f"| {' | '.join(cells)} |"
