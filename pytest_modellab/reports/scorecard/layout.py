"""Tables that fit the width of a terminal: the least needed columns are left out, and no row wraps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

GAP = "  "
INDENT = "  "
NOTHING = "n/a"


@dataclass(frozen=True)
class Brief:
    """A shorter form of a column's cells; `name` is the name of the omitted part in `spare`."""

    name: str
    title: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """A heading and a cell for each row."""

    name: str
    title: str
    cells: tuple[str, ...]
    right: bool = False
    brief: Brief | None = None
    leading: bool = False
    """What a row is called by: has a line of its own where one line is too narrow for all."""

    @property
    def width(self) -> int:
        return max(len(self.title), *map(len, self.cells), 0)

    @property
    def empty(self) -> bool:
        return all(cell == NOTHING for cell in self.cells)

    def line(self, cell: str) -> str:
        return cell.rjust(self.width) if self.right else cell.ljust(self.width)


@dataclass(frozen=True)
class TableLines:
    """The lines of a table."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: tuple[str, ...] = ()
    """In words: headings of columns, or what every row has."""


def lay(columns: Sequence[Column], width: int, spare: Sequence[str] = (), same: Sequence[str] = ()) -> TableLines:
    """The table in lines of `width` at most.

    Columns without a figure in any row are left out first, then those of `spare` in its order; a column of `same` only
    where all rows have the same in it, which is then told. Where that isn't enough, a row takes two lines, names above
    figures, and what fits there is shown again.
    """
    kept, left_out = _reduced(columns, width, spare, same)
    if _width(kept) <= width:
        title, *lines = _lines(kept)
        return TableLines((title, _rule(kept)), tuple((line,) for line in lines), tuple(left_out))
    names = [column for column in columns if column.leading]
    figures, left_out = _reduced([column for column in columns if not column.leading], width - len(INDENT), spare, same)
    if _width(names) <= width:
        above = [[line] for line in _lines(names)]
    else:
        above = [list(cells) for cells in zip(*([c.title, *c.cells] for c in names), strict=True)]
    below = [INDENT + line for line in _lines(figures)]
    head, *rows = [[*top, line] for top, line in zip(above, below, strict=True)]
    return TableLines((*head, INDENT + _rule(figures)), tuple(map(tuple, rows)), tuple(left_out))


def _reduced(
    columns: Sequence[Column], width: int, spare: Sequence[str], same: Sequence[str]
) -> tuple[list[Column], list[str]]:
    """The columns that are left once they fit, or once nothing more can go; what went, in words."""
    kept, gone = list(columns), []
    empty = [column.name for column in columns if column.empty and column.name in spare]
    for name in dict.fromkeys((*empty, *spare)):
        if _width(kept) <= width:
            break
        for i, column in enumerate(kept):
            if column.brief is not None and column.brief.name == name:
                kept[i] = replace(column, cells=column.brief.cells, brief=None)
                gone.append(column.brief.title)
        for column in [each for each in kept if each.name == name]:
            if name not in same or len(set(column.cells)) == 1:
                kept.remove(column)
                gone.append(f"{column.title} ({column.cells[0]})" if name in same else column.title)
    return kept, gone


def _width(columns: Iterable[Column]) -> int:
    widths = [column.width for column in columns]
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _rule(columns: Iterable[Column]) -> str:
    return GAP.join("-" * column.width for column in columns)


def _lines(columns: Sequence[Column]) -> list[str]:
    """The heading and the rows."""
    rows = zip(*([column.title, *column.cells] for column in columns), strict=True)
    return [GAP.join(column.line(cell) for column, cell in zip(columns, row, strict=True)).rstrip() for row in rows]
