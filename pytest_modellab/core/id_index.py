"""The places of many ids, and values by id: eight bytes and a number each, however long the ids are."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class IdIndex:
    """The places of ids in a sequence of which none is there twice.

    Of an id 64 bits of a digest are kept: that two of ten million have the same ones is not to be expected, and is
    found when the index is made.
    """

    def __init__(self, ids: Callable[[], Iterable[str]]) -> None:
        """`ids` gives all of them, in their order, as often as it is called. Raises ValueError for one twice."""
        import numpy as np

        self.ids = ids
        digests = np.fromiter(map(id_digest, ids()), dtype=np.uint64)
        self._order: NDArray[np.intp] = np.argsort(digests, kind="stable")
        self._sorted: NDArray[np.uint64] = digests[self._order]
        if (self._sorted[1:] == self._sorted[:-1]).any():
            raise ValueError("an id is there twice")

    def __len__(self) -> int:
        return len(self._order)

    def get(self, id: str) -> int | None:
        """The place of an id; None of one that isn't there."""
        digest = id_digest(id)
        found = int(self._sorted.searchsorted(self._sorted.dtype.type(digest)))
        there = found < len(self._sorted) and int(self._sorted[found]) == digest
        return int(self._order[found]) if there else None


def id_digest(id: str) -> int:
    """64 bits of an id."""
    return int.from_bytes(hashlib.blake2b(id.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


class NumbersById(MutableMapping[str, float]):
    """Numbers by the ids of an index; those that were set, in the order of the index."""

    def __init__(self, index: IdIndex) -> None:
        import numpy as np

        self._index = index
        self._values = np.full(len(index), np.nan)
        self._count = 0

    @classmethod
    def of(cls, index: IdIndex, values: Iterable[float]) -> NumbersById:
        """A number for each id, in their order."""
        import numpy as np

        made = cls(index)
        made._values = np.fromiter(values, dtype=np.float64, count=len(index))
        made._count = int((made._values == made._values).sum())
        return made

    def _place(self, id: str) -> int:
        place = self._index.get(id)
        if place is None:
            raise KeyError(id)
        return place

    def __getitem__(self, id: str) -> float:
        value = float(self._values[self._place(id)])
        if value != value:
            raise KeyError(id)
        return value

    def __setitem__(self, id: str, value: float) -> None:
        place = self._place(id)
        before = self._values[place]
        self._values[place] = value
        self._count += int(value == value) - int(before == before)

    def __delitem__(self, id: str) -> None:
        self[id]
        self[id] = float("nan")

    def __iter__(self) -> Iterator[str]:
        known = (self._values == self._values).tolist()
        return (id for id, there in zip(self._index.ids(), known, strict=True) if there)

    def __len__(self) -> int:
        # It is asked for after every answer.
        return self._count

    def total(self) -> float:
        """The sum of all numbers."""
        known: list[float] = self._values[self._values == self._values].tolist()
        return sum(known)
