"""The form `table`: CSV, TSV, JSON Lines or Parquet, with named columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pytest_modellab.assets.store import digest_file

from ..corpus_specs import TableSpec
from ..specs import DatasetSpec
from .access import DatasetAccess
from .csv_table import CsvTable
from .form import DatasetForm
from .jsonl_table import JsonLinesTable
from .parquet_table import ParquetTable
from .root import Place
from .tables import Table, from_tables
from .utterance import DatasetError, Utterance

_PARQUET = (".parquet", ".pq")
_JSON_LINES = (".jsonl", ".ndjson")


def _places(spec: DatasetSpec, given: TableSpec, access: DatasetAccess) -> Sequence[Place]:
    """The files that the path names, in the order of their names. Raises DatasetError."""
    place = access.place(given.path)
    if not isinstance(place, Path) or "*" not in place.name or place.exists():
        return [place]
    found = sorted(place.parent.glob(place.name))
    if not found:
        raise DatasetError(f"data set {spec.id}: no table {place} (named in {spec.origin})")
    return found


def _opened(given: TableSpec, place: Place, access: DatasetAccess) -> Table:
    path = access.file(place, "table")
    if place.name.lower().endswith(_PARQUET):
        return ParquetTable(path, place, digest_file(path))
    if place.name.lower().endswith(_JSON_LINES):
        return JsonLinesTable(path, place)
    return CsvTable(path, place, given.delimiter, given.quoted)


class _Table(DatasetForm[TableSpec]):
    goes_with = frozenset({"audio_root", "channel"})
    stored = True

    def read(self, spec: DatasetSpec, given: TableSpec, access: DatasetAccess) -> Sequence[Utterance]:
        tables = [_opened(given, place, access) for place in _places(spec, given, access)]
        base = tables[0].place.parent if given.relative_to is None else access.place(given.relative_to)
        return from_tables(spec, given, tables, access, access.sounds(base))

    def summary(self, given: TableSpec) -> str:
        return given.path


FORM = _Table()
