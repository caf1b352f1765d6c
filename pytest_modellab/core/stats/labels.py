"""Labels of many observations as numbers: the speakers of a million utterances without a million texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Labels(Sequence["str | None"]):
    """A sequence of labels.

    Attributes:
        codes: the place in `names` of the label of each observation, shape (observations,); -1 where it has none.
        names: the labels, each once.
    """

    codes: NDArray[np.int64]
    names: Sequence[str]

    @classmethod
    def of(cls, labels: Iterable[str | None]) -> Labels:
        """Labels as they come; names in the order in which they come first."""
        if isinstance(labels, Labels):
            return labels
        index: dict[str, int] = {}
        codes = (-1 if name is None else index.setdefault(name, len(index)) for name in labels)
        return cls(np.fromiter(codes, dtype=np.int64), list(index))

    @classmethod
    def none(cls, count: int) -> Labels:
        """So many observations without a label."""
        return cls(np.full(count, -1, dtype=np.int64), ())

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, place: int) -> str | None: ...
    @overload
    def __getitem__(self, place: slice) -> Labels: ...
    def __getitem__(self, place: int | slice) -> str | Labels | None:
        if isinstance(place, slice):
            return self.at(place)
        code = int(self.codes[place])
        return None if code < 0 else self.names[code]

    def __iter__(self) -> Iterator[str | None]:
        return (None if code < 0 else self.names[code] for code in self.codes.tolist())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    def at(self, places: NDArray[Any] | slice) -> Labels:
        """Those at `places`: numbers, or a mask of shape (observations,)."""
        return Labels(self.codes[places], self.names)

    @property
    def known(self) -> list[str]:
        """The labels that occur."""
        return [self.names[code] for code in np.unique(self.codes[self.codes >= 0]).tolist()]

    def places(self) -> Iterator[tuple[str, NDArray[np.intp]]]:
        """The places of each label that occurs, by name."""
        order = np.argsort(self.codes, kind="stable")
        ordered = self.codes[order]
        for name, code in sorted((self.names[code], code) for code in np.unique(ordered[ordered >= 0]).tolist()):
            yield name, order[np.searchsorted(ordered, code) : np.searchsorted(ordered, code, side="right")]

    def numbered(self) -> tuple[NDArray[np.intp], int]:
        """The group of each observation, numbered as groups come first, and how many there are.

        One without a label is a group of its own.
        """
        alone = self.codes < 0
        count = len(self.codes)
        if alone.all():
            return np.arange(count, dtype=np.intp), count
        keys = np.where(alone, len(self.names) + np.arange(count), self.codes)
        _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        numbers = np.empty(len(first), dtype=np.intp)
        numbers[np.argsort(first, kind="stable")] = np.arange(len(first))
        return numbers[inverse.reshape(-1)], len(first)


def joined(several: Sequence[Sequence[str | None]]) -> Labels:
    """Several sequences of labels one after the other."""
    index: dict[str, int] = {}
    codes = []
    for each in map(Labels.of, several):
        own = np.array([index.setdefault(name, len(index)) for name in each.names], dtype=np.int64)
        codes.append(np.where(each.codes < 0, -1, own[each.codes]) if len(own) else each.codes)
    return Labels(np.concatenate(codes) if codes else np.empty(0, dtype=np.int64), list(index))
