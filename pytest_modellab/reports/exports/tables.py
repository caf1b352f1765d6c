"""CSV and Parquet files of rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from .figures import Row

GROUP = 50_000
"""Rows that are held at once while a Parquet file is written."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class ExportError(Exception):
    """An export that can't be made; the message says why."""


def as_csv(rows: Iterable[Row]) -> str:
    """Text with a line of headings. What a spreadsheet would take for a formula begins with an apostrophe."""
    text = io.StringIO()
    writer = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(text, list(row), lineterminator="\n")
            writer.writeheader()
        writer.writerow({name: _harmless(value) for name, value in row.items()})
    return text.getvalue()


def write_parquet(rows: Iterable[Row], path: Path) -> None:
    """Raises ExportError without pyarrow."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ExportError("pyarrow is not installed; pip install 'pytest-modellab[parquet]'") from None
    left = iter(rows)
    first = list(islice(left, GROUP))
    schema = pa.schema([(name, getattr(pa, _TYPES.get(name, "string"))()) for name in (first[0] if first else {})])
    part = path.with_name(f"{path.name}.part")
    with pq.ParquetWriter(part, schema, compression="zstd") as writer:
        for group in _groups(first, left):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))
    part.replace(path)


def _groups(first: list[Row], left: Iterator[Row]) -> Iterator[list[Row]]:
    group = first
    while group:
        yield group
        group = list(islice(left, GROUP))


_TYPES = {
    "definition": "int64", "errors": "int64", "reference_units": "int64", "dirty": "bool_",
    "value": "float64", "low": "float64", "high": "float64", "audio_s": "float64", "processing_s": "float64",
    "snr_db": "float64",
}  # fmt: skip
"""Of columns that aren't text."""


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
