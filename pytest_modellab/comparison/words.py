"""What a comparison says, in the words that every format shares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..metrics.definitions import METRICS
from ..metrics.metric import Metric
from ..printable import counted
from .parts import KEPT_UTTERANCES, Change, Compared, Lonely, Pair, Single

SHOWN_INPUTS = 4
SHOWN_UTTERANCES = 3


def headline(compared: Compared) -> str:
    """What came of it, in a line."""
    if not compared.told:
        return "nothing could be compared"
    worse, better = compared.of("worse"), compared.of("better")
    alike = len(compared.of("not told apart"))
    if not worse and not better:
        cases = len({(change.side, change.key) for change in compared.changes})
        return f"nothing can be told apart: {counted(compared.told, 'figure')} of {counted(cases, 'case')}"
    return f"{len(worse)} worse, {len(better)} better, {alike} not told apart"


def correction(compared: Compared) -> str:
    """How sure that is."""
    if not compared.tests:
        return "no figure that was compared differs"
    over = f"{counted(compared.tests, 'figure')} that differ{'s' * (compared.tests == 1)}"
    return f"at most {compared.alpha:.0%} chance that any of it is chance: Holm's correction over {over}"


def figures(change: Change) -> str:
    """`3.3 % -> 5.0 %, +1.7 points [-1.0, 4.4], p = 0.21`."""
    metric = METRICS[change.metric]
    text = f"{metric.format(change.before)} -> {metric.format(change.after)}"
    if change.change is None or change.low is None or change.high is None:
        return text
    if change.kind == "ratio":
        return f"{text}, time x {change.change:.2f} [{change.low:.2f}, {change.high:.2f}]"
    scale = 100 if metric.unit == "%" else 1
    moved, low, high = (scale * each for each in (change.change, change.low, change.high))
    return f"{text}, {moved:+.3g}{_unit(metric)} [{low:+.3g}, {high:+.3g}], {_p(change.p)}"


def _unit(metric: Metric) -> str:
    return " points" if metric.unit == "%" else "" if metric.unit == "1" else f" {metric.unit}"


def _p(p: float | None) -> str:
    return "" if p is None else "p < 0.001" if p < 0.001 else f"p = {p:.2g}" if p < 0.1 else f"p = {p:.2f}"


def evidence(change: Change) -> str:
    """On what it rests, and what else is to be known."""
    unit = counted(change.pairs, "utterance")
    parts = [f"{unit}, {change.method}"]
    if change.worse or change.better:
        parts.append(f"{_many(change.worse)} with more errors, {_many(change.better)} with fewer")
    if change.conditional:
        parts.append(change.conditional)
    if change.noisy:
        parts.append(f"the machine was noisy: {change.noisy}")
    return "; ".join(parts)


def _many(changes: tuple[object, ...]) -> str:
    return f"{len(changes)}{' or more' if len(changes) == KEPT_UTTERANCES else ''}"


def doubt(change: Change) -> str:
    """Why a change can't be told from none: noise, many figures, or what it would have taken."""
    if change.why:
        return change.why
    if change.noisy and change.kind == "ratio":
        return f"the machine was noisy: {change.noisy}"
    if change.detectable and change.counted:
        return f"seen would have been {METRICS[change.metric].format_gap(change.detectable)}"
    return ""


def by_case(changes: Iterable[Change]) -> dict[tuple[str, str], list[Change]]:
    """The changes of each case on each side, in their order."""
    found: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        found.setdefault((change.key, change.side), []).append(change)
    return found


def alike(change: Change) -> str:
    """A figure that can't be told apart: `WER 3.3 %` where it is the same, else how it moved and what it lacks."""
    metric = METRICS[change.metric]
    before, after = metric.format(change.before), metric.format(change.after)
    if before == after:
        return f"{change.title} {before}"
    why = doubt(change)
    return f"{change.title} {before} -> {after}" + (f" ({why})" if why else "")


def uncompared(compared: Compared) -> list[tuple[str, str, str]]:
    """What could not be compared, those of one case for one reason together: case, side, figures with the reason."""
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for change in compared.of("not compared"):
        grouped.setdefault((change.key, change.side, change.why), []).append(change.title)
    return [
        *((pair.key, pair.side, pair.refused) for pair in compared.refused),
        *((key, side, f"{', '.join(titles)}: {why}") for (key, side, why), titles in grouped.items()),
    ]


def inputs(pair: Pair) -> list[str]:
    """What of the inputs differs, the first few."""
    shown = list(pair.inputs[:SHOWN_INPUTS])
    if len(pair.inputs) > SHOWN_INPUTS:
        shown.append(f"... and {len(pair.inputs) - SHOWN_INPUTS} more inputs")
    return shown


def utterances(change: Change) -> Iterator[tuple[str, str, str, str]]:
    """What moved most in the direction of the change: what it is, reference, before, after."""
    for each in (change.worse if change.outcome == "worse" else change.better)[:SHOWN_UTTERANCES]:
        yield (
            f"{each.id}: {each.errors_before} -> {counted(each.errors_after, 'error')}",
            each.reference,
            _answer(each.before),
            _answer(each.after),
        )


def _answer(text: str | None) -> str:
    return "(no answer)" if text is None else text or "(nothing)"


def single(each: Single) -> str:
    """Both values of what was measured once."""
    metric = METRICS[each.metric]
    return f"{metric.name} {metric.format(each.before)} -> {metric.format(each.after)}"


def lonely(each: Lonely) -> str:
    return f"only in {each.side}, not in {each.other}: {', '.join(each.cases)}"


def pair_of(compared: Compared, change: Change) -> Pair:
    """The two records that a change is between."""
    return next(each for each in compared.pairs if each.side == change.side and each.case == change.case)
