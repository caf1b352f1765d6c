"""CSV and TSV files, read row by row."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from pytest_modellab.assets.store import Store, StoredFile

from .root import Place
from .tables import Row
from .texts import text_of
from .utterance import DatasetError

# Characters of one cell: texts of long recordings are long.
_MOST_CELL = 10_000_000


class CsvTable:
    """A text file with a head and a row on each line. Every method raises DatasetError."""

    sounds = frozenset[str]()

    def __init__(self, path: Path, place: Place, delimiter: str | None = None, quoted: bool | None = None) -> None:
        tabs = place.name.lower().endswith((".tsv", ".tab"))
        self.place = place
        self._path = path
        self._delimiter = delimiter or ("\t" if tabs else ",")
        self._quoted = not tabs if quoted is None else quoted

    @cached_property
    def columns(self) -> tuple[str, ...]:
        head = next(self._lines(), (1, []))[1]
        names = tuple(name.strip() for name in head)
        if twice := sorted({name for name in names if name and names.count(name) > 1}):
            raise DatasetError(f"{self.place}:1: two columns are called `{twice[0]}`")
        return names

    @cached_property
    def count(self) -> int:
        return sum(1 for _ in self._rows())

    def rows(self, chosen: Collection[int] | None) -> Iterator[Row]:
        columns = self.columns
        for number, (line, cells) in enumerate(self._rows()):
            if chosen is not None and number not in chosen:
                continue
            if len(cells) != len(columns):
                hint = "; if the text has quotation marks of its own, set `quoted: false`" if len(cells) < 2 else ""
                raise DatasetError(f"{self.place}:{line}: {len(cells)} cells, where {len(columns)} are expected{hint}")
            yield Row(f"{self.place}:{line}", number, {k: v for k, v in zip(columns, cells, strict=True) if k})

    def extracted(self, column: str, chosen: Collection[int] | None, store: Store) -> Mapping[int, StoredFile]:
        return {}

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        lines = self._lines()
        next(lines, None)
        yield from ((line, cells) for line, cells in lines if cells)

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        """The cells of each row, with the line that it begins on."""
        csv.field_size_limit(max(csv.field_size_limit(), _MOST_CELL))
        try:
            with self._path.open(encoding="utf-8-sig", newline="") as file:
                if self._quoted:
                    reader = csv.reader(file, delimiter=self._delimiter)
                else:
                    reader = csv.reader(file, delimiter=self._delimiter, quoting=csv.QUOTE_NONE)
                begin = 1
                for cells in reader:
                    yield begin, cells
                    begin = reader.line_num + 1
        except UnicodeDecodeError:
            text_of(self._path, self.place)
            raise
        except OSError as error:
            raise DatasetError(f"{self.place}: can't be read: {error.strerror}") from None
        except csv.Error as error:
            raise DatasetError(f"{self.place}:{begin}: {error}") from None
