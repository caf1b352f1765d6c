"""The figures of one case on two sides, each by its own statistics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.core.metrics.definitions import METRICS, TIMED
from pytest_modellab.core.stats import paired
from pytest_modellab.core.stats.evidence import ALPHA
from pytest_modellab.core.stats.intervals import Interval, time_ratio_interval
from pytest_modellab.core.stats.regression import Allowed
from pytest_modellab.results import baseline as answers
from pytest_modellab.results import speed_baseline as speed
from pytest_modellab.results.baseline import Baseline, BaselineError
from pytest_modellab.results.conditions import LEAST_SPREAD_S
from pytest_modellab.results.latencies import LATENCIES
from pytest_modellab.results.record import Record
from pytest_modellab.results.speed_baseline import FEWEST_CALLS, TRIPWIRE, SpeedBaseline

from . import by_utterance, statistics
from .parts import KEPT_UTTERANCES, Change, Family, Outcome, Single, UtteranceChange


@dataclass(frozen=True)
class Bench:
    """What all comparisons of one command share."""

    side: str
    """Name of the other side."""
    replicates: int
    allowed: Callable[[CaseRef], Allowed]
    """How far the error rate of a case may rise whatever a test says."""


def of_records(before: Record, after: Record, bench: Bench) -> Iterator[Change]:
    """All figures that both records have. They are of the same data and the same normalizer."""
    yield from of_answers(answers.of(before), after, bench)
    for metric in by_utterance.COUNTS:
        yield from _counts(metric, before, after, bench)
    for metric in sorted(by_utterance.MEANS):
        yield from _means(metric, before, after, bench)
    for metric in by_utterance.BY_INTERVALS:
        yield from _by_intervals(metric, before, after, bench)
    if after.case.task != "chat":
        yield _speed(before, after, bench)
    for name in LATENCIES:
        # RTF tells the same of whole calls, but not in a dialogue.
        if name != "latency" or after.case.task == "chat":
            yield from _times(name, before, after, bench)


def of_answers(before: Baseline, after: Record, bench: Bench) -> Iterator[Change]:
    """The error rate, where the data set has words."""
    if not after.comparable:
        return
    about = {**_about(after, after.error_metric, bench), "family": "error rate"}
    allowed = bench.allowed(after.case)
    try:
        found = answers.against(after, before, allowed, bench.replicates)
    except BaselineError as error:
        yield Change(**about, outcome="not compared", why=str(error).removeprefix(f"{after.case.id}: "))
        return
    outcome = found.finding.outcome
    change = _judged(
        **about,
        before=found.wer_before,
        after=found.wer_after,
        **_of_paired(found.paired),
        pairs=len(after.utterances),
        method=statistics.PAIRED,
        counted=bool(found.worse or found.better),
        beyond_tolerance=found.paired.difference > allowed.tolerance,
        worse=_utterances(found.worse),
        better=_utterances(found.better),
    )
    if outcome == "inconclusive":
        change = change.model_copy(update={"outcome": outcome, "why": found.finding.why})
    elif outcome == "worse" and found.finding.why:
        change = change.model_copy(update={"outcome": outcome, "why": found.finding.why, "certain": True})
    yield change


def of_times(before: SpeedBaseline, after: Record, bench: Bench, noisy_before: str | None = None) -> Change:
    """RTF by the rules of speed baselines."""
    about = _about(after, "rtf", bench)
    try:
        found = speed.against(after, before)
    except BaselineError as error:
        return _without_speed(after, str(error), bench)
    return _timed(
        **about,
        before=found.rtf_before,
        after=found.rtf_after,
        ratio=found.ratio,
        interval=found.interval,
        pairs=found.calls,
        noisy=(noisy_before, after.timing.noisy),
        moved_s=_moved_s(before, found.ratio),
    )


def singles(before: Record, after: Record, side: str) -> Iterator[Single]:
    """What was measured once."""
    for metric, spread in by_utterance.SINGLE.items():
        old, new = before.figure(metric), after.figure(metric)
        if old and new:
            large = max(old, new) / min(old, new) > 1 + spread
            if before.noise(metric) or after.noise(metric):
                large = False
            yield Single(case=after.case, side=side, metric=metric, before=old, after=new, large=large)


def _about(record: Record, metric: str, bench: Bench) -> dict[str, Any]:
    timed = metric in TIMED
    family: Family = "time" if timed else "other figure"
    return {"case": record.case, "side": bench.side, "metric": metric, "quality": not timed, "family": family}


def _of_paired(found: paired.Paired, scale: float = 1.0) -> dict[str, Any]:
    return {
        "change": scale * found.difference,
        "low": None if found.low is None else scale * found.low,
        "high": None if found.high is None else scale * found.high,
        "p": found.p,
        "detectable": None if found.detectable is None else scale * found.detectable,
        "conditional": found.conditional,
    }


def _utterances(changes: tuple[answers.Change, ...]) -> tuple[UtteranceChange, ...]:
    return tuple(
        UtteranceChange(
            id=each.id,
            reference=each.reference,
            before=each.before,
            after=each.after,
            errors_before=each.errors_before,
            errors_after=each.errors_after,
        )
        for each in changes[:KEPT_UTTERANCES]
    )


def _judged(**fields: Any) -> Change:
    """A change by its sign; whether it counts as one is decided once all p-values are known."""
    change = Change(outcome="not told apart", **fields)
    if not change.counted or not change.change:
        return change
    up = change.change > (1 if change.kind == "ratio" else 0)
    outcome: Outcome = "worse" if up == (METRICS[change.metric].better == "lower") else "better"
    return change.model_copy(update={"outcome": outcome})


def _counts(metric: str, before: Record, after: Record, bench: Bench) -> Iterator[Change]:
    found = by_utterance.pairs(by_utterance.COUNTS[metric], before, after)
    old, new = [one.count for one, _ in found], [other.count for _, other in found]
    result = paired.compare(old, new, [one.of for one, _ in found], [one.cluster for one, _ in found], bench.replicates)
    if result is None:
        return
    scale = by_utterance.SCALES.get(metric, 1.0)
    total = sum(one.of for one, _ in found) / scale
    yield _noise_apart(
        _judged(
            **_about(after, metric, bench),
            before=sum(old) / total,
            after=sum(new) / total,
            **_of_paired(result, scale),
            pairs=len(found),
            method=statistics.PAIRED,
            counted=old != new,
        ),
        before,
        after,
    )


def _means(metric: str, before: Record, after: Record, bench: Bench) -> Iterator[Change]:
    if before.figure(metric) is None or after.figure(metric) is None:
        return
    old, new = by_utterance.scores(metric, before, after)
    found = statistics.of_means(old, new)
    if found is None:
        return
    yield _judged(
        **_about(after, metric, bench),
        before=sum(old) / len(old),
        after=sum(new) / len(new),
        change=found.change,
        low=found.low,
        high=found.high,
        p=found.p,
        pairs=len(old),
        method=statistics.MEANS,
        counted=old != new,
    )


def _by_intervals(metric: str, before: Record, after: Record, bench: Bench) -> Iterator[Change]:
    old, new = before.figure(metric), after.figure(metric)
    first, second = before.interval(metric), after.interval(metric)
    if old is None or new is None or first is None or second is None:
        return
    found = statistics.of_intervals(old, first, new, second)
    yield _judged(
        **_about(after, metric, bench),
        before=old,
        after=new,
        change=found.change,
        low=found.low,
        high=found.high,
        p=found.p,
        pairs=len(after.utterances),
        method=statistics.INTERVALS,
        counted=old != new,
    )


def _speed(before: Record, after: Record, bench: Bench) -> Change:
    if why := _incomparable_speed(before, after):
        return _without_speed(after, why, bench)
    try:
        return of_times(speed.of(before), after, bench, before.timing.noisy)
    except BaselineError as error:
        return _without_speed(after, str(error), bench)


def _without_speed(after: Record, why: str, bench: Bench) -> Change:
    return Change(**_about(after, "rtf", bench), outcome="not compared", why=why.removeprefix(f"{after.case.id}: "))


def _incomparable_speed(before: Record, after: Record) -> str:
    if answers.hardware_key(before) != answers.hardware_key(after):
        return "the two ran on other hardware"
    if after.provenance.inputs.get("in_process") or before.provenance.inputs.get("in_process"):
        return "an engine ran inside pytest"
    return ""


def _times(name: str, before: Record, after: Record, bench: Bench) -> Iterator[Change]:
    metric = f"{name}_p50_s"
    if before.figure(metric) is None or after.figure(metric) is None:
        return
    old, new = by_utterance.times(name, before, after)
    about = _about(after, metric, bench)
    if why := _incomparable_speed(before, after):
        yield Change(**about, outcome="not compared", why=why)
        return
    interval = time_ratio_interval(new, old)
    if interval is None:
        why = f"{len(old)} timed on both sides, fewer than {FEWEST_CALLS}"
        yield Change(**about, outcome="not compared", why=why)
        return
    yield _timed(
        **about,
        before=before.figure(metric),
        after=after.figure(metric),
        ratio=sum(new) / sum(old),
        interval=interval,
        pairs=len(old),
        noisy=(before.timing.noisy, after.timing.noisy),
        moved_s=abs(sum(new) - sum(old)) / len(old),
    )


def _moved_s(before: SpeedBaseline, ratio: float) -> float:
    """By how much a call's time changed."""
    return abs(ratio - 1) * sum(call.processing_s for call in before.calls) / len(before.calls)


