"""Records whose utterances lie in a table: a JSON header, and a Parquet file beside it, which its digest seals."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from pytest_modellab.core.atomic import replacing

from . import table
from .record import SCHEMA, Record, RecordWithTable, TableRef
from .table.layout import SCHEMA as COLUMNS
from .table.steps import Contributed, stepped
from .table.stored_rows import StoredRows
from .table.writing import spooled


class TableError(Exception):
    """A table that isn't the record's, or can't be read."""


def with_table(record: Record, path: Path) -> RecordWithTable:
    """The header of a record that is to be at `path`, once its table lies beside it. Raises OSError."""
    rows = with_contributions(record).utterances
    assert isinstance(rows, StoredRows)
    beside = path.with_name(f"{path.stem}{table.SUFFIX}")
    with replacing(beside) as file, rows.path.open("rb") as source:
        shutil.copyfileobj(source, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())
    size = beside.stat().st_size
    told = TableRef(file=beside.name, sha256=_digest(beside), size=size, rows=len(rows), schema=COLUMNS)
    fields = {name: value for name, value in record if name not in {"schema_", "utterances"}}
    return RecordWithTable.model_construct(**fields, utterances=(), table=told)


def with_contributions(record: Record) -> Record:
    """`record` with its rows in a table that has their contributions to all metrics of now."""
    rows = record.utterances
    stored = rows if isinstance(rows, StoredRows) else spooled(rows)
    record = record.model_copy(update={"utterances": stored})
    if not _current(record, stored):
        record = record.model_copy(update={"utterances": stepped(stored, Contributed(record))})
    return record


def _current(record: Record, rows: StoredRows) -> bool:
    from .table.contributions import metrics_of

    return all(map(rows.contributes, metrics_of(record.case.task)))


def with_rows(header: RecordWithTable, path: Path) -> Record:
    """The record at `path` with the rows of its table. Raises TableError, naming the file and what is wrong with it."""
    told = header.table
    beside = path.with_name(told.file)
    try:
        found = _digest(beside)
    except FileNotFoundError:
        raise TableError(f"its table {told.file} is missing") from None
    except OSError as error:
        raise TableError(f"its table {told.file} can't be read: {error.strerror}") from error
    if found != told.sha256:
        raise TableError(f"its table {told.file} was changed after it was written, or is another record's")
    try:
        rows = StoredRows(beside)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise TableError(f"its table {told.file} can't be read: {error}") from error
    if len(rows) != told.rows or rows.schema != told.schema_:
        raise TableError(f"its table {told.file} holds other utterances than the record says")
    fields = {name: value for name, value in header if name not in {"schema_", "table", "utterances"}}
    return Record.model_construct(**fields, schema_=SCHEMA, utterances=rows)


def parts_of(path: Path) -> Iterator[str]:
    """The JSON of the parts of the rows in a table. Raises TableError."""
    try:
        yield from StoredRows(path).parts()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise TableError(f"can't be read: {error}") from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
