"""Utterances in a temporary file: a data set of a million of them takes as much memory as one of a thousand."""

from __future__ import annotations

import pickle
import tempfile
import threading
import weakref
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from .utterance import Utterance

FEWEST = 20_000
"""From so many utterances on they are kept in a file."""


class _Store:
    """The file, which this process alone has open; several threads may read it."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="modellab-utterances-")  # noqa: SIM115 - closed with its owner
        weakref.finalize(self, self._file.close)
        self._lock = threading.Lock()

    def add(self, utterance: Utterance) -> int:
        with self._lock:
            place = self._file.seek(0, 2)
            pickle.dump(utterance, self._file, pickle.HIGHEST_PROTOCOL)
        return place

    def read(self, place: int) -> Utterance:
        with self._lock:
            self._file.seek(place)
            found = pickle.load(self._file)
        assert isinstance(found, Utterance)
        return found


class SpooledUtterances(Sequence[Utterance]):
    """Utterances that are read when they are asked for."""

    def __init__(self, store: _Store, places: array[int]) -> None:
        self._store = store
        self._places = places

    @classmethod
    def of(cls, utterances: Iterable[Utterance]) -> SpooledUtterances:
        store = _Store()
        return cls(store, array("q", map(store.add, utterances)))

    def append(self, utterance: Utterance) -> None:
        """Add one at the end."""
        self._places.append(self._store.add(utterance))

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, place: int) -> Utterance: ...
    @overload
    def __getitem__(self, place: slice) -> SpooledUtterances: ...
    def __getitem__(self, place: int | slice) -> Utterance | SpooledUtterances:
        if isinstance(place, slice):
            return SpooledUtterances(self._store, self._places[place])
        return self._store.read(self._places[place])

    def __iter__(self) -> Iterator[Utterance]:
        return map(self._store.read, self._places)

    def at(self, places: Iterable[int]) -> SpooledUtterances:
        """Those at these places."""
        return SpooledUtterances(self._store, array("q", (self._places[place] for place in places)))


def chosen(utterances: Sequence[Utterance], places: Iterable[int]) -> Sequence[Utterance]:
    """Those at these places, where they are kept."""
    if isinstance(utterances, SpooledUtterances):
        return utterances.at(places)
    return tuple(utterances[place] for place in places)