def _timed(
    *, ratio: float, interval: Interval, noisy: tuple[str | None, str | None], moved_s: float, **fields: Any
) -> Change:
    """Slower is what is so beyond the tripwire; noise only ever slows, so that it excuses the side it was on."""
    p = statistics.beyond(ratio, interval, TRIPWIRE)
    excuse = noisy[1] if ratio > 1 else noisy[0]
    why = f"the machine was noisy: {excuse}" if excuse else ""
    if moved_s <= LEAST_SPREAD_S:
        why = f"calls differ by {1000 * LEAST_SPREAD_S:.0f} ms at most"
    outcome: Outcome = "not told apart"
    if p <= ALPHA and not why:
        outcome = "worse" if ratio > 1 else "better"
    return Change(
        **fields,
        outcome=outcome,
        kind="ratio",
        change=ratio,
        low=interval.low,
        high=interval.high,
        p=p,
        # What can't be judged is no test.
        counted=ratio != 1 and not why,
        noisy=noisy[1] or noisy[0],
        method=statistics.TIMES,
        why=why if p <= ALPHA else "",
    )


def _noise_apart(change: Change, before: Record, after: Record) -> Change:
    """A share of what was timed, by the same rule."""
    if change.metric not in TIMED:
        return change
    noisy = after.timing.noisy or before.timing.noisy
    excuse = after.timing.noisy if change.outcome == "worse" else before.timing.noisy
    if change.outcome != "not told apart" and excuse:
        why = f"the machine was noisy: {excuse}"
        change = change.model_copy(update={"outcome": "not told apart", "why": why, "counted": False})
    return change.model_copy(update={"noisy": noisy})
