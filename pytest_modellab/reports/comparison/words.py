"""The wording of comparisons, shared by all formats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pytest_modellab.core.console import counted
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.stats.regression import RateChange as Moved
from pytest_modellab.core.stats.regression import change_text

from .parts import KEPT_UTTERANCES, Compared, MetricChange, OneSided, Outcome, Pair, Single

TOLD: tuple[Outcome, ...] = ("worse", "inconclusive", "better")
"""Outcomes whose changes are told one by one."""
SHOWN_INPUTS = 4
SHOWN_UTTERANCES = 3


def headline(compared: Compared) -> str:
    """The result, in one line."""
    if not compared.told:
        return "nothing could be compared"
    worse, better, doubtful = (len(compared.of(each)) for each in ("worse", "better", "inconclusive"))
    alike = len(compared.of("not told apart"))
    if not worse and not better and not doubtful:
        cases = len({(change.side, change.key) for change in compared.changes})
        return f"no detectable difference: {counted(compared.told, 'figure')} of {counted(cases, 'case')}"
    return f"{worse} worse, {better} better, {f'{doubtful} inconclusive, ' * bool(doubtful)}{alike} not told apart"


def correction(compared: Compared) -> str:
    """How often it would be wrong."""
    if not compared.tests:
        return "no compared value differs"
    over = ", ".join(counted(number, family) for family, number in compared.families.items())
    return (
        f"where nothing changed, at most {compared.alpha:.0%} of such comparisons call any figure of a kind worse,"
        f" the sanity bound apart: Holm's correction, by kind, over what differs: {over}"
    )


def figures(change: MetricChange) -> str:
    """`3.3 % -> 5.0 %, +1.7 points [-1.0, +4.4], p = 0.21`."""
    # A ratio is judged by its interval and the tripwire.
    moved = Moved(change.change, change.low, change.high, change.p, change.kind)
    return change_text(METRICS[change.metric], change.before, change.after, moved)


def evidence(change: MetricChange) -> str:
    """The data behind a change, and its conditions."""
    unit = counted(change.pairs, "utterance")
    parts = [f"{unit}, {change.method}"]
    if change.worse or change.better:
        worse, better = _many(change.worse, change.worse_count), _many(change.better, change.better_count)
        parts.append(f"{worse} with more errors, {better} with fewer")
    if change.why:
        parts.append(change.why)
    if change.conditional:
        parts.append(change.conditional)
    if change.noisy:
        parts.append(f"the machine was noisy: {change.noisy}")
    return "; ".join(parts)


def _many(changes: tuple[object, ...], count: int | None) -> str:
    if count is not None:
        return str(count)
    return f"{len(changes)}{' or more' if len(changes) == KEPT_UTTERANCES else ''}"


def doubt(change: MetricChange) -> str:
    """Why a change can't be told from none: noise, many figures, or what it would have taken."""
    if change.why:
        return change.why
    if change.noisy and change.kind == "ratio":
        return f"the machine was noisy: {change.noisy}"
    if change.detectable and change.counted:
        return f"a rise of {METRICS[change.metric].format_gap(change.detectable)} would be seen four times in five"
    return ""


def by_case(changes: Iterable[MetricChange]) -> dict[tuple[str, str], list[MetricChange]]:
    """The changes of each case on each side, in their order."""
    found: dict[tuple[str, str], list[MetricChange]] = {}
    for change in changes:
        found.setdefault((change.key, change.side), []).append(change)
    return found


def alike(change: MetricChange) -> str:
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


def never(compared: Compared) -> list[tuple[str, str]]:
    """What two runs are never compared by, that for one reason together: titles, reason."""
    grouped: dict[str, list[str]] = {}
    for metric, why in compared.never.items():
        grouped.setdefault(why, []).append(METRICS[metric].title)
    return [(", ".join(titles), why) for why, titles in grouped.items()]


def inputs(pair: Pair) -> list[str]:
    """What of the inputs differs, the first few."""
    shown = list(pair.inputs[:SHOWN_INPUTS])
    if len(pair.inputs) > SHOWN_INPUTS:
        shown.append(f"... and {len(pair.inputs) - SHOWN_INPUTS} more inputs")
    return shown


def utterances(change: MetricChange) -> Iterator[tuple[str, str, str, str]]:
    """What moved most in the direction of the change: what it is, reference, before, after."""
    for each in (change.better if change.outcome == "better" else change.worse)[:SHOWN_UTTERANCES]:
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


def one_sided(each: OneSided) -> str:
    return f"only in {each.side}, not in {each.other}: {', '.join(each.cases)}"


def pair_of(compared: Compared, change: MetricChange) -> Pair:
    """The two records that a change is between."""
    return next(each for each in compared.pairs if each.side == change.side and each.case == change.case)
