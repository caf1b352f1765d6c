"""Parquet files, read by row group: rows without their audio, and audio straight into the cache."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from pytest_modellab.assets.store import Attempt, Store, StoredFile, Unavailable

from .root import Place
from .tables import Row
from .utterance import DatasetError

# Rows that are in memory at a time: few of audio, many of texts.
_SOUNDS = 16
_TEXTS = 1024


class ParquetTable:
    """A file of rows. Every method raises DatasetError, and Unavailable where pyarrow is not installed."""

    def __init__(self, path: Path, place: Place, identity: str) -> None:
        """`identity` tells its content from every other, as its digest does."""
        self.place = place
        self._path = path
        self._identity = identity

    @cached_property
    def _file(self) -> Any:
        try:
            import pyarrow.parquet
        except ImportError:
            attempt = Attempt("a reader of Parquet", "pyarrow is not installed")
            advice = "pip install 'pytest-modellab[parquet]'"
            raise Unavailable(f"rows of {self.place}", [attempt], advice) from None
        try:
            # Page by page: no row group is read ahead as a whole.
            return pyarrow.parquet.ParquetFile(self._path, buffer_size=1 << 20, pre_buffer=False)
        except (OSError, pyarrow.ArrowException) as error:
            raise DatasetError(f"{self.place}: no Parquet: {error}") from None

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self._file.schema_arrow.names)

    @cached_property
    def sounds(self) -> frozenset[str]:
        return frozenset(field.name for field in self._file.schema_arrow if _holds_files(field.type))

    @property
    def count(self) -> int:
        return int(self._file.metadata.num_rows)

    def rows(self, chosen: Collection[int] | None) -> Iterator[Row]:
        schema = self._file.schema_arrow
        names = [field.name for field in schema if field.name not in self.sounds and _is_told(field.type)]
        paths = [f"{name}.path" for name in sorted(self.sounds) if _has_path(schema.field(name).type)]
        for number, values in self._read([*names, *paths], _TEXTS, chosen):
            # Rows are counted from 1 on for people, as lines are.
            yield Row(f"{self.place}:{number + 1}", number, values)

    def extracted(self, column: str, chosen: Collection[int] | None, store: Store) -> Mapping[int, StoredFile]:
        which = "all" if chosen is None else " ".join(map(str, sorted(chosen)))
        kept = store.parts(f"parquet {self._identity} {column}\n{which}", lambda: self._audio(column, chosen))
        return {int(number): file for number, file in kept.items()}

    def _audio(self, column: str, chosen: Collection[int] | None) -> Iterator[tuple[str, list[bytes]]]:
        for number, values in self._read([column], _SOUNDS, chosen):
            value = values[column]
            data = value.get("bytes") if isinstance(value, dict) else value
            if data:
                yield str(number), [data]

    def _read(self, names: list[str], at_once: int, chosen: Collection[int] | None) -> Iterator[tuple[int, Any]]:
        """The chosen rows of some columns, by number; row groups without any aren't read."""
        import pyarrow

        begin = 0
        try:
            for group in range(self._file.num_row_groups):
                count = self._file.metadata.row_group(group).num_rows
                if chosen is None or any(number in chosen for number in range(begin, begin + count)):
                    yield from self._read_group(group, begin, names, at_once, chosen)
                begin += count
        except (OSError, pyarrow.ArrowException) as error:
            raise DatasetError(f"{self.place}: can't be read from row {begin + 1} on: {error}") from None

    def _read_group(
        self, group: int, begin: int, names: list[str], at_once: int, chosen: Collection[int] | None
    ) -> Iterator[tuple[int, Any]]:
        number = begin
        for batch in self._file.iter_batches(at_once, row_groups=[group], columns=names):
            if chosen is None:
                yield from enumerate(batch.to_pylist(), number)
            else:
                wanted = (i for i in range(batch.num_rows) if number + i in chosen)
                yield from ((number + i, batch.slice(i, 1).to_pylist()[0]) for i in wanted)
            number += batch.num_rows


def _holds_files(kind: Any) -> bool:
    """Whether a column holds audio files: bytes, or as Hugging Face's library has them, with a path beside."""
    import pyarrow.types as types

    if types.is_struct(kind):
        return any(field.name == "bytes" and _is_binary(field.type) for field in kind)
    return _is_binary(kind)


def _is_binary(kind: Any) -> bool:
    import pyarrow.types as types

    return any(test(kind) for test in (types.is_binary, types.is_large_binary, types.is_binary_view))


def _is_told(kind: Any) -> bool:
    """Whether cells are read with their row: not lists, which hold what others computed."""
    import pyarrow.types as types

    return not (
        types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind) or types.is_map(kind)
    )


def _has_path(kind: Any) -> bool:
    import pyarrow.types as types

    return types.is_struct(kind) and any(field.name == "path" for field in kind)
