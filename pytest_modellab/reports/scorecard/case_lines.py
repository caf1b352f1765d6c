"""A line for each case of a scorecard, or two where the terminal is too narrow for one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.results.verdicts import Status
from pytest_modellab.tasks.registry import task_named

from .against_baseline import against_baseline
from .layout import GAP, NOTHING, Column
from .row import Row
from .tables import figure_text

ORDER = tuple(reversed(Status))
"""Of cases by their status: what a person must look at first."""
INDENT = "      "
NEW = "new"
"""What stands for the change of a case whose last run, if any, was of other data."""


@dataclass(frozen=True)
class CaseLines:
    """The lines of cases, each case's own, with a heading where they are a table."""

    head: tuple[str, ...]
    cases: tuple[tuple[str, ...], ...]


def mark(status: Status) -> str:
    """A status in a word that stands out without colour where it is a failure."""
    return "FAIL" if status is Status.FAIL else str(status)


def lay(rows: Sequence[Row], width: int) -> CaseLines:
    """One line a case where all fit, without what all ids share if need be; else two, the id above the figures."""
    for named in (_whole, _without_device, _without_data):
        columns = _columns(rows, *named(rows))
        if sum(each.width for each in columns) + len(GAP) * (len(columns) - 1) <= width:
            head, *lines = _aligned(columns, titled=True)
            return CaseLines((head,), tuple((line,) for line in lines))
    above = [f"{mark(row.status)}  {row.case.id}" for row in rows]
    below = _aligned([_grades(rows, ""), *_told(rows)], titled=False)
    return CaseLines((), tuple((one, f"{INDENT}{two}") for one, two in zip(above, below, strict=True)))


def speed_of(row: Row) -> str:
    """The metric of speed of its task."""
    return task_named(row.case.task).speed


def main_metric(row: Row) -> str:
    """The metric that counts in its task."""
    return task_named(row.case.task).quality_metric(row.error_metric)


def _whole(rows: Sequence[Row]) -> tuple[str, list[str]]:
    return "case", [row.case.id for row in rows]


def _without_device(rows: Sequence[Row]) -> tuple[str, list[str]]:
    devices = {row.case.device for row in rows}
    if len(devices) > 1:
        return _whole(rows)
    return f"case, on {min(devices)}", [f"{row.case.model}:{row.case.dataset}" for row in rows]


def _without_data(rows: Sequence[Row]) -> tuple[str, list[str]]:
    devices, datasets = ({getattr(row.case, name) for row in rows} for name in ("device", "dataset"))
    if len(devices) > 1 or len(datasets) > 1:
        return _without_device(rows)
    return f"model, on {min(devices)}, {min(datasets)}", [row.case.model for row in rows]


def _columns(rows: Sequence[Row], title: str, names: Sequence[str]) -> list[Column]:
    """The columns of a table, without what no row has."""
    status = Column("status", "", tuple(mark(row.status) for row in rows))
    columns = [
        status,
        Column("case", title, tuple(names)),
        _grades(rows),
        _figures("figure", "figure", main_metric, rows),
        _figures("speed", "speed", speed_of, rows),
        Column("last", "last run", _since_last(rows)),
        Column("baseline", "baseline", _baselines(rows)),
    ]
    return [each for each in columns if not _says_nothing(each)]


def _told(rows: Sequence[Row]) -> list[Column]:
    """The figures and changes of cases, each with its name in its cell."""
    changes = [
        Column(name, "", tuple(f"{title} {cell}" if cell not in {"", NEW} else "" for cell in cells))
        for name, title, cells in (
            ("last", "last run", _since_last(rows)),
            ("baseline", "baseline", _baselines(rows)),
        )
    ]
    figures = [_named("figure", main_metric, rows), _named("speed", speed_of, rows)]
    return [*figures, *(each for each in changes if not _says_nothing(each))]


def _grades(rows: Sequence[Row], title: str = "grade") -> Column:
    return Column("grade", title, tuple(map(_grade, rows)))


def _grade(row: Row) -> str:
    """The letter; with what decided where a case passes all the same."""
    if row.grade is None:
        return "-"
    return str(row.grade) if row.graded_apart else row.grade.shown


def _figures(name: str, title: str, metric: Callable[[Row], str], rows: Sequence[Row]) -> Column:
    """The figures of one metric under its title; of several, with the title in each cell."""
    titles = {_title(metric(row), row) for row in rows}
    if len(titles) > 1:
        return Column(name, title, _named(name, metric, rows).cells)
    return Column(name, titles.pop(), tuple(figure_text(metric(row), row) for row in rows), right=True)


def _named(name: str, metric: Callable[[Row], str], rows: Sequence[Row]) -> Column:
    texts = ((figure_text(metric(row), row), _title(metric(row), row)) for row in rows)
    return Column(name, "", tuple("" if text == NOTHING else f"{title} {text}" for text, title in texts))


def _title(metric: str, row: Row) -> str:
    return dict(task_named(row.case.task).columns).get(metric, METRICS[metric].title)


def _since_last(rows: Iterable[Row]) -> tuple[str, ...]:
    return tuple(("" if not row.measured else NEW) if row.since_last is None else row.since_last.text for row in rows)


def _baselines(rows: Iterable[Row]) -> tuple[str, ...]:
    return tuple(against_baseline(row.verdicts) for row in rows)


def _says_nothing(column: Column) -> bool:
    return column.name in {"last", "baseline"} and set(column.cells) <= {"", NEW}


def _aligned(columns: Sequence[Column], titled: bool) -> list[str]:
    rows = zip(*([*([each.title] if titled else []), *each.cells] for each in columns), strict=True)
    return [GAP.join(column.line(cell) for column, cell in zip(columns, row, strict=True)).rstrip() for row in rows]
