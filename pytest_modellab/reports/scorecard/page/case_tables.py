"""The tables of the page: a row for each case of a task, with the columns of the task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_modellab.core.metrics.registry import METRICS

from ..row import Row
from ..tables import columns_of, in_brackets, interval_of, lacks_interval
from .cases import CaseView


@dataclass(frozen=True)
class Cell:
    text: str
    sort: str
    """A number, or "" where there is none: sorted last."""
    interval: str = ""
    noisy: bool = False


@dataclass(frozen=True)
class TableRow:
    view: CaseView
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """The cases of one task."""

    task: str
    heads: tuple[tuple[str, str], ...]
    """Heading and definition."""
    lines: tuple[TableRow, ...]
    statuses: tuple[str, ...]
    notes: tuple[str, ...]
    """Why times aren't reliable, and what ran elsewhere."""


def case_table(task: str, views: Sequence[CaseView]) -> Table:
    """The measured cases of a task."""
    columns = columns_of(task)
    lines = [TableRow(each, tuple(_cell(name, each.row) for name, _ in columns)) for each in views]
    return Table(
        task,
        tuple((title, METRICS[name].doc) for name, title in columns),
        tuple(lines),
        tuple(dict.fromkeys(str(each.row.status) for each in views)),
        tuple(_notes(views)),
    )


def _notes(views: Sequence[CaseView]) -> Iterator[str]:
    for row in (each.row for each in views):
        if noise := row.noisy or row.noisy_loading:
            yield f"~ {row.case.id}: {noise}"
        if row.ran_on:
            yield f"{row.case.id}: {row.ran_on}"


def _cell(metric: str, row: Row) -> Cell:
    value = row.figures.get(metric)
    if value is None:
        return Cell("n/a", "")
    interval = interval_of(metric, row)
    return Cell(
        METRICS[metric].format(value),
        repr(value),
        in_brackets(interval, metric) if interval else "no interval" if lacks_interval(metric, row) else "",
        noisy=row.noise(metric) is not None,
    )
