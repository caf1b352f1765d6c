"""Levels of load of one model on one data set: their figures, the knee, the capacity under an SLO."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pytest_modellab.catalog.levels import BETWEEN
from pytest_modellab.core.metrics.metric import NotCompared
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.results.record import Record
from pytest_modellab.tasks.load.record import LoadSummary, level_of

LEAST_SUCCESS = 0.99
"""Of calls that are answered: what an SLO asks for that names no `success_rate`; a refused call has no latency."""
KNEE = 0.95
"""Of the highest throughput: the lowest level with as much is the knee."""


class SloError(ValueError):
    """An SLO that can't be read."""


@dataclass(frozen=True)
class Slo:
    """Bounds of metrics, each on the side on which it is worse."""

    bounds: Mapping[str, float]

    @classmethod
    def parsed(cls, text: str) -> Slo:
        """From `load_p95_s=2,wer=0.1`; with LEAST_SUCCESS where it names no `success_rate`. Raises SloError."""
        bounds: dict[str, float] = {}
        for each in text.split(","):
            name, value = _bound(each.strip())
            if name in bounds:
                raise SloError(f"`{name}` has two bounds")
            bounds[name] = value
        return cls({"success_rate": LEAST_SUCCESS, **bounds})

    def broken(self, record: Record) -> list[str]:
        """What a level breaks, by the worse end of the interval where there is one."""
        return [why for name, bound in self.bounds.items() if (why := _broken(record, name, bound))]

    def unknown(self, record: Record) -> list[str]:
        """The bounds that were measured too badly, or not at all, to be held or broken."""
        return [why for name in self.bounds if (why := _unknown(record, name))]


def _bound(text: str) -> tuple[str, float]:
    """A bound as it is written. Raises SloError."""
    from pytest_modellab.catalog.errors import suggest
    from pytest_modellab.catalog.specs import out_of_scale

    name, equals, number = text.partition("=")
    known = {name: metric for name, metric in METRICS.items() if metric.why_elsewhere("load") is None}
    if name not in known:
        what = "no metric" if name not in METRICS else "not a metric of load:"
        raise SloError(f"{what} `{name}`; {suggest(name, known)}")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not equals or not math.isfinite(value) or value < 0:
        raise SloError(f"`{text}`: a bound is a number of 0 or more, as in {name}=2")
    if wrong := out_of_scale(known[name], value):
        raise SloError(f"`{text}`: {wrong}")
    return name, value


def _unknown(record: Record, name: str) -> str:
    metric = METRICS[name]
    if record.value(name) is None:
        return f"{metric.title}: {record.why_missing(name)}"
    noise = metric.noise(record.timing.noisy, record.timing.noisy_loading)
    return "" if noise is None else f"{metric.title}: timed on a noisy machine: {noise}"


def _broken(record: Record, name: str, bound: float) -> str:
    metric, value, interval = METRICS[name], record.value(name), record.interval(name)
    if value is None or _unknown(record, name):
        return ""
    if name == "success_rate" and bound == LEAST_SUCCESS:
        interval = None  # which would take 400 calls without a failure to reach it
    lower = metric.better == "lower"
    worst = value if interval is None else interval.high if lower else interval.low
    if (worst <= bound) if lower else (worst >= bound):
        return ""
    side = "above" if lower else "below"
    reaches = "" if interval is None else f", its interval reaches {metric.format(worst)}"
    return f"{metric.title} {metric.format(value)}{reaches}, {side} {metric.format(bound)}"


@dataclass(frozen=True)
class Levels:
    """The records of one model, device and data set, from the lowest level to the highest."""

    model: str
    device: str
    dataset: str
    records: Sequence[Record]

    @property
    def knee(self) -> Record | None:
        """The lowest level with nearly the highest throughput; None where none has any that isn't noisy."""
        found = [(record, rate) for record in self.records if (rate := _throughput(record)) is not None]
        most = max((rate for _, rate in found), default=0.0)
        return next((record for record, rate in found if rate >= KNEE * most), None)

    def capacity(self, slo: Slo) -> tuple[Record | None, str]:
        """The highest level at which it and all below hold the SLO, and why the next one is not; "" where all do."""
        held = None
        for record in self.records:
            level = _level(record).level
            if broken := slo.broken(record):
                return held, f"not {level}: {'; '.join(broken)}"
            if unknown := slo.unknown(record):
                return held, f"not known of {level}: {'; '.join(unknown)}"
            held = record
        return held, ""


