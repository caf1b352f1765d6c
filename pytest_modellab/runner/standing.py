"""Whether a record can be reused for a new run: as it is, or rescored where only the scoring has changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_modellab.results import record_files as records
from pytest_modellab.results.record import Record
from pytest_modellab.results.rescore import scored_anew

from . import reuse
from .outcome import Outcome

if TYPE_CHECKING:
    from pytest_modellab.catalog.cases import Case
    from pytest_modellab.catalog.datasets import Dataset


def standing(
    reports: Path, case: Case, dataset: Dataset, wanted: reuse.RecordQuery, in_doubt: Callable[[Case, Record], bool]
) -> Outcome | None:
    """The record that stands for this session's; None where the case has to be run.

    `in_doubt` is whether a record of unchanged inputs is run again all the same. Raises OSError where one that is
    scored again can't be written.
    """
    found = reuse.find(reports, wanted)
    if found is None:
        return None
    record, path = found.record, found.path
    if not found.scored_otherwise:
        if in_doubt(case, record):
            return None
        record, path = reuse.brought_forward(reports, case, record, path)
        return Outcome(record, path, unchanged_since=reuse.since(record))
    anew = again(record, case, dataset, wanted)
    if anew is None or in_doubt(case, anew):
        return None
    return Outcome(anew, records.write(anew, reports), unchanged_since=f"{reuse.since(anew)}, scored again")


def again(record: Record, case: Case, dataset: Dataset, wanted: reuse.RecordQuery) -> Record | None:
    """`record` with the figures of now; `dataset` is the whole one, also of a shard. None where it can't be made."""
    of = dataset if record.shard is None else dataset.only(record.shard.places)
    return scored_anew(record, case, of, wanted.judging)
