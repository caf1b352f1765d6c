"""Utterances of two records brought together by their ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_modellab.core.metrics.measured import Row
from pytest_modellab.core.metrics.stored import StoredTable, field

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pytest_modellab.core.metrics.aggregate import Column


def same_order(one: Sequence[Row], other: Sequence[Row]) -> bool:
    """Whether two tables hold the same utterances in one order; False of rows that aren't in tables."""
    return isinstance(one, StoredTable) and isinstance(other, StoredTable) and one.same_ids(other)


def same_utterances(one: Sequence[Row], other: Sequence[Row]) -> bool:
    """Whether two records hold the same utterances, in any order."""
    return same_order(one, other) or set(field(one, "id")) == set(field(other, "id"))


def aligned(
    rows: tuple[Sequence[Row], Sequence[Row]], columns: tuple[Column, Column], *, by_id: bool = False
) -> tuple[Column, Column]:
    """The parts of two columns of the utterances that both have, in the order of the second, or of their ids."""
    import numpy as np

    first, second = columns
    if same_order(*rows):
        assert isinstance(rows[1], StoredTable)
        common = np.intersect1d(first.rows, second.rows, assume_unique=True)
        if by_id:
            common = common[rows[1].id_order(common)]
        return first.at(np.searchsorted(first.rows, common)), second.at(np.searchsorted(second.rows, common))
    ids = [_ids(own, column.rows) for own, column in zip(rows, columns, strict=True)]
    places = {id: place for place, id in enumerate(ids[0])}
    kept = [place for place, id in enumerate(ids[1]) if id in places]
    if by_id:
        kept.sort(key=lambda place: ids[1][place])
    return (
        first.at(np.array([places[ids[1][place]] for place in kept], dtype=np.intp)),
        second.at(np.array(kept, dtype=np.intp)),
    )


def _ids(rows: Sequence[Row], places: NDArray[np.intp]) -> list[str]:
    every = list(field(rows, "id"))
    return [every[place] for place in places.tolist()]
