"""Reuse of records: a case with unchanged inputs isn't run again; its record counts for this session, too."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.catalog.cases import Case
from pytest_modellab.core.hardware import Hardware
from pytest_modellab.results import provenance
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import RecordError, newest_first, read, write
from pytest_modellab.results.record_header import read_header
from pytest_modellab.results.shards import Shard


@dataclass(frozen=True)
class RecordQuery:
    """The inputs that a record must have to be reused."""

    case: Case
    key: str
    judging: str
    """See inputs.figures_depend_on."""
    limited_to: int | None
    speed_age: timedelta
    """How old its times may be."""
    shard: Shard | None = None
    here: Hardware | None = None
    """What a new run would be measured on; None for this machine."""
    no_timing: str | None = None
    """Why a new run would have no times; None where it would have them."""


@dataclass(frozen=True)
class ReusableRecord:
    """A record whose answers can be reused."""

    record: Record
    path: Path
    scored_otherwise: bool = False
    """Whether its figures were made by other code, terms or prices, and are to be made anew."""


def find(reports: Path, wanted: RecordQuery) -> ReusableRecord | None:
    """The newest reusable record, else the newest with reusable answers; None where the case has to be run."""
    answers: ReusableRecord | None = None
    for path in records_of(wanted.case, reports):
        try:
            # The key is in the text or the record is another's: most files need not be understood.
            if wanted.key not in path.read_text(encoding="utf-8"):
                continue
            record = read(path)
        except (RecordError, OSError, UnicodeDecodeError):
            continue  # a damaged record isn't reused
        if why_not(record, wanted) is not None:
            continue
        if record.provenance.judging == wanted.judging:
            return ReusableRecord(record, path)
        answers = answers or ReusableRecord(record, path, scored_otherwise=True)
    return answers


def brought_forward(reports: Path, case: Case, record: Record, path: Path) -> tuple[Record, Path]:
    """The record as the newest of its case: it is what stands now, and baselines are made of the newest.

    Where a later one is of other inputs, which have been taken back, it is stored once more.
    """
    if next((each for each in records_of(case, reports) if each == path or _is_of(each, case)), path) == path:
        return record, path
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    origin = record.provenance.model_copy(update={"stands_again": now})
    again = record.model_copy(update={"id": secrets.token_hex(4), "provenance": origin})
    path = write(again, reports)
    return read(path), path


def records_of(case: Case, reports: Path) -> list[Path]:
    """The records of a case, the newest first."""
    folder, own = reports / "runs" / case.model.id / case.task, f"{case.device.id}-{case.dataset.id}"
    # A device `server-cpu` ends as `cpu` does: behind the time, which has no dash, the name is that of the case.
    found = (path for path in folder.glob(f"*-{own}-????????.json") if path.name.partition("-")[2].startswith(own))
    return newest_first(found)


def _is_of(path: Path, case: Case) -> bool:
    """Whether a record is of the case, and not of one whose device and data set come to the same name."""
    try:
        return _same(read_header(path).case, case)
    except RecordError:
        return False


def _same(found: CaseRef, case: Case) -> bool:
    wanted = (case.task, case.model.id, case.device.id, case.dataset.id)
    return (found.task, found.model, found.device, found.dataset) == wanted


def why_not(record: Record, wanted: RecordQuery) -> str | None:
    """Why a record's answers can't be reused; None if they can, whatever code scored them."""
    if not _same(record.case, wanted.case):
        return "it is another case's"
    if record.provenance.key != wanted.key:
        return "its inputs were others"
    if record.seal is None:
        return "it has no checksum (`seal`): it is of an older version"
    if record.limited_to != wanted.limited_to:
        return "it is of another number of utterances"
    if (record.shard and record.shard.cut) != wanted.shard:
        return "it is of another part of the data"
    if record.failure is not None or record.summary.answered < record.summary.utterances:
        return "not every utterance was answered"
    if record.ran_on is None and record.timing.no_speed not in {None, wanted.no_timing}:
        return f"it has no times ({record.timing.no_speed})"
    here = wanted.here or Hardware.stated(provenance.hardware(), record.hardware.device)
    for likeness in (record.hardware.same_answers(here), record.hardware.same_speed(here)):
        if not likeness.same:
            where = "another machine" if likeness.differing else "a machine that it doesn't tell from this one"
            return f"it was measured on {where}: {likeness.told()}"
    age = datetime.now(UTC) - datetime.fromisoformat(record.provenance.created)
    if not timedelta(0) <= age <= wanted.speed_age:
        return f"its times are {age.days} days old; at most {wanted.speed_age.days} are relied on"
    return None


def last(reports: Path, case: Case, damaged: list[str] | None = None) -> tuple[Record, Path] | None:
    """The newest record of a case that can be read, whatever it is of; `damaged` is told of newer ones that can't."""
    for path in records_of(case, reports):
        try:
            record = read(path)
        except RecordError as error:
            if damaged is not None:
                damaged.append(str(error))
            continue
        if _same(record.case, case):
            return record, path
    return None


def since(record: Record) -> str:
    """When a record was made, in the words of a person: its commit and day."""
    origin = record.provenance
    day = origin.created[:10]
    return day if origin.commit is None else f"{origin.commit[:8]}{' with changes' if origin.dirty else ''}, {day}"
