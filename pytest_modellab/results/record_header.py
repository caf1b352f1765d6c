"""The header of a record, read without parsing its utterances: lists and trends read thousands of records.

Records are written with every top-level key on a line of its own, indented by one space, and line feeds inside texts
are escaped: the beginning and end of the utterances can be found in the bytes. Other layouts are read whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from .record import Record, RecordWithTable, TableRef
from .record_files import RecordError, newest_first, parsed, read

_MARK = b"PAR1"
"""The end of each Parquet file."""
_BLOCK = 1 << 16
_BEGIN = b'\n "utterances": ['
_END = b'\n ],\n "findings": '
_EMPTY = b'\n "utterances": [],\n "findings": '


class RecordHeader(Record):
    """A record whose `utterances` are left out. Its checksum was not verified."""


def read_header(path: Path) -> RecordHeader:
    """Raises RecordError, naming the file and what is wrong in it; a change after it was written isn't noticed."""
    return _without_utterances(_header(path))


def checked_header(path: Path) -> RecordHeader:
    """As `read_header`, of a record whose table, where it has one, is there and has the size it was written with.

    A change that leaves the size alone isn't noticed: the digest of a large table takes seconds.
    """
    record = _header(path)
    if isinstance(record, RecordWithTable) and (wrong := _table_fault(record.table, path.with_name(record.table.file))):
        raise RecordError(f"{path}: its table {record.table.file} {wrong}")
    return _without_utterances(record)


def _header(path: Path) -> Record:
    try:
        with path.open("rb") as file:
            data = _around(file)
    except OSError as error:
        raise RecordError(f"{path}: can't be read: {error.strerror}") from error
    if data is not None:
        with suppress(ValidationError):
            return parsed(data)
    return read(path)


def _table_fault(told: TableRef, table: Path) -> str:
    """What is wrong with a table, as far as its size and its end tell; "" for nothing."""
    try:
        with table.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(-min(size, len(_MARK)), os.SEEK_END)
            cut = file.read() != _MARK
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"can't be read: {error.strerror}"
    if told.size is not None and size != told.size:
        return f"was changed after it was written: it has {size} bytes, and was written with {told.size}"
    return "is no whole Parquet file: its end is missing" if cut else ""


def _without_utterances(record: Record) -> RecordHeader:
    return RecordHeader.model_construct(**{**dict(record), "utterances": ()})


def _around(file: BinaryIO) -> bytes | None:
    """The bytes of a record with an empty list of utterances; None where they can't be told."""
    size = os.fstat(file.fileno()).st_size
    head = b""
    while (begin := head.find(_BEGIN)) < 0:
        block = file.read(_BLOCK)
        if not block:
            return None
        head += block
    if head.startswith(_EMPTY, begin):  # they lie in a table
        return head + file.read()
    tail, place = b"", size
    while (end := tail.rfind(_END)) < 0:
        if place <= begin:
            return None
        step = min(_BLOCK, place - begin)
        place -= step
        file.seek(place)
        tail = file.read(step) + tail
    return head[:begin] + _EMPTY + tail[end + len(_END) :]


def newest(reports: Path) -> list[Path]:
    """The records of a folder of reports, the newest first."""
    return newest_first((reports / "runs").glob("*/*/*.json"))


def headers(reports: Path, damaged: list[str]) -> Iterator[tuple[Path, RecordHeader]]:
    """All records, the newest first; what can't be read is passed over and told in `damaged`."""
    for path in newest(reports):
        try:
            yield path, read_header(path)
        except RecordError as error:
            damaged.append(str(error))
