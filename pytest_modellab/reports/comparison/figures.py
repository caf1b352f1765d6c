"""Comparison of a metric on two runs of the same data, by paired contributions, by intervals, or by times."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.core.metrics.aggregate import Column, Ratio, Single
from pytest_modellab.core.metrics.metric import Metric
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.table import Table
from pytest_modellab.core.stats import paired
from pytest_modellab.core.stats.evidence import ALPHA
from pytest_modellab.core.stats.intervals import Interval, time_ratio_interval
from pytest_modellab.core.stats.regression import Allowed
from pytest_modellab.results.aligned import aligned
from pytest_modellab.results.conditions import LEAST_SPREAD_S
from pytest_modellab.results.record import Record
from pytest_modellab.results.speed_baseline import FEWEST_CALLS, TRIPWIRE

from . import statistics
from .parts import Family, MetricChange, Outcome


@dataclass(frozen=True)
class Context:
    """Settings that all comparisons of one command share."""

    side: str
    """Name of the other side."""
    replicates: int
    allowed: Callable[[CaseRef], Allowed]
    """How far the error rate of a case may rise whatever a test says."""


@dataclass(frozen=True)
class RunPair:
    """Two runs of one case, and the tables of their contributions."""

    before: Record
    after: Record
    context: Context

    @cached_property
    def tables(self) -> tuple[Table, Table]:
        return Table(self.before), Table(self.after)

    def columns(self, metric: Metric) -> tuple[Column, Column]:
        """The columns of the utterances that contribute on both sides, in the same order."""
        first, second = (table.column(metric) for table in self.tables)
        return aligned((self.before.utterances, self.after.utterances), (first, second))


def about(metric: Metric, record: Record, context: Context) -> dict[str, Any]:
    """What a change is of."""
    family: Family = "time" if metric.timed else "other figure"
    quality = metric.timed is None
    return {"case": record.case, "side": context.side, "metric": metric.name, "quality": quality, "family": family}


def judged(**fields: Any) -> MetricChange:
    """A change by its sign; whether it counts as one is decided once all p-values are known."""
    change = MetricChange(outcome="not told apart", **fields)
    if not change.counted or not change.change:
        return change
    up = change.change > (1 if change.kind == "ratio" else 0)
    outcome: Outcome = "worse" if up == (METRICS[change.metric].better == "lower") else "better"
    return change.model_copy(update={"outcome": outcome})


def of_paired(found: paired.Paired, scale: float = 1.0) -> dict[str, Any]:
    """The figures of a paired test in the unit of the metric, of which `scale` make one."""
    return {
        "change": scale * found.difference,
        "low": None if found.low is None else scale * found.low,
        "high": None if found.high is None else scale * found.high,
        "p": found.p,
        "detectable": None if found.detectable is None else scale * found.detectable,
        "conditional": found.conditional,
    }


def by_pairs(metric: Metric, both: RunPair) -> Iterator[MetricChange]:
    """By numerators, utterance by utterance, where the denominators are the same on both sides.

    Where they differ, and the metric doesn't ask for pairs itself, by the two intervals.
    """
    old, new = both.columns(metric)
    steps = metric.aggregate.steps if isinstance(metric.aggregate, Ratio) else 1
    units, others = (np.round(each.of * steps) if steps > 1 else each.of for each in (old, new))
    same = units == others
    if not same.all() and metric.compared is None:
        yield from by_intervals(metric, both)
        return
    old, new, units = old.at(same), new.at(same), units[same]
    result = paired.compare(old.values, new.values, units, old.clusters, both.context.replicates)
    if result is None:
        return
    total = float(units.sum()) / steps
    change = judged(
        **about(metric, both.after, both.context),
        before=float(old.values.sum()) / total,
        after=float(new.values.sum()) / total,
        **of_paired(result, steps),
        pairs=len(old),
        method=statistics.PAIRED,
        counted=bool((old.values != new.values).any()),
    )
    yield _noise_apart(change, both) if metric.timed else change


def by_means(metric: Metric, both: RunPair) -> Iterator[MetricChange]:
    """By the differences of values, utterance by utterance."""
    if both.before.value(metric.name) is None or both.after.value(metric.name) is None:
        return
    old, new = both.columns(metric)
    known = ~(np.isnan(old.values) | np.isnan(new.values))
    old, new = old.at(known), new.at(known)
    first, second = old.values, new.values
    found = statistics.of_means(first, second, old.clusters)
    if found is None:
        return
    yield judged(
        **about(metric, both.after, both.context),
        before=float(first.mean()),
        after=float(second.mean()),
        change=found.change,
        low=found.low,
        high=found.high,
        p=found.p,
        pairs=len(first),
        method=statistics.MEANS,
        counted=bool((first != second).any()),
    )


def by_intervals(metric: Metric, both: RunPair) -> Iterator[MetricChange]:
    """By the two intervals, as if the two runs were independent; of times beyond the tripwire."""
    old, new = both.before.value(metric.name), both.after.value(metric.name)
    if old is None or new is None:
        return
    if metric.timed:
        yield _by_quantiles(metric, both, old, new)
        return
    first, second = both.before.interval(metric.name), both.after.interval(metric.name)
    if first is None or second is None:
        why = "no interval on both sides: too few utterances, or all of them alike"
        yield MetricChange(**about(metric, both.after, both.context), outcome="not compared", why=why)
        return
    found = statistics.of_intervals(old, first, new, second)
    yield judged(
        **about(metric, both.after, both.context),
        before=old,
        after=new,
        change=found.change,
        low=found.low,
        high=found.high,
        p=found.p,
        pairs=len(both.after.utterances),
        method=statistics.INTERVALS,
        counted=old != new,
    )


def _by_quantiles(metric: Metric, both: RunPair, old: float, new: float) -> MetricChange:
    first, second = both.before.interval(metric.name), both.after.interval(metric.name)
    known = about(metric, both.after, both.context)
    if why := incomparable_times(both):
        return MetricChange(**known, outcome="not compared", why=why)
    found = None
    if first is not None and second is not None:
        found = statistics.of_quantiles(old, first, new, second, TRIPWIRE)
    if found is None:
        return MetricChange(**known, outcome="not compared", why="too few were timed for an interval on both sides")
    return timed(
        **known,
        before=old,
        after=new,
        ratio=found.change,
        interval=Interval(found.low, found.high, statistics.QUANTILES, len(both.after.utterances)),
        p=found.p,
        pairs=len(both.after.utterances),
        noisy=(both.before.timing.noisy, both.after.timing.noisy),
        moved_s=abs(new - old),
        method=statistics.QUANTILES,
    )


def by_times(metric: Metric, both: RunPair) -> Iterator[MetricChange]:
    """By the ratio of times, utterance by utterance, beyond the tripwire."""
    before, after = both.before.value(metric.name), both.after.value(metric.name)
    if before is None or after is None:
        return
    known = about(metric, both.after, both.context)
    if why := incomparable_times(both):
        yield MetricChange(**known, outcome="not compared", why=why)
        return
    old, new = (column.values for column in both.columns(metric))
    interval = time_ratio_interval(new, old)
    if interval is None:
        why = f"{len(old)} timed on both sides, fewer than {FEWEST_CALLS}"
        yield MetricChange(**known, outcome="not compared", why=why)
        return
    yield timed(
        **known,
        before=before,
        after=after,
        ratio=float(new.sum() / old.sum()),
        interval=interval,
        pairs=len(old),
        noisy=(both.before.timing.noisy, both.after.timing.noisy),
        moved_s=abs(float(new.sum() - old.sum())) / len(old),
    )


def incomparable_times(both: RunPair) -> str:
    """Why the times of two runs can't be compared; "" where they can."""
    likeness = both.before.hardware.same_speed(both.after.hardware)
    if likeness.differing:
        return f"the two ran on other hardware: {likeness.told('then')}"
    if not likeness.same:
        return f"whether the two ran on the same hardware isn't known: {likeness.told()}"
    if any(each.provenance.inputs.get("in_process") for each in (both.before, both.after)):
        return "an engine ran inside pytest"
    return ""


