"""Levels of load of one model on one data set: their figures, the knee, the capacity under an SLO."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pytest_modellab.catalog.levels import BETWEEN
from pytest_modellab.core.metrics.metric import NotCompared
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.results.record import Record
from pytest_modellab.tasks.load.record import LoadSummary, level_of

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
        """From `load_p95_s=2,wer=0.1`. Raises SloError."""
        from pytest_modellab.catalog.errors import suggest

        bounds: dict[str, float] = {}
        for each in text.split(","):
            name, equals, value = each.strip().partition("=")
            if name not in METRICS:
                raise SloError(f"no metric `{name}`; {suggest(name, METRICS)}")
            try:
                bounds[name] = float(value)
            except ValueError:
                raise SloError(f"`{each.strip()}`: a bound is a number, as in {name}=2") from None
            if not equals:
                raise SloError(f"`{each.strip()}`: a bound is written {name}=2")
        return cls(bounds)

    def broken(self, record: Record) -> list[str]:
        """What a level doesn't hold, by the worse end of the interval where there is one; [] where it holds all."""
        return [why for name, bound in self.bounds.items() if (why := _broken(record, name, bound))]

    def noisy(self, record: Record) -> list[str]:
        """The bounds on times that weren't measured well enough to hold or be broken."""
        return [why for name in self.bounds if (why := _noisy(record, name))]


def _noisy(record: Record, name: str) -> str:
    metric = METRICS[name]
    noise = metric.noise(record.timing.noisy, record.timing.noisy_loading)
    return "" if noise is None or record.value(name) is None else f"{metric.title}: timed on a noisy machine: {noise}"


def _broken(record: Record, name: str, bound: float) -> str:
    metric, value, interval = METRICS[name], record.value(name), record.interval(name)
    if value is None:
        return f"{metric.title}: {record.why_missing(name)}"
    if why := _noisy(record, name):
        return why
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
        """The lowest level with nearly the highest throughput; None where none has any."""
        found = [(record, rate) for record in self.records if (rate := record.value("load_rtfx")) is not None]
        most = max((rate for _, rate in found), default=0.0)
        return next((record for record, rate in found if rate >= KNEE * most), None)

    def capacity(self, slo: Slo) -> tuple[Record | None, str]:
        """The highest level at which it and all below hold the SLO, and why the next one doesn't; "" where all do."""
        held = None
        for record in self.records:
            if broken := slo.broken(record):
                return held, f"{_level(record).level}: {'; '.join(broken)}"
            held = record
        return held, ""


def levels_of(records: Iterable[Record]) -> list[Levels]:
    """Records of the task load by model, device and data set; other records are passed over."""
    found: dict[tuple[str, str, str, str], list[Record]] = {}
    for record in records:
        level = level_of(record)
        if level is not None:
            kind = "rate" if level.rate is not None else "streams" if level.streams is not None else "users"
            dataset = record.case.dataset.rpartition(BETWEEN)[0] or record.case.dataset
            found.setdefault((record.case.model, record.case.device, dataset, kind), []).append(record)
    return [
        Levels(model, device, dataset, sorted(each, key=_height))
        for (model, device, dataset, _), each in sorted(found.items())
    ]


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
        told.append(f"knee: {_level(knee).level}, {rate}: at higher levels calls wait longer for no more throughput")
    if slo is not None:
        held, why = levels.capacity(slo)
        capacity = "none" if held is None else _level(held).level
        if why:
            told.append(f"capacity: {capacity}; not {why}")
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
