"""Comparison of two runs of one case, metric by metric."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pytest_modellab.core.metrics.metric import Metric, NotCompared
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.stats.regression import Allowed
from pytest_modellab.results import answers_by_column
from pytest_modellab.results import baseline as answers
from pytest_modellab.results import speed_baseline as speed
from pytest_modellab.results.baseline import Baseline, Comparison
from pytest_modellab.results.baseline_lines import BaselineError
from pytest_modellab.results.record import Record
from pytest_modellab.results.speed_baseline import SpeedBaseline

from . import figures, statistics
from .figures import Context, RunPair
from .parts import KEPT_UTTERANCES, MetricChange, Single, UtteranceChange

__all__ = ["Context", "never_compared", "of_answers", "of_records", "of_times", "singles"]


def of_records(before: Record, after: Record, context: Context) -> Iterator[MetricChange]:
    """All figures that both records have. They are of the same data and the same normalizer."""
    both = RunPair(before, after, context)
    for metric in METRICS.values():
        if metric.why_elsewhere(after.case.task) is None and not _said_by_another(metric, before, after):
            yield from _compared(metric, both)


def _compared(metric: Metric, both: RunPair) -> Iterator[MetricChange]:
    match metric.comparison:
        case "error rate":
            if metric.name == both.after.error_metric:
                yield from _of_errors(both)
        case "pairs":
            yield from figures.by_pairs(metric, both)
        case "means":
            yield from figures.by_means(metric, both)
        case "intervals":
            yield from figures.by_intervals(metric, both)
        case "times":
            yield from figures.by_times(metric, both)
        case "speed":
            yield _by_speed(metric, both)
        case _:  # values measured once, see `singles`, and what is never compared
            return


def _said_by_another(metric: Metric, before: Record, after: Record) -> bool:
    """Whether the comparison of another metric, which both records have, tells the same."""
    return bool(metric.said_by) and all(each.value(metric.said_by) is not None for each in (before, after))


def never_compared(before: Record, after: Record) -> dict[str, str]:
    """Why two runs are not compared by a metric that both have, by the metric's name."""
    found = {}
    for name, metric in METRICS.items():
        if before.value(name) is None or after.value(name) is None:
            continue
        if isinstance(metric.comparison, NotCompared):
            found[name] = metric.comparison.why
        elif _said_by_another(metric, before, after):
            found[name] = f"{METRICS[metric.said_by].title} tells the same"
    return found


def singles(before: Record, after: Record, side: str) -> Iterator[Single]:
    """Comparisons of values that are measured once per run."""
    for name, metric in METRICS.items():
        old, new = before.value(name), after.value(name)
        if metric.comparison == "once" and old and new:
            large = max(old, new) / min(old, new) > 1 + figures.spread(metric)
            if before.noise(name) or after.noise(name):
                large = False
            yield Single(case=after.case, side=side, metric=name, before=old, after=new, large=large)


def _of_errors(both: RunPair) -> Iterator[MetricChange]:
    before, after, context = both.before, both.after, both.context
    if not after.comparable or not answers_by_column.comparable(before, after):
        yield from of_answers(answers.of(before), after, context)
        return
    yield from _change_of_errors(
        after,
        context,
        lambda allowed: answers_by_column.against(before, after, allowed, context.replicates, KEPT_UTTERANCES),
    )


def of_answers(before: Baseline, after: Record, context: Context) -> Iterator[MetricChange]:
    """The error rate, where the data set has words."""
    if after.comparable:
        yield from _change_of_errors(
            after, context, lambda allowed: answers.against(after, before, allowed, context.replicates)
        )


def _change_of_errors(
    after: Record, context: Context, against: Callable[[Allowed], Comparison]
) -> Iterator[MetricChange]:
    about = {**figures.about(METRICS[after.error_metric], after, context), "family": "error rate"}
    allowed = context.allowed(after.case)
    try:
        found = against(allowed)
    except BaselineError as error:
        yield MetricChange(**about, outcome="not compared", why=str(error).removeprefix(f"{after.case.id}: "))
        return
    outcome = found.finding.outcome
    change = figures.judged(
        **about,
        before=found.wer_before,
        after=found.wer_after,
        **figures.of_paired(found.paired),
        pairs=len(after.utterances),
        method=statistics.PAIRED,
        counted=bool(found.worse or found.better),
        beyond_tolerance=found.paired.difference > allowed.tolerance,
        worse=_utterances(found.worse),
        better=_utterances(found.better),
        worse_count=found.worse_count,
        better_count=found.better_count,
    )
    if outcome == "inconclusive":
        change = change.model_copy(update={"outcome": outcome, "why": found.finding.why})
    elif outcome == "worse" and found.finding.why:
        change = change.model_copy(update={"outcome": outcome, "why": found.finding.why, "certain": True})
    yield change


def _utterances(changes: tuple[answers.UtteranceChange, ...]) -> tuple[UtteranceChange, ...]:
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


def of_times(before: SpeedBaseline, after: Record, context: Context, noisy_before: str | None = None) -> MetricChange:
    """Speed by the rules of speed baselines."""
    about = figures.about(METRICS[speed.METRIC], after, context)
    try:
        found = speed.against(after, before)
    except BaselineError as error:
        return _without_speed(after, str(error), context)
    return figures.timed(
        **about,
        before=found.rtf_before,
        after=found.rtf_after,
        ratio=found.ratio,
        interval=found.interval,
        pairs=found.calls,
        noisy=(noisy_before, after.timing.noisy),
        moved_s=_moved_s(before, found.ratio),
    )


def _by_speed(metric: Metric, both: RunPair) -> MetricChange:
    if why := figures.incomparable_times(both):
        return _without_speed(both.after, why, both.context)
    try:
        return of_times(speed.of(both.before), both.after, both.context, both.before.timing.noisy)
    except BaselineError as error:
        return _without_speed(both.after, str(error), both.context)


def _without_speed(after: Record, why: str, context: Context) -> MetricChange:
    about = figures.about(METRICS[speed.METRIC], after, context)
    return MetricChange(**about, outcome="not compared", why=why.removeprefix(f"{after.case.id}: "))


def _moved_s(before: SpeedBaseline, ratio: float) -> float:
    """By how much a call's time changed."""
    return abs(ratio - 1) * sum(before.calls.processing_s) / len(before.calls)
