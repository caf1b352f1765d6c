"""Trends of a case's values over its past records. Only headers of the newest records are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from pytest_modellab.catalog.specs import Task, TaskGrades
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.results.record_files import RecordError
from pytest_modellab.results.record_header import RecordHeader, checked_header, newest
from pytest_modellab.results.record_names import CaseName, case_named, may_match
from pytest_modellab.results.verdicts import case_key
from pytest_modellab.tasks.registry import task_named

from .scorecard.grade import Grade, grade
from .scorecard.part import ReportModel

_BARS = "▁▂▃▄▅▆▇█"


class Point(ReportModel):
    """One record of a case."""

    created: str
    commit: str | None
    dirty: bool | None
    session: str
    figures: dict[str, float | None]
    low: float | None = None
    high: float | None = None
    grade: Grade
    noisy: frozenset[str]
    """Which figures are times that can't be relied on."""
    normalizer: str
    has_checksum: bool = True
    cut: str = ""
    """Why it is only a part of the data."""
    record: str


class Trend(ReportModel):
    """The records of a case, the newest last."""

    case: str
    metric: str
    points: tuple[Point, ...]
    older: int
    """Records that were not looked at."""

    @property
    def values(self) -> list[float | None]:
        """The figure, of whole records alone."""
        return [None if point.cut else point.figures.get(self.metric) for point in self.points]

    @property
    def normalizers(self) -> set[str]:
        return {point.normalizer for point in self.points}


@dataclass(frozen=True)
class HistoryQuery:
    """The query of a trend: cases, metrics, number of records."""

    globs: Sequence[str] = ()
    last: int | None = 20
    """So many of each case; None for all."""
    metric: str | None = None
    """Another than the task's own."""


def history(reports: Path, wanted: HistoryQuery, bands: Mapping[Task, TaskGrades], damaged: list[str]) -> list[Trend]:
    """The trends of the cases that `wanted` names; what can't be read is passed over and told in `damaged`."""
    found: dict[str, list[tuple[Path, RecordHeader]]] = {}
    taken: dict[CaseName, int] = {}
    left: dict[CaseName, int] = {}
    places: dict[str, CaseName] = {}
    for path in newest(reports):
        place = case_named(path)
        if not may_match(place, wanted.globs):
            continue
        if wanted.last is not None and taken.get(place, 0) >= wanted.last:
            left[place] = left.get(place, 0) + 1
            continue
        try:
            record = checked_header(path)
        except RecordError as error:
            damaged.append(str(error))
            continue
        taken[place] = taken.get(place, 0) + 1
        key = case_key(record.case)
        if not wanted.globs or any(fnmatchcase(name, glob) for name in (key, record.case.id) for glob in wanted.globs):
            found.setdefault(key, []).append((path, record))
            places[key] = place
    return [_trend(key, found[key], wanted.metric, bands, left.get(places[key], 0), reports) for key in sorted(found)]


def own_metric(record: RecordHeader) -> str:
    """The primary metric of a case."""
    return task_named(record.case.task).quality_metric(record.error_metric)


def _trend(
    key: str,
    records: Sequence[tuple[Path, RecordHeader]],
    metric: str | None,
    bands: Mapping[Task, TaskGrades],
    older: int,
    reports: Path,
) -> Trend:
    metric = metric or own_metric(records[0][1])
    points = [_point(path, record, metric, bands, reports) for path, record in reversed(records)]
    return Trend(case=key, metric=metric, points=tuple(points), older=older)


def _point(path: Path, record: RecordHeader, metric: str, bands: Mapping[Task, TaskGrades], reports: Path) -> Point:
    origin = record.provenance
    interval = record.interval(metric)
    shown = tuple(dict.fromkeys((metric, "rtf", "latency_p50_s")))
    cut = "" if record.limited_to is None else f"first {record.limited_to}"
    if record.shard is not None:
        cut = f"shard {record.shard.cut}"
    return Point(
        created=origin.created,
        commit=origin.commit,
        dirty=origin.dirty,
        session=origin.session,
        figures={name: record.value(name) for name in shown},
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        grade=Grade(letter=None, why=cut) if record.shard else grade(record, bands.get(record.case.task)),
        noisy=frozenset(name for name in shown if record.noise(name)),
        normalizer=f"{record.normalizer.name} {record.normalizer.version}",
        has_checksum=record.seal is not None,
        cut=cut,
        record=path.relative_to(reports).as_posix(),
    )


def sparkline(values: Sequence[float | None]) -> str:
    """A bar for each value, from the lowest to the highest; a dot where there is none, bars of one height if all are
    alike."""
    known = [value for value in values if value is not None]
    if not known:
        return "·" * len(values)
    low, span = min(known), max(known) - min(known)
    top = len(_BARS) - 1
    return "".join(
        "·" if v is None else _BARS[round(top * (v - low) / span)] if span else _BARS[top // 2] for v in values
    )


def shown_figure(metric: str, point: Point) -> str:
    """A figure as in a scorecard's table: a time from a noisy machine is marked."""
    value = point.figures.get(metric)
    if value is None:
        return "n/a"
    return f"{METRICS[metric].format(value)}{' ~' if metric in point.noisy else ''}"


def shown_interval(metric: str, point: Point) -> str:
    """`[0.4, 26]`, in per cent where the figure is; "" without one."""
    if point.low is None or point.high is None:
        return ""
    scale = 100 if METRICS[metric].unit == "%" else 1
    return f"[{scale * point.low:.3g}, {scale * point.high:.3g}]"
