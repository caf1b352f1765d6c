"""The counts of errors of many transcripts, as arrays: sums over a million utterances without their objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_modellab.core.metrics.measured import Row
from pytest_modellab.core.metrics.stored import StoredTable
from pytest_modellab.core.schema_base import Edits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

UNITS = ("words", "characters")
KINDS = ("substitutions", "deletions", "insertions", "hits")
PATHS = tuple(f"asr.{unit}.{kind}" for unit in UNITS for kind in KINDS)
"""The counts of one transcript, in their order in the array."""


@dataclass(frozen=True)
class Counts:
    """The counts of some transcripts.

    Attributes:
        words, characters: substitutions, deletions, insertions and hits of each, shape (transcripts, 4).
    """

    words: NDArray[np.int32]
    characters: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.words)

    def at(self, places: NDArray[np.intp] | NDArray[np.bool_]) -> Counts:
        """Those at `places`: numbers, or a mask."""
        return Counts(self.words[places], self.characters[places])

    @property
    def errors(self) -> NDArray[np.int64]:
        """Word errors of each, S + D + I."""
        import numpy as np

        found: NDArray[np.int64] = self.words[:, :3].sum(axis=1, dtype=np.int64)
        return found

    @property
    def units(self) -> NDArray[np.int64]:
        """Reference words of each, S + D + H."""
        import numpy as np

        found: NDArray[np.int64] = self.words[:, [0, 1, 3]].sum(axis=1, dtype=np.int64)
        return found


def counts_of(rows: Sequence[Row]) -> tuple[Counts, NDArray[np.bool_]]:
    """The counts of each row, zeros where it has no transcript, and a mask of those that have one."""
    import numpy as np

    if isinstance(rows, StoredTable):
        found = rows.numbers(PATHS)
    else:
        found = np.array([_counts(row) for row in rows], dtype=np.int32).reshape(len(rows), len(PATHS))
    known = found[:, 0] >= 0
    np.maximum(found, 0, out=found)
    return Counts(found[:, : len(KINDS)], found[:, len(KINDS) :]), known


def _counts(row: Row) -> tuple[int, ...]:
    part = row.parts.get("asr")
    if part is None:
        return (-1,) * len(PATHS)
    both = (part.words, part.characters)
    return tuple(count for each in both for count in (each.substitutions, each.deletions, each.insertions, each.hits))


def total(counts: NDArray[np.int32]) -> Edits:
    """The sum of counts of shape (transcripts, 4)."""
    import numpy as np

    return Edits(**dict(zip(KINDS, counts.sum(axis=0, dtype=np.int64).tolist(), strict=True)))