def levels_of(records: Iterable[Record]) -> list[Levels]:
    """Records of the task load by model, device and data set; other records are passed over."""
    found: dict[tuple[str, str, str, str, str], list[Record]] = {}
    for record in records:
        level = level_of(record)
        if level is not None:
            kind = "rate" if level.rate is not None else "streams" if level.streams is not None else "users"
            dataset = record.case.dataset.rpartition(BETWEEN)[0] or record.case.dataset
            key = (record.case.model, record.case.device, dataset, kind, _measured_alike(record))
            found.setdefault(key, []).append(record)
    return [
        Levels(model, device, dataset, sorted(each, key=_height))
        for (model, device, dataset, *_), each in sorted(found.items())
    ]


def _measured_alike(record: Record) -> str:
    """What levels of one server have in common: all inputs but the level itself."""
    inputs = {name: value for name, value in record.provenance.inputs.items() if name != "load"}
    return json.dumps(inputs, sort_keys=True, default=str)


def _throughput(record: Record) -> float | None:
    noisy = METRICS["load_rtfx"].noise(record.timing.noisy, record.timing.noisy_loading)
    return None if noisy is not None else record.value("load_rtfx")


def _level(record: Record) -> LoadSummary:
    level = level_of(record)
    assert level is not None  # `levels_of` saw to it
    return level


def _height(record: Record) -> float:
    level = _level(record)
    return float(level.concurrency or level.streams or level.rate or 0.0)


def table(levels: Levels) -> tuple[list[str], list[list[str]]]:
    """Headings and rows: a level each, the error rate that counts first."""
    metric = levels.records[0].error_metric
    own = [
        name for name, each in METRICS.items() if each.tasks == {"load"} and not isinstance(each.compared, NotCompared)
    ]
    names = [
        name for name in (metric, "success_rate", *own) if any(each.value(name) is not None for each in levels.records)
    ]
    rows = [[_level(each).level, *(_cell(each, name) for name in names)] for each in levels.records]
    return ["load", *(METRICS[name].title for name in names)], rows


def _cell(record: Record, name: str) -> str:
    metric, value, interval = METRICS[name], record.value(name), record.interval(name)
    if value is None:
        return "n/a"
    noisy = " ~" if metric.noise(record.timing.noisy, record.timing.noisy_loading) is not None else ""
    if interval is None:
        return f"{metric.format(value)}{noisy}"
    low, high = (metric.format(end) for end in (interval.low, interval.high))
    return f"{metric.format(value)} [{low}, {high}]{noisy}"


def summary(levels: Levels, slo: Slo | None) -> list[str]:
    """The knee and, with an SLO, the capacity: a sentence each."""
    told = []
    knee = levels.knee
    if knee is not None:
        rate = METRICS["load_rtfx"].format(knee.value("load_rtfx"))
        if knee is levels.records[-1]:
            told.append(f"knee: not reached, {rate} at {_level(knee).level}, the highest level that was measured")
        else:
            told.append(f"knee: {_level(knee).level}, {rate}: higher levels that were measured have no more throughput")
    if slo is not None:
        held, why = levels.capacity(slo)
        capacity = "none" if held is None else _level(held).level
        if why:
            told.append(f"capacity: {capacity}; {why}")
        else:
            told.append(f"capacity: {capacity} or more: every level that was measured holds the SLO")
        if held is not None and (cost := _cost(held)):
            told.append(cost)
    noisy = next((each.timing.noisy for each in levels.records if each.timing.noisy), None)
    if noisy:
        told.append(f"~ timed on a noisy machine: {noisy}")
    return told


def _cost(record: Record) -> str:
    """What an hour of audio costs at that level, by the price of the device's hour or of a minute of audio."""
    price, rtfx = record.price, record.value("load_rtfx")
    if price is None or not rtfx:
        return ""
    if price.per_audio_minute is not None:
        hour = price.per_audio_minute * 60
    elif price.per_hour is not None:
        hour = price.per_hour / rtfx
    else:
        return ""
    return f"cost at capacity: {hour:.3g} {price.currency} an hour of audio"
