"""The answers of a run by utterance id, read from the journal when they are asked for: in memory is where each lies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_modellab.core.id_index import IdIndex

    from .journal import Journal


class AnswerLines(Mapping[str, Mapping[str, Any]]):
    """The journal's lines of answers."""

    def __init__(self, journal: Journal, index: IdIndex) -> None:
        import numpy as np

        self._journal = journal
        self._index = index
        self._places = np.full(len(index), -1, dtype=np.int64)
        self._count = 0

    def put(self, id: str, place: int) -> None:
        """Note that the answer to an utterance is the line that begins at `place`."""
        found = self._index.get(id)
        if found is None:  # of a data set that had it
            return
        self._count += int(self._places[found] < 0)
        self._places[found] = place

    def __getitem__(self, id: str) -> Mapping[str, Any]:
        found = self._index.get(id)
        if found is None or self._places[found] < 0:
            raise KeyError(id)
        return self._journal.line(int(self._places[found]))

    def __contains__(self, id: object) -> bool:
        found = self._index.get(id) if isinstance(id, str) else None
        return found is not None and bool(self._places[found] >= 0)

    def __iter__(self) -> Iterator[str]:
        known = (self._places >= 0).tolist()
        return (id for id, there in zip(self._index.ids(), known, strict=True) if there)

    def __len__(self) -> int:
        return self._count
