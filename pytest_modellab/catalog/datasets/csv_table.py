"""CSV and TSV files, read row by row."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from pytest_modellab.assets.store import Store, StoredFile

from .root import Place
from .tables import QUOTES_ADVICE, Row
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
        head = next(self._lines(), (1, 1, []))[2]
        names = tuple(name.strip() for name in head)
        if twice := sorted({name for name in names if name and names.count(name) > 1}):
            raise DatasetError(f"{self.place}:1: two columns are called `{twice[0]}`")
        return names

    @cached_property
    def count(self) -> int:
        return sum(1 for _ in self._rows())

    def rows(self, chosen: Collection[int] | None) -> Iterator[Row]:
        columns = self.columns
        for number, (line, lines, cells) in enumerate(self._rows()):
            if chosen is not None and number not in chosen:
                continue
            if len(cells) != len(columns):
                hint = f"; {QUOTES_ADVICE}" if self._quoted and (len(cells) < 2 or lines > 1) else ""
                raise DatasetError(f"{self.place}:{line}: {len(cells)} cells, where {len(columns)} are expected{hint}")
            values = {k: v for k, v in zip(columns, cells, strict=True) if k}
            yield Row(f"{self.place}:{line}", number, values, lines)

    def extracted(self, column: str, chosen: Collection[int] | None, store: Store) -> Mapping[int, StoredFile]:
        return {}

    def _rows(self) -> Iterator[tuple[int, int, list[str]]]:
        lines = self._lines()
        next(lines, None)
        yield from (row for row in lines if row[2])

    def _lines(self) -> Iterator[tuple[int, int, list[str]]]:
        """The line that each row begins on, how many lines it takes, and its cells."""
        csv.field_size_limit(max(csv.field_size_limit(), _MOST_CELL))
        begin, taken = 1, list[str]()
        try:
            with self._path.open(encoding="utf-8-sig", newline="") as file:
                lines = _kept(file, taken)
                if self._quoted:
                    # Without `strict` an open quotation mark takes all rows that follow into its cell.
                    reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
                else:
                    reader = csv.reader(lines, delimiter=self._delimiter, quoting=csv.QUOTE_NONE)
                for cells in reader:
                    yield begin, len(taken), cells
                    begin += len(taken)
                    taken.clear()
        except UnicodeDecodeError:
            text_of(self._path, self.place)
            raise
        except OSError as error:
            raise DatasetError(f"{self.place}: can't be read: {error.strerror}") from None
        except csv.Error as error:
            opened = last_opened(taken, self._delimiter) if self._quoted else None
            if opened is None:
                raise DatasetError(f"{self.place}:{begin}: {error}") from None
            raise DatasetError(
                f"{self.place}:{begin + opened}: the quotation mark that opens a cell here isn't closed before a"
                f" delimiter or the end of a line; {QUOTES_ADVICE}"
            ) from None


def _kept(file: Iterable[str], taken: list[str]) -> Iterator[str]:
    """The lines of a file, each added to `taken`."""
    for line in file:
        taken.append(line)
        yield line


def last_opened(lines: Sequence[str], delimiter: str) -> int | None:
    """Which of a row's lines, from 0 on, has the last quotation mark that opens a cell; None where none does."""
    text = "".join(lines)
    opened, begin = None, 0
    while begin < len(text):
        end = begin
        if text[begin] == '"':
            opened = begin
            end = _closing(text, begin + 1)
            if end < 0 or text[end + 1 : end + 2] not in ("", delimiter, "\r", "\n"):
                break
        found = text.find(delimiter, end)
        if found < 0:
            break
        begin = found + 1
    return None if opened is None else text.count("\n", 0, opened)


def _closing(text: str, begin: int) -> int:
    """Where the quotation mark is that ends a cell; -1 without one. Two in a row are one of the text."""
    while (end := text.find('"', begin)) >= 0 and text[end + 1 : end + 2] == '"':
        begin = end + 2
    return end
