"""The record before a record: the last run of the same case on the same data. Only headers are read."""

from __future__ import annotations

from pathlib import Path

from .record import Record
from .record_files import RecordError, newest_first
from .record_header import RecordHeader, read_header
from .record_names import case_named

MOST_READ = 5
"""Records that are looked at: those before were of other data."""


def previous(path: Path, record: Record) -> RecordHeader | None:
    """The newest older record of the case of `record`, at `path`; None where there is none that can be compared.

    One that can't be read is passed over: other commands tell what is damaged.
    """
    named = case_named(path)
    older = (each for each in path.parent.glob("*.json") if each.name < path.name and case_named(each) == named)
    for each in newest_first(older)[:MOST_READ]:
        try:
            found = read_header(each)
        except RecordError:
            continue
        if alike(found, record):
            return found
    return None


def alike(one: Record, other: Record) -> bool:
    """Whether two records are of one case, on the same data, scored alike."""
    return _measured(one) == _measured(other) and one.shard is None and other.shard is None


def _measured(record: Record) -> tuple[object, ...]:
    data = record.provenance.inputs.get("dataset")
    return record.case, data, record.normalizer, record.limited_to, record.ran_on, record.error_metric
