"""`modellab capacity`."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from pytest_modellab.catalog import Catalog
from pytest_modellab.catalog.cases import Case
from pytest_modellab.catalog.errors import suggest
from pytest_modellab.catalog.levels import at_level, level_in
from pytest_modellab.reports.load.levels import Slo, SloError, levels_of, table
from pytest_modellab.reports.load.search import search
from pytest_modellab.results.record import Record

from .command import Commands, positive
from .exits import Exit, UsageError
from .one_case import case_of, measured
from .place import open_catalog, reports_folder
from .tell import tell, tell_lines


def run(options: argparse.Namespace) -> int:
    """Measure levels of load until the highest that holds the SLO is known; 1 where none does, or it isn't known."""
    try:
        slo = Slo.parsed(options.slo)
    except SloError as error:
        raise UsageError(str(error)) from None
    catalog = open_catalog(options)
    first = case_of(catalog, options.model, _a_level(catalog, options.dataset), options.device)
    assert first.dataset.load is not None  # `_a_level` saw to it
    reports = reports_folder(options)
    records: list[Record] = []

    def measure(level: float) -> Record | str:
        case = Case(first.task, first.model, first.device, at_level(first.dataset, level))
        tell(f"{case.id}", file=sys.stderr)
        datasets = {**catalog.datasets, case.dataset.id: case.dataset}
        found = measured(case, replace(catalog, datasets=datasets), reports, "capacity")
        if isinstance(found, Record):
            records.append(found)
            if not found.summary.answered:
                return f"no call was answered: {_first_error(found)}"
        return found

    whole = not first.dataset.load.rate
    if options.lowest > options.highest:
        raise UsageError(f"--from {options.lowest} is above --to {options.highest}")
    found = search(measure, slo, options.lowest, options.highest, whole=whole)
    for each in levels_of(records):
        headings, rows = table(each)
        tell_lines(_tabulated(headings, rows))
    tell_lines(str(found))
    return Exit.OK if found.held is not None and not found.undecided else Exit.WRONG


def _first_error(record: Record) -> str:
    errors = (each.error.message for each in record.utterances if each.error is not None)
    return record.failure.message if record.failure is not None else next(errors, "no reason is known")


def _tabulated(headings: list[str], rows: list[list[str]]) -> str:
    from tabulate import tabulate

    return tabulate(rows, headings, disable_numparse=True)


def _a_level(catalog: Catalog, dataset: str) -> str:
    """The id of a level of a data set that is named with or without one."""
    levels = {found[0]: id for id in catalog.datasets if (found := level_in(id)) and catalog.datasets[id].load}
    name = dataset if dataset not in catalog.datasets else (level_in(dataset) or (dataset,))[0]
    if name not in levels:
        raise UsageError(f"no data set `{dataset}` with levels of load; {suggest(dataset, levels)}")
    return levels[name]


def add(commands: Commands) -> None:
    """Add the command with its options."""
    capacity = commands.add(
        "capacity",
        run,
        "Find the highest level of load at which an SLO holds, by bisection.",
        example="capacity served-tiny load-prompts-en --slo load_p95_s=2,wer=0.1",
    )
    capacity.add_argument("model", metavar="MODEL")
    capacity.add_argument("dataset", metavar="DATASET", help="a data set with `load:`")
    capacity.add_argument("--slo", required=True, metavar="BOUNDS", help="such as load_p95_s=2,wer=0.1")
    capacity.add_argument("--device", default="cpu", metavar="DEVICE", help="default: cpu")
    capacity.add_argument(
        "--from", dest="lowest", type=positive, default=1, metavar="N", help="the first level (default: 1)"
    )
    capacity.add_argument(
        "--to", dest="highest", type=positive, default=64, metavar="N", help="the highest level to try (default: 64)"
    )
    capacity.add_argument("--reports", metavar="DIR", help="folder of the reports (default: as pytest has it)")
