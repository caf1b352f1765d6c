"""Comparisons of two candidates by one metric, on the data that both were measured on.

Answers are compared by paired tests, utterance by utterance, as runs are; times beyond the noise that times have; what
is measured once beyond the spread of repeated runs. Where the records are not at hand, the rows' intervals decide.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from pytest_modellab.core.metrics.aggregate import Column, Single
from pytest_modellab.core.metrics.metric import Metric
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.table import Table
from pytest_modellab.core.stats import paired
from pytest_modellab.core.stats.evidence import ALPHA, FEWEST_UNITS, IntervalLike
from pytest_modellab.core.stats.intervals import time_ratio_interval
from pytest_modellab.core.stats.labels import joined
from pytest_modellab.core.stats.regression import power_factor
from pytest_modellab.results.aligned import aligned
from pytest_modellab.results.conditions import LEAST_SPREAD_S
from pytest_modellab.results.record import Record
from pytest_modellab.results.speed_baseline import TRIPWIRE
from pytest_modellab.results.verdicts import case_key

from ..comparison import statistics
from .candidate import Candidate, ascending, data_of, is_rate, metric_of, split
from .row import Row

_SET_UNITS = 1_000.0
"""Of a set whose unit differs from that of another: each counts as so many, so that all weigh the same."""


@dataclass(frozen=True)
class Told:
    """The comparison of a first candidate with a second one.

    Attributes:
        better: 1 where the first is better, -1 where the second is, 0 where the data do not tell them apart.
        gap: by how much the first is worse, in the unit of the metric; None where they were not compared.
        low, high: its 95 % interval; None where it has none.
        factor: how many times as much data would show such a gap four times in five; None where that can't be told.
        why: why they were not compared, else "".
    """

    better: int = 0
    gap: float | None = None
    low: float | None = None
    high: float | None = None
    factor: float | None = None
    why: str = ""

    def turned(self) -> Told:
        """The same from the second candidate's side."""
        gap, low, high = (None if each is None else -each for each in (self.gap, self.high, self.low))
        return Told(-self.better, gap, low, high, self.factor, self.why)


NO_DATA = "measured on no common data set"
MACHINES = "timed on different machines"
MISSING = "not all have it"


@dataclass
class Contest:
    """The comparisons of a session's models, each made once. `records` are by the keys of their cases."""

    records: Mapping[str, Record] = field(default_factory=dict)
    _tables: dict[str, Table] = field(default_factory=dict)
    _told: dict[tuple[object, ...], Told] = field(default_factory=dict)

    def compare(self, one: Candidate, other: Candidate, named: str) -> Told:
        """By `task.metric`, over the data sets that both were measured on."""
        return self._once(one, other, named, paired.REPLICATES)

    def gap(self, one: Candidate, other: Candidate, named: str) -> Told:
        """The same without the test, which takes most of the time: `better` says nothing."""
        return self._once(one, other, named, 1)

    def _once(self, one: Candidate, other: Candidate, named: str, replicates: int) -> Told:
        first, second = sorted((one, other), key=lambda each: (each.model, each.device))
        task, metric = split(named)
        key = (
            named,
            replicates,
            *((each.model, each.device, *sorted(map(data_of, each.rows[task]))) for each in (first, second)),
        )
        if key not in self._told:
            self._told[key] = self._compared(first, second, task, metric, replicates)
        return self._told[key] if first is one else self._told[key].turned()

    def beats(self, one: Candidate, other: Candidate, named: str) -> bool:
        """Whether the data tell the two apart, and the first is the better one."""
        return one is not other and self.compare(one, other, named).better > 0

    def _compared(self, one: Candidate, other: Candidate, task: str, name: str, replicates: int) -> Told:
        pairs = _shared(one, other, task)
        if not pairs:
            return Told(why=NO_DATA)
        metric = METRICS[name]
        if any(row.figures.get(metric_of(row, name)) is None for pair in pairs for row in pair):
            return Told(why=MISSING)
        if metric.timed and not _same_speed([row for pair in pairs for row in pair]):
            return Told(why=MACHINES)
        columns = self._columns(pairs, name)
        match metric.comparison:
            case "error rate" | "pairs" if columns is not None and _same_places(*columns):
                return _by_pairs(metric, *columns, replicates)
            case "means" if columns is not None:
                return _by_means(metric, *columns)
            case "speed" | "times" if columns is not None:
                return _by_times(metric, _value(one, pairs, task, name), _value(other, pairs, task, name), *columns)
            case _:
                return _by_figures(metric, name, pairs, columns)

    def _columns(self, pairs: Sequence[tuple[Row, Row]], name: str) -> tuple[Column, Column] | None:
        """The contributions of the utterances that both answered, data set after data set; None without the records."""
        units = {metric_of(row, name) for row, _ in pairs}
        found = []
        for rows in pairs:
            metric = METRICS[metric_of(rows[0], name)]
            tables = [self.table(row) for row in rows]
            if None in tables or isinstance(metric.aggregate, Single):
                return None
            both = _aligned(metric, *(table for table in tables if table is not None))
            found.append(_scaled(*both) if len(units) > 1 else both)
        one, other = (joined_columns([pair[side] for pair in found]) for side in (0, 1))
        return (one, other) if len(one) else None

    def table(self, row: Row) -> Table | None:
        """The contributions of a row's utterances; None without its record."""
        key = case_key(row.case)
        if key not in self._tables and key in self.records:
            self._tables[key] = Table(self.records[key])
        return self._tables.get(key)


