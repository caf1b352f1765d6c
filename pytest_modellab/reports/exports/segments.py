"""Who spoke when, of stored records, in the formats of other tools: RTTM, STM, CTM, SegLST."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_modellab.results.record import Record, UtteranceResult
from pytest_modellab.tasks.diarize.formats import FORMATS
from pytest_modellab.tasks.diarize.segments import read

from .tables import ExportError

__all__ = ["FORMATS", "as_segments", "without_segments"]


def without_segments(records: Sequence[Record], *, references: bool = False) -> list[str]:
    """The ids of recordings that no line tells of: what is scored must be told by another file."""
    return [row.id for record in records for row in record.utterances if not read(_text(row, references))]


def _text(row: UtteranceResult, references: bool) -> str | None:
    return row.reference if references else row.hypothesis


def as_segments(records: Sequence[Record], name: str, *, references: bool = False) -> str:
    """The segments of all recordings of one record, those of its answers or of its references.

    Raises ExportError where there are several records, or where it holds no segments, or no words for CTM.
    """
    if len(records) > 1:
        told = ", ".join(record.case.id for record in records)
        raise ExportError(f"{name} is of one run, here are {len(records)}: {told}; name the case")
    (record,) = records
    if "diarize" not in record.parts:
        raise ExportError(f"{record.case.id}: {record.case.task} tells no speakers, and {name} is of these")
    found = {row.id: read(_text(row, references)) for row in record.utterances}
    if name == "ctm" and not any(each.words for segments in found.values() for each in segments):
        raise ExportError(f"{record.case.id}: its segments have no words, and ctm is of these; rttm and seglst are not")
    return FORMATS[name].write(found)
