"""JSON Lines with keys of their own, read line by line as the rows of a table."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from pytest_modellab.assets.store import Store, StoredFile

from .root import Place
from .tables import Row
from .texts import lines_of
from .utterance import DatasetError


class JsonLinesTable:
    """A text file with an object on each line, whose keys are the columns. Every method raises DatasetError."""

    sounds = frozenset[str]()

    def __init__(self, path: Path, place: Place) -> None:
        self.place = place
        self._path = path

    @cached_property
    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(key for _, values in self._objects() for key in values))

    @cached_property
    def count(self) -> int:
        return sum(1 for _ in self._objects())

    def rows(self, chosen: Collection[int] | None) -> Iterator[Row]:
        for number, (line, values) in enumerate(self._objects()):
            if chosen is None or number in chosen:
                yield Row(f"{self.place}:{line}", number, values)

    def extracted(self, column: str, chosen: Collection[int] | None, store: Store) -> Mapping[int, StoredFile]:
        return {}

    def _objects(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """The objects with their lines, from 1 on."""
        for number, line in lines_of(self._path, self.place):
            if not line.strip():
                continue
            try:
                values = json.loads(line)
            except ValueError as error:
                raise DatasetError(f"{self.place}:{number}: not JSON: {error}") from None
            if not isinstance(values, dict):
                raise DatasetError(f"{self.place}:{number}: expected an object, one on each line")
            yield number, values