def _shared(one: Candidate, other: Candidate, task: str) -> list[tuple[Row, Row]]:
    """The rows of both on the same data, in the order of its name."""
    others = {data_of(row): row for row in other.rows[task]}
    own = {data_of(row): row for row in one.rows[task]}
    return [(own[data], others[data]) for data in sorted(own.keys() & others.keys())]


def _same_speed(rows: Sequence[Row]) -> bool:
    """Whether times of all these are known to be of one kind of hardware."""
    first, *others = (row.timed_on for row in rows)
    return all(first.same_speed(other).same for other in others)


def _value(candidate: Candidate, pairs: Sequence[tuple[Row, Row]], task: str, name: str) -> float:
    shared = {data_of(row) for row, _ in pairs}
    return abs(candidate.on({task: shared}).order(f"{task}.{name}"))


def _aligned(metric: Metric, first: Table, second: Table) -> tuple[Column, Column]:
    """The columns of the utterances that contribute on both sides, in the order of their ids."""
    rows = first.run.utterances, second.run.utterances
    one, other = aligned(rows, (first.column(metric), second.column(metric)), by_id=True)
    known = ~(np.isnan(one.values) | np.isnan(other.values))
    return one.at(known), other.at(known)


def _scaled(one: Column, other: Column) -> tuple[Column, Column]:
    scale = _SET_UNITS / max(float(other.of.sum()), 1e-12)
    first, second = (replace(each, values=each.values * scale, of=each.of * scale) for each in (one, other))
    return first, second


def joined_columns(columns: Sequence[Column]) -> Column:
    """The columns of several data sets, one after the other, without their strata."""
    return Column(
        rows=np.concatenate([each.rows for each in columns]),
        values=np.concatenate([each.values for each in columns]),
        of=np.concatenate([each.of for each in columns]),
        clusters=joined([each.clusters for each in columns]),
        lists=[found for each in columns for found in each.lists],
    )


def _same_places(one: Column, other: Column) -> bool:
    return bool(np.allclose(one.of, other.of)) and float(one.of.sum()) > 0


def _by_pairs(metric: Metric, one: Column, other: Column, replicates: int) -> Told:
    """Sign flips of the changes, as in a comparison with a baseline."""
    found = paired.compare(other.values, one.values, one.of, one.clusters, replicates)
    if found is None:
        return Told(why=NO_DATA)
    factor = power_factor(found)
    if metric.better == "lower":
        better = -1 if found.p_rise <= ALPHA else int(found.p_fall <= ALPHA)
        return Told(better, found.difference, found.low, found.high, factor)
    better = 1 if found.p_rise <= ALPHA else -int(found.p_fall <= ALPHA)
    low, high = (None if each is None else -each for each in (found.high, found.low))
    return Told(better, -found.difference, low, high, factor)


def _by_means(metric: Metric, one: Column, other: Column) -> Told:
    """Student's t of the differences; where all differ alike, as they do."""
    signs = (1, -1) if metric.better == "lower" else (-1, 1)
    gap = signs[0] * float((one.values - other.values).mean())
    found = statistics.of_means(other.values, one.values, one.clusters)
    if found is None:
        alike = len(one) >= FEWEST_UNITS and gap != 0
        return Told(-_sign(gap), gap, gap, gap) if alike else Told(0, gap)
    low, high = sorted((signs[0] * found.low, signs[0] * found.high))
    better = -_sign(gap) if found.p <= ALPHA else 0
    return Told(better, gap, low, high, _times_more(gap, low, high))


def _by_times(metric: Metric, value: float, versus: float, one: Column, other: Column) -> Told:
    """The ratio of times on the same utterances, beyond the difference that runs of the same code have."""
    x, y = one.values, other.values
    if metric.comparison == "speed":  # of as much sound as each made
        x, y = x / one.of.sum(), y / other.of.sum()
    interval = time_ratio_interval(x, y)
    if interval is None:
        return _by_value(metric, value, versus)
    ratio = float(x.sum() / y.sum())
    told = statistics.beyond(ratio, interval, TRIPWIRE) <= ALPHA and ratio != 1
    near = abs(float(one.values.mean() - other.values.mean())) <= LEAST_SPREAD_S
    better = -_sign(ratio - 1) if told and not near else 0
    return Told(better, versus * (ratio - 1), *_beyond_noise(versus, interval.low, interval.high))