def timed(
    *,
    ratio: float,
    interval: Interval,
    noisy: tuple[str | None, str | None],
    moved_s: float,
    p: float | None = None,
    method: str = statistics.TIMES,
    **fields: Any,
) -> MetricChange:
    """A change of time: slower only beyond the tripwire. Noise only slows: a noisy side is never called slower."""
    p = statistics.beyond(ratio, interval, TRIPWIRE) if p is None else p
    excuse = noisy[1] if ratio > 1 else noisy[0]
    why = f"the machine was noisy: {excuse}" if excuse else ""
    if moved_s <= LEAST_SPREAD_S:
        why = f"calls differ by {1000 * LEAST_SPREAD_S:.0f} ms at most"
    outcome: Outcome = "not told apart"
    if p <= ALPHA and not why:
        outcome = "worse" if ratio > 1 else "better"
    return MetricChange(
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
        method=method,
        why=why if p <= ALPHA else "",
    )


def spread(metric: Metric) -> float:
    """The relative difference between repeated runs of a value that is measured once per run."""
    aggregate = metric.aggregate
    assert isinstance(aggregate, Single)
    assert aggregate.spread is not None  # only such are compared once
    return aggregate.spread


def _noise_apart(change: MetricChange, both: RunPair) -> MetricChange:
    """A share of what was timed, by the same rule."""
    before, after = both.before.timing.noisy, both.after.timing.noisy
    excuse = after if change.outcome == "worse" else before
    if change.outcome != "not told apart" and excuse:
        why = f"the machine was noisy: {excuse}"
        change = change.model_copy(update={"outcome": "not told apart", "why": why, "counted": False})
    return change.model_copy(update={"noisy": after or before})
