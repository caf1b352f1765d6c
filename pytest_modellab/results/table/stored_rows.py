"""The utterances of a record that lie in a table: a sequence whose rows are built when they are asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pytest_modellab.core.metrics.aggregate import Column
from pytest_modellab.core.metrics.metric import SPEAKER, Metric
from pytest_modellab.core.metrics.table import nouns
from pytest_modellab.core.stats.labels import Labels

from ..record import UtteranceResult
from .contributions import has_clusters
from .layout import ROWS, columns_of, decoded, field_values

BATCH = 2_000
"""Rows that are built at a time."""
METADATA = b"modellab"


class StoredRows(Sequence[UtteranceResult]):
    """The rows of a table's file, which has to stay as it is.

    Attributes:
        path: of the file.
        versions: of the definitions of the metrics whose contributions it has.
    """

    def __init__(self, path: Path, keeps: object = None) -> None:
        """`keeps` is what the file lasts as long as. Raises OSError, pyarrow.ArrowInvalid for what is no table."""
        self.path = path
        self._keeps = keeps
        with closing(pq.ParquetFile(path)) as file:
            self._metadata = file.metadata
            stored: dict[str, Any] = json.loads((file.schema_arrow.metadata or {}).get(METADATA, b"{}"))
        self.schema: str = stored.get("schema", "")
        self.versions: dict[str, int] = stored.get("metrics", {})
        self._ends = np.cumsum([self._metadata.row_group(i).num_rows for i in range(self._metadata.num_row_groups)])
        self._speakers: Labels | None = None
        self._same: dict[Path, bool] = {}
        self._group: tuple[int, pa.Table] | None = None

    def __len__(self) -> int:
        return int(self._metadata.num_rows)

    @property
    def groups(self) -> int:
        """How many row groups it has."""
        return int(self._metadata.num_row_groups)

    def group(self, number: int) -> pa.Table:
        """One row group, with all columns."""
        with closing(pq.ParquetFile(self.path, metadata=self._metadata)) as file:
            return file.read_row_group(number)

    @overload
    def __getitem__(self, place: int) -> UtteranceResult: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[UtteranceResult, ...]: ...
    def __getitem__(self, place: int | slice) -> UtteranceResult | tuple[UtteranceResult, ...]:
        if isinstance(place, slice):
            return tuple(self[i] for i in range(len(self))[place])
        place = range(len(self))[place]
        number = int(np.searchsorted(self._ends, place, side="right"))
        if self._group is None or self._group[0] != number:
            self._group = number, self.group(number).select(ROWS.names)
        begin = 0 if number == 0 else int(self._ends[number - 1])
        return decoded(self._group[1].slice(place - begin, 1))[0]

    def __iter__(self) -> Iterator[UtteranceResult]:
        for batch in self._batches(ROWS.names):
            yield from decoded(batch)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(self) != len(other):
            return False
        return all(one == another for one, another in zip(self, other, strict=True))

    def _batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        # Without buffers of what comes next: several tables may be read side by side.
        with closing(pq.ParquetFile(self.path, metadata=self._metadata, pre_buffer=False)) as file:
            yield from file.iter_batches(batch_size=BATCH, columns=columns)

    def _column(self, name: str) -> pa.ChunkedArray:
        with closing(pq.ParquetFile(self.path, metadata=self._metadata)) as file:
            return file.read(columns=[name]).column(name)

    def fields(self, *names: str) -> Iterator[tuple[Any, ...]]:
        """The values of these fields, row by row."""
        columns = [column for name in names for column in columns_of(name)]
        for batch in self._batches(columns):
            yield from zip(*(field_values(batch, name) for name in names), strict=True)

    def parts(self) -> Iterator[str]:
        """The JSON of what rows have in `parts`, as far as they have it."""
        for batch in self._batches(["parts"]):
            yield from (text for text in batch.column("parts").to_pylist() if text is not None)

    def same_ids(self, other: object) -> bool:
        """Whether another table holds the same utterances in the same order."""
        if not isinstance(other, StoredRows) or len(self) != len(other):
            return False
        if other.path not in self._same:
            self._same[other.path] = self._column("id").equals(other._column("id"))
        return self._same[other.path]

    def id_order(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """The order of some rows by their ids."""
        found: NDArray[np.intp] = pc.sort_indices(self._column("id").take(pa.array(rows))).to_numpy().astype(np.intp)
        return found

    def numbers(self, paths: Sequence[str]) -> NDArray[np.int32]:
        """Whole numbers of the rows' parts, shape (rows, paths); -1 where a row has none."""
        found = np.empty((len(self), len(paths)), dtype=np.int32)
        for i, path in enumerate(paths):
            found[:, i] = pc.fill_null(self._column(path), -1).to_numpy()
        return found

    def contributes(self, metric: Metric) -> bool:
        """Whether contributions to a metric are stored, by its definition of now."""
        return self.versions.get(metric.name) == metric.version

    def contributions(self, metric: Metric) -> Column | None:
        """What the rows contribute to a metric; None where that isn't stored."""
        if not self.contributes(metric):
            return None
        values = self._column(f"value:{metric.name}")
        rows = np.flatnonzero(pc.is_valid(values).to_numpy())
        return Column(
            rows=rows,
            values=values.to_numpy()[rows],
            of=self._column(f"of:{metric.name}").to_numpy()[rows],
            clusters=self._clusters(metric, rows),
            strata=self._labels(f"stratum:{metric.name}").at(rows) if metric.stratum is not None else (),
            order=self._order(metric, rows),
            lists=self._lists(metric, rows),
            nouns=nouns(metric),
        )

    def _clusters(self, metric: Metric, rows: NDArray[np.intp]) -> Labels:
        if metric.cluster is None:
            return Labels.none(len(rows))
        if has_clusters(metric):
            return self._labels(f"cluster:{metric.name}").at(rows)
        assert metric.cluster is SPEAKER
        return self.labels("speaker").at(rows)

    def _order(self, metric: Metric, rows: NDArray[np.intp]) -> list[float | None]:
        if metric.order is None:
            return []
        found = self._column(f"order:{metric.name}").to_pylist()
        return [found[row] for row in rows.tolist()]

    def _lists(self, metric: Metric, rows: NDArray[np.intp]) -> list[list[float]]:
        return self._column(f"list:{metric.name}").take(pa.array(rows)).to_pylist() if metric.width else []

    def labels(self, name: str) -> Labels:
        """The texts in a field of each row."""
        if name != "speaker":
            return self._labels(name)
        if self._speakers is None:  # what most metrics are clustered by
            self._speakers = self._labels(name)
        return self._speakers

    def _labels(self, column: str) -> Labels:
        found = self._column(column).combine_chunks().dictionary_encode()
        if isinstance(found, pa.ChunkedArray):
            found = found.combine_chunks()
        codes = pc.fill_null(found.indices, -1).to_numpy(zero_copy_only=False)
        return Labels(codes.astype(np.int64), found.dictionary.to_pylist())
