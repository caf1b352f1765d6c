"""Writing of tables, row group by row group: memory is that of one, however many there are."""

from __future__ import annotations

import json
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..record import UtteranceResult
from .layout import ROWS, SCHEMA, encoded
from .stored_rows import BATCH, METADATA, StoredRows

GROUP = 10_000
"""Rows of a row group."""
_PAGE_BYTES = 1 << 17
"""Of a column that is being written; there are dozens."""
_LEVEL = 3
"""Of zstd."""


class _Folder:
    """A temporary folder that goes with what keeps it, without a word."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="modellab-table-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def written(groups: Iterable[pa.Table], schema: pa.Schema, metrics: Mapping[str, int]) -> StoredRows:
    """A table in a temporary file, which goes with the rows that are returned.

    `metrics` are the versions of those whose contributions it has.
    """
    folder = _Folder()
    path = folder.path / "rows.parquet"
    metadata = json.dumps({"schema": SCHEMA, "metrics": dict(metrics)}, sort_keys=True).encode()
    schema = schema.with_metadata({METADATA: metadata})
    options: dict[str, Any] = {"compression": "zstd", "compression_level": _LEVEL, "data_page_size": _PAGE_BYTES}
    with pq.ParquetWriter(path, schema, **options) as file:
        for group in groups:
            file.write_table(group.cast(schema), row_group_size=GROUP)
    return StoredRows(path, folder)


def spooled(rows: Iterable[UtteranceResult]) -> StoredRows:
    """Rows as they come, in a temporary file."""
    return written(_groups(iter(rows)), ROWS, {})


def _groups(rows: Iterator[UtteranceResult]) -> Iterator[pa.Table]:
    waiting: list[pa.Table] = []
    while batch := list(islice(rows, BATCH)):
        waiting.append(encoded(batch))
        if sum(map(len, waiting)) >= GROUP:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)
