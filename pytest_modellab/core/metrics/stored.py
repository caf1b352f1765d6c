"""Rows of a record that may lie in a file: the protocol of such rows, and fields of rows wherever they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from .measured import Row

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..stats.labels import Labels
    from .aggregate import Column
    from .metric import Metric


@runtime_checkable
class StoredTable(Protocol):
    """Rows that lie in a file, of which columns can be read without the rest."""

    def fields(self, *names: str) -> Iterator[tuple[Any, ...]]:
        """The values of these fields, row by row."""
        ...

    def contributes(self, metric: Metric) -> bool:
        """Whether what the rows contribute to a metric is stored, by its definition of now."""
        ...

    def contributions(self, metric: Metric) -> Column | None:
        """What the rows contribute to a metric; None where that isn't stored."""
        ...

    def labels(self, name: str) -> Labels:
        """The texts in a field of each row."""
        ...

    def same_ids(self, other: object) -> bool:
        """Whether another table holds the same utterances in the same order."""
        ...

    def id_order(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """The order of some rows by their ids."""
        ...

    def numbers(self, paths: Sequence[str]) -> NDArray[np.int32]:
        """Whole numbers of the rows' parts, such as `asr.words.hits`, shape (rows, paths); -1 where a row has none."""
        ...


def fields(rows: Sequence[Row], *names: str) -> Iterator[tuple[Any, ...]]:
    """The values of these fields, row by row; of rows in a file without building the rows."""
    if isinstance(rows, StoredTable):
        return rows.fields(*names)
    read = attrgetter(*names)
    return ((read(row),) for row in rows) if len(names) == 1 else map(read, rows)


def labels(rows: Sequence[Row], name: str) -> Labels:
    """The texts in a field of each row."""
    from ..stats.labels import Labels

    return rows.labels(name) if isinstance(rows, StoredTable) else Labels.of(field(rows, name))


def field(rows: Sequence[Row], name: str) -> Iterator[Any]:
    """The values of one field, as `fields`."""
    return (value for (value,) in fields(rows, name))
