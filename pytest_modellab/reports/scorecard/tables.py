"""The tables of a scorecard: a row per case with the columns of its task, and a row per model with its grades."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tabulate import tabulate

from pytest_modellab.core.escaping import plain
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.schema_base import Range
from pytest_modellab.core.stats.evidence import FEWEST_UNITS
from pytest_modellab.tasks.registry import place_of, task_named

from .layout import NOTHING, Brief, Column
from .models import ModelRow
from .row import Row
from .tradeoffs import SpeedUp

NO_INTERVAL = "[n/a]"
"""Beside a figure that counts and has no interval."""
DEVICE, INTERVAL, WEAKEST = "device", "interval", "weakest"
ALIKE = (DEVICE,)
"""Columns that are left out only where all rows have the same in them."""


def columns_of(task: str) -> Sequence[tuple[str, str]]:
    """Metric and heading of each column of a task's table."""
    return task_named(task).columns


def by_task(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """The rows of each task, in their order."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.case.task, []).append(row)
    return list(groups.items())


def columns(task: str, rows: Sequence[Row]) -> list[Column]:
    """The rows of one task with their figures."""
    return [
        Column(
            "model",
            "model" if place_of(task) == 0 else f"{task} model",
            _cells(r.case.model for r in rows),
            leading=True,
        ),
        Column(DEVICE, "device", _cells(map(_device, rows))),
        Column("dataset", "data set", _cells(r.case.dataset for r in rows), leading=True),
        *(_figures(name, title, rows) for name, title in [*columns_of(task), *_further(task, rows)]),
        _grades(rows),
        Column("verdict", "verdict", _cells(str(r.status) for r in rows)),
    ]


def spare(task: str, rows: Sequence[Row]) -> list[str]:
    """What a terminal that is too narrow goes without, the first of it first: no name, nothing that counts, no verdict.

    Where characters count, not words, their error rate stays.
    """
    counts = {row.error_metric for row in rows}
    further = [name for name, _ in _further(task, rows)]
    return [*further, *(name for name in task_named(task).least_needed if name not in counts)]


def _further(task: str, rows: Sequence[Row]) -> list[tuple[str, str]]:
    """The columns of metrics that ask for one themselves, where a row has a value."""
    own = {name for name, _ in columns_of(task)}
    return [
        (name, metric.column)
        for name, metric in METRICS.items()
        if metric.column and name not in own and any(row.figures.get(name) is not None for row in rows)
    ]


def models_columns(models: Sequence[ModelRow]) -> list[Column]:
    """A row for each model and device, with its grade in each task; n/a for what it doesn't do."""
    tasks = list(dict.fromkeys(task for model in models for task in model.tasks))
    return [
        Column("model", "grades of", _cells(each.model for each in models), leading=True),
        Column(DEVICE, "device", _cells(each.device for each in models)),
        *(Column(task, task, _cells(str(each.tasks[task]) for each in models)) for task in tasks),
    ]


def speed_up_columns(speed_ups: Sequence[SpeedUp]) -> list[Column]:
    """A row for each device of a model that ran on several."""
    over = ("n/a" if each.over_cpu is None else f"{each.over_cpu:.2f} x" for each in speed_ups)
    return [
        Column("model", "model", _cells(each.case.model for each in speed_ups), leading=True),
        Column(DEVICE, "device", _cells(each.case.device for each in speed_ups)),
        Column("dataset", "data set", _cells(each.case.dataset for each in speed_ups), leading=True),
        Column("load_s", "load", _cells(METRICS["load_s"].format(each.load_s) for each in speed_ups), right=True),
        Column("clip5_s", "5 s clip", _cells(METRICS["clip5_s"].format(e.clip5_s) for e in speed_ups), right=True),
        Column("over_cpu", "speed-up over CPU", _cells(over), right=True),
    ]


def github(columns: Sequence[Column]) -> str:
    """As a table of Markdown, whole."""
    return tabulate(
        [list(map(plain, row)) for row in zip(*(column.cells for column in columns), strict=True)],
        headers=[column.title for column in columns],
        tablefmt="github",
        disable_numparse=True,
        colalign=["right" if column.right else "left" for column in columns],
    )


def _cells(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(texts)


def _device(row: Row) -> str:
    return row.case.device if row.ran_on is None else f"{row.case.device} ({row.ran_on.device})"


def _figures(metric: str, title: str, rows: Sequence[Row]) -> Column:
    bare = _cells(_figure(metric, row) for row in rows)
    whole = _cells(figure_text(metric, row) for row in rows)
    brief = Brief(INTERVAL, "intervals", bare) if any(interval_of(metric, row) for row in rows) else None
    return Column(metric, title, whole, right=True, brief=brief)


def _grades(rows: Sequence[Row]) -> Column:
    letters = ("-" if row.grade is None else row.grade.shown for row in rows)
    whole = _cells(str(row.grade) if row.grade else "-" for row in rows)
    return Column("grade", "grade", whole, brief=Brief(WEAKEST, "weakest criterion", tuple(letters)))


def _figure(metric: str, row: Row) -> str:
    value = row.figures.get(metric)
    if value is None:
        return NOTHING
    return METRICS[metric].format(value) + (" ~" if row.noise(metric) else "")


def figure_text(metric: str, row: Row) -> str:
    """A figure with its interval, as in a table: `3.3 % [0.3, 41]`, `0.25 ~`; n/a without a figure."""
    found = interval_of(metric, row)
    text = _figure(metric, row)
    if found is None:
        return f"{text} {NO_INTERVAL}" if lacks_interval(metric, row) else text
    return f"{text} {in_brackets(found, metric)}"


def lacks_interval(metric: str, row: Row) -> bool:
    """Whether it is a figure that counts in the task, without an interval: it looks surer than it is."""
    counts = metric == task_named(row.case.task).quality_metric(row.error_metric)
    return counts and row.figures.get(metric) is not None and row.intervals.get(metric) is None


def why_no_interval(rows: Sequence[Row]) -> str:
    """What the mark beside such figures means; "" where there is none."""
    bare = [r for r in rows if lacks_interval(task_named(r.case.task).quality_metric(r.error_metric), r)]
    if not bare:
        return ""
    few = all(row.utterances < FEWEST_UNITS for row in bare)
    return f"{NO_INTERVAL} no interval{f': fewer than {FEWEST_UNITS} utterances' if few else ''}"


def interval_of(metric: str, row: Row) -> Range | None:
    """The interval that stands beside a figure in a table: of the one that counts in the task."""
    return row.intervals.get(metric) if metric == task_named(row.case.task).quality_metric(row.error_metric) else None


def in_brackets(interval: Range, metric: str = "wer") -> str:
    """The interval of a metric's value, without unit: of a share `[1.2, 14]`, in percent."""
    if METRICS[metric].unit == "%":
        return f"[{percent(interval.low)}, {percent(interval.high)}]"
    suffix = METRICS[metric].notation[0]
    ends = (METRICS[metric].format(end).removesuffix(suffix) for end in (interval.low, interval.high))
    return f"[{', '.join(ends)}]"


def error_metric_title(row: Row) -> str:
    """WER, or CER where words aren't divided by spaces."""
    return METRICS[row.error_metric].title


def percent(ratio: float) -> str:
    """A share in percent, without the sign: one decimal below 10."""
    return f"{100 * ratio:.0f}" if ratio >= 0.0995 else f"{100 * ratio:.1f}"
