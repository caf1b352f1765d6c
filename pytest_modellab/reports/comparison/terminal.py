"""A comparison as text that fits a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_modellab.core.console import wrapped

from . import words
from .parts import Compared, MetricChange

WIDTH = 80


def render(compared: Compared) -> list[str]:
    """The lines; the worst change first."""
    return [line for text in _lines(compared) for line in wrapped(text, WIDTH)]


def _lines(compared: Compared) -> Iterator[str]:
    several = len(compared.sides) > 2
    for number, side in enumerate(compared.sides):
        mark = "from" if number == 0 else "to  "
        yield f"{mark} {side.name}: {side.what}" if side.name not in side.what else f"{mark} {side.what}"
        yield from (f"     {note}" for note in side.notes)
    yield ""
    yield words.headline(compared)
    if compared.told:
        yield words.correction(compared)
    for outcome in words.TOLD:
        changes = compared.of(outcome)
        if changes:
            yield ""
            yield outcome
            for change in changes:
                yield from _change_lines(compared, change, several)
    yield from _alike(compared, several)
    yield from _rest(compared, several)


def _name(key: str, side: str, several: bool) -> str:
    return f"{key} ({side})" if several else key


def _change_lines(compared: Compared, change: MetricChange, several: bool) -> Iterator[str]:
    yield f"  {_name(change.key, change.side, several)}: {change.title}"
    yield f"    {words.figures(change)}"
    yield f"    {words.evidence(change)}"
    pair = words.pair_of(compared, change)
    yield from (f"    input changed: {line}" for line in words.inputs(pair))
    for title, reference, before, after in words.utterances(change):
        yield f"    {title}"
        yield f"      reference: {reference}"
        yield f"      before:    {before}"
        yield f"      after:     {after}"


def _alike(compared: Compared, several: bool) -> Iterator[str]:
    cases = words.by_case(compared.of("not told apart"))
    if cases:
        yield ""
        yield "not told apart"
        for (key, side), changes in cases.items():
            yield f"  {_name(key, side, several)}: {'; '.join(map(words.alike, changes))}"


def _rest(compared: Compared, several: bool) -> Iterator[str]:
    lines = [f"  {_name(key, side, several)}: {text}" for key, side, text in words.uncompared(compared)]
    if lines:
        yield from ("", "not compared", *lines)
    never = [f"  {titles}: {why}" for titles, why in words.never(compared)]
    if never:
        yield from ("", "never compared", *never)
    large = [each for each in compared.singles if each.large]
    if large:
        yield from ("", "measured once on each side, so nothing can be said of chance")
        for each in large:
            yield f"  {_name(each.key, each.side, several)}: {words.single(each)}"
    notes = [f"{pair.key}: one record stands on both sides" for pair in compared.pairs if pair.same]
    notes += [f"{pair.key}: both scored again by {pair.rescored}" for pair in compared.pairs if pair.rescored]
    notes += map(words.one_sided, compared.lonely)
    if notes:
        yield ""
        yield from notes
