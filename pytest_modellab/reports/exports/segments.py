"""Who spoke when, of stored records, in the formats of other tools: RTTM, STM, CTM, SegLST."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from pytest_modellab.core.console import counted, shortened
from pytest_modellab.results.record import Record, UtteranceResult
from pytest_modellab.tasks.diarize.formats import FORMATS
from pytest_modellab.tasks.diarize.formats.fields import name as field_of
from pytest_modellab.tasks.diarize.segments import read

from .tables import ExportError

__all__ = ["FORMATS", "as_segments", "untold"]


def untold(records: Sequence[Record], name: str, *, references: bool = False) -> Iterator[str]:
    """What of the recordings has no line in a format, and so isn't scored by who goes by its file alone."""
    found = {row.id: read(_text(row, references)) for record in records for row in record.utterances}
    words_alone = name == "ctm"
    silent = [id for id, own in found.items() if not any(each.words or not words_alone for each in own)]
    if silent:
        what = "segment with words" if words_alone else "segment"
        yield (
            f"{counted(len(silent), 'recording')} without a {what}, of which {name} has no line:"
            f" {shortened(', '.join(silent), 120)}"
        )
    wordless = sum(not each.words for id, own in found.items() if id not in silent for each in own)
    if words_alone and wordless:
        yield f"{counted(wordless, 'segment')} without words, of which {name} has no line"


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
    alike = [id for id, count in Counter(map(field_of, found)).items() if count > 1]
    if alike and name != "seglst":
        raise ExportError(
            f"{record.case.id}: recordings that {name} would take for one, {', '.join(alike)}; seglst doesn't"
        )
    return FORMATS[name].write(found)
