"""Boards of models: a row per model and device with its figure on each data set and the average over those it shares.

A macro average counts each data set once, whatever its size. It is of the data sets that are chosen, and only models
that were measured on all of these have one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from pytest_modellab.core.metrics.metric import Unit
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.tasks.registry import place_of, task_named

from ..scorecard.row import Row

_AVERAGED: tuple[Unit, ...] = ("x", "price")
"""Units of metrics that are averaged over the data sets, as the task's own metric of speed is."""
_PEAK: Unit = "MB"
"""Unit of metrics of which the highest of any data set counts."""


@dataclass(frozen=True)
class Entry:
    """One row of the board: a model on a device."""

    model: str
    title: str
    device: str
    machine: str
    cells: dict[str, Row]
    """By data set."""

    def has(self, datasets: Sequence[str]) -> bool:
        return all(each in self.cells for each in datasets)


@dataclass(frozen=True)
class Aggregate:
    """A figure over several data sets."""

    value: float
    interval: tuple[float, float] | None = None
    """Low and high."""
    noise: str = ""
    """Why a time in it can't be relied on."""


@dataclass(frozen=True)
class Board:
    """One task, as far as one metric ranks it."""

    task: str
    metric: str
    datasets: tuple[str, ...]
    chosen: tuple[str, ...]
    """Data sets of the macro average."""
    columns: tuple[str, ...]
    """Further metrics that any model has."""
    entries: tuple[Entry, ...]
    """The best first, then those without an average, by how many data sets they have."""
    left_out: tuple[str, ...]
    """Cases of other recordings, references or scoring than the newest of their data set."""

    @property
    def id(self) -> str:
        return f"{self.task}-{self.metric}"

    def size(self, dataset: str) -> int:
        """Words or characters of a data set's references; 0 where errors aren't counted."""
        return max((entry.cells[dataset].words for entry in self.entries if dataset in entry.cells), default=0)

    def average(self, entry: Entry, metric: str) -> Aggregate | None:
        """A metric over the chosen data sets; None where it isn't there for each of them."""
        return aggregate(metric, [entry.cells.get(each) for each in self.chosen])

    @property
    def machines(self) -> list[str]:
        return list(dict.fromkeys(entry.machine for entry in self.entries))


def aggregate(metric: str, rows: Sequence[Row | None]) -> Aggregate | None:
    """The mean of a metric over rows, or its peak; None where one has none.

    The interval is the mean of the rows' ends: it holds however the data sets depend on each other, and is wider than
    needed where they don't.
    """
    found = [row for row in rows if row is not None and row.figures.get(metric) is not None]
    if not rows or len(found) < len(rows):
        return None
    values = [value for row in found if (value := row.figures[metric]) is not None]
    ranges = [each for row in found if (each := row.intervals.get(metric)) is not None]
    whole = len(ranges) == len(found) and not is_peak(metric)
    interval = (fmean(each.low for each in ranges), fmean(each.high for each in ranges)) if whole else None
    noise = next((told for row in found if (told := row.noise(metric))), "")
    return Aggregate(max(values) if is_peak(metric) else fmean(values), interval, noise)


def is_peak(metric: str) -> bool:
    """Whether the highest of any data set counts."""
    return METRICS[metric].unit == _PEAK


def boards(rows: Iterable[Row]) -> list[Board]:
    """A board for each task and metric that ranks it, of rows of which each case has one, the newest first."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row.measured and row.limited_to is None:
            metric = task_named(row.case.task).quality_metric(row.error_metric)
            if row.figures.get(metric) is not None:
                groups.setdefault((row.case.task, metric), []).append(row)
    ordered = sorted(groups, key=lambda key: (place_of(key[0]), key))
    return [_board(task, metric, groups[task, metric]) for task, metric in ordered]


def _board(task: str, metric: str, rows: Sequence[Row]) -> Board:
    data: dict[str, str] = {}
    for row in rows:
        data.setdefault(row.case.dataset, row.data)
    comparable = [row for row in rows if row.data == data[row.case.dataset]]
    cells: dict[tuple[str, str], dict[str, Row]] = {}
    for row in comparable:
        cells.setdefault((row.case.model, row.case.device), {})[row.case.dataset] = row
    entries = [_entry(model, device, found) for (model, device), found in cells.items()]
    datasets = _by_coverage(entries)
    board = Board(
        task=task,
        metric=metric,
        datasets=datasets,
        chosen=_shared(datasets, entries),
        columns=tuple(_columns(task, metric, comparable)),
        entries=tuple(entries),
        left_out=tuple(row.case.id for row in rows if row.data != data[row.case.dataset]),
    )
    sign = -1.0 if METRICS[metric].better == "higher" else 1.0

    def place(entry: Entry) -> tuple[bool, float, int, str, str]:
        found = board.average(entry, metric)
        return (found is None, sign * found.value if found else 0.0, -len(entry.cells), entry.model, entry.device)

    return replace(board, entries=tuple(sorted(entries, key=place)))


def _entry(model: str, device: str, cells: dict[str, Row]) -> Entry:
    newest = next(iter(cells.values()))
    ran_on = f"{device} ({newest.ran_on.device})" if newest.ran_on else device
    machine = ", ".join(newest.timed_on.parts())
    return Entry(model=model, title=newest.title, device=ran_on, machine=machine, cells=cells)


def _by_coverage(entries: Sequence[Entry]) -> tuple[str, ...]:
    """All data sets, those that the most models have first."""
    counts = Counter(dataset for entry in entries for dataset in entry.cells)
    return tuple(sorted(counts, key=lambda each: (-counts[each], each)))


def _shared(datasets: Sequence[str], entries: Sequence[Entry]) -> tuple[str, ...]:
    """The data sets of the first average.

    Of the first 1, 2, ... data sets that choice for which the number of sets times that of the models that have all of
    them, but one, is the largest; the fewer sets, and so the more models, where two are alike.
    """

    def worth(count: int) -> tuple[int, int]:
        return count * (sum(entry.has(datasets[:count]) for entry in entries) - 1), -count

    return tuple(datasets[: max(range(1, len(datasets) + 1), key=worth, default=0)])


def _columns(task: str, metric: str, rows: Sequence[Row]) -> Iterator[str]:
    further = (name for unit in (*_AVERAGED, _PEAK) for name, each in METRICS.items() if each.unit == unit)
    for name in dict.fromkeys((task_named(task).speed, *further)):
        if name != metric and any(row.figures.get(name) is not None for row in rows):
            yield name