def _beyond_noise(versus: float, low: float, high: float) -> tuple[float, float]:
    """The ends of a difference of times out of those of their ratio, allowing for the noise of repeated runs."""
    return versus * (low / (1 + TRIPWIRE) - 1), versus * (high * (1 + TRIPWIRE) - 1)


def _by_figures(
    metric: Metric, name: str, pairs: Sequence[tuple[Row, Row]], columns: tuple[Column, Column] | None
) -> Told:
    """By the intervals as if they were independent, else by the values beyond what repeated runs differ by."""
    if columns is not None and metric.has_interval:
        sides = [(metric.aggregate.value(each), metric.aggregate.interval(each)) for each in columns]
        (value, interval), (versus, another) = sides
        if value is None or versus is None:
            return Told(why=MISSING)
        return _of_two(metric, value, interval, versus, another)
    found = [_of_rows(name, one, other) for one, other in pairs]
    if len(found) == 1:
        return found[0]
    pooled = is_rate(name) and len({metric_of(row, name) for row, _ in pairs}) == 1
    return _together(found, [float(max(1, row.words)) if pooled else 1.0 for row, _ in pairs])


def _of_rows(name: str, one: Row, other: Row) -> Told:
    own = metric_of(one, name)
    value, versus = one.figures.get(own), other.figures.get(own)
    assert value is not None  # those without a figure are not compared
    assert versus is not None
    return _of_two(METRICS[own], value, one.intervals.get(own), versus, other.intervals.get(own))


def _of_two(
    metric: Metric, value: float, interval: IntervalLike | None, versus: float, another: IntervalLike | None
) -> Told:
    gap = ascending(metric.name, value) - ascending(metric.name, versus)
    if interval is None or another is None:
        return Told(0, gap) if metric.has_interval and not metric.timed else _by_value(metric, value, versus)
    if metric.timed:
        ratio = statistics.of_quantiles(versus, another, value, interval, TRIPWIRE)
        if ratio is None:
            return _by_value(metric, value, versus)
        low, high = sorted(ascending(metric.name, each) for each in _beyond_noise(versus, ratio.low, ratio.high))
        return Told(-_sign(gap) if ratio.p <= ALPHA else 0, gap, low, high)
    found = statistics.of_intervals(versus, another, value, interval)
    low, high = sorted(ascending(metric.name, each) for each in (found.low, found.high))
    better = -_sign(gap) if found.p <= ALPHA else 0
    return Told(better, gap, low, high, _times_more(gap, low, high))


def _by_value(metric: Metric, value: float, versus: float) -> Told:
    """Beyond the spread of repeated runs; a figure without one, and without a test, tells nothing apart."""
    gap = ascending(metric.name, value) - ascending(metric.name, versus)
    spread = metric.aggregate.spread if isinstance(metric.aggregate, Single) else None
    if spread is None and not metric.varies:
        return Told(0, gap)
    spread = TRIPWIRE if spread is None else spread
    worse, best = max(abs(value), abs(versus)), min(abs(value), abs(versus))
    apart = worse > best * (1 + spread) and gap != 0
    # The gap that is left of it were the larger one too large by its spread.
    least = max(0.0, worse / (1 + spread) - best)
    low, high = (least, abs(gap)) if gap > 0 else (-abs(gap), -least)
    return Told(-_sign(gap) if apart else 0, gap, low, high)


def _together(found: Sequence[Told], weights: Sequence[float]) -> Told:
    """Of several data sets whose records are not at hand, as independent: gaps and the squares of widths add up."""
    total = sum(weights)
    shares = [weight / total for weight in weights]
    gaps = [each.gap or 0.0 for each in found]
    gap = math.fsum(share * each for share, each in zip(shares, gaps, strict=True))
    below = [own - each.low for own, each in zip(gaps, found, strict=True) if each.low is not None]
    above = [each.high - own for own, each in zip(gaps, found, strict=True) if each.high is not None]
    if min(len(below), len(above)) < len(found):
        return Told(0, gap)
    low = gap - math.hypot(*(share * each for share, each in zip(shares, below, strict=True)))
    high = gap + math.hypot(*(share * each for share, each in zip(shares, above, strict=True)))
    return Told((high < 0) - (low > 0), gap, low, high)


def _times_more(gap: float, low: float, high: float) -> float | None:
    """How many times the observations would show the gap four times in five, by the width of its interval."""
    half = (high - low) / 2
    return None if gap == 0 or half <= 0 else (2.49 * half / 1.96 / abs(gap)) ** 2


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
