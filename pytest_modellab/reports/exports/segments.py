"""Who spoke when, of stored records, in the formats of other tools: RTTM, STM, CTM, SegLST."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_modellab.results.record import Record
from pytest_modellab.tasks.diarize.formats import FORMATS
from pytest_modellab.tasks.diarize.segments import read

from .tables import ExportError

__all__ = ["FORMATS", "as_segments"]


def as_segments(records: Sequence[Record], name: str, *, references: bool = False) -> str:
    """The segments of all recordings of one record, those of its answers or of its references.

    Raises ExportError where there are several records, or where it holds no segments.
    """
    if len(records) > 1:
        told = ", ".join(record.case.id for record in records)
        raise ExportError(f"{name} is of one run, here are {len(records)}: {told}; name the case")
    (record,) = records
    if "diarize" not in record.parts:
        raise ExportError(f"{record.case.id}: {record.case.task} tells no speakers, and {name} is of these")
    return FORMATS[name].write(
        {row.id: read(row.reference if references else row.hypothesis) for row in record.utterances}
    )
