"""Guesses about a table that nobody has described: its columns, where its recordings lie, its language."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from pytest_modellab.core.language_tags import LanguageTagError, canonical_tag

from .columns import NAMES
from .folder import AUDIO_SUFFIXES
from .tables import Table

_SAMPLE = 200
"""Rows that are looked at."""
_MOST_FOLDERS = 50
_WORDS_OF_A_TEXT = 1.5
"""On average, of the cells of a column that may be references."""

# Words that stand in every English text, and hardly in one of another language.
_ENGLISH = frozenset(
    {
        *("the", "and", "of", "to", "is", "that", "it", "you", "for", "with", "this"),
        *("are", "have", "what", "was", "not", "we", "they", "from", "your"),
    }
)
_LEAST_WORDS = 20
_ENGLISH_SHARE = 0.10


@dataclass(frozen=True)
class Columns:
    """The columns of a table, and where its recordings lie."""

    named: Mapping[str, str]
    """What a column holds -> its name; `audio` and `text` among them."""
    inside: bool
    """Whether the recordings are in the table itself."""
    base: Path | None
    """The folder that paths of recordings start from, where it isn't the table's."""
    root: Path | None
    """A folder that holds all of them, where the one that they start from doesn't."""
    remarks: tuple[str, ...]


class NoColumn(ValueError):
    """A table in which no column holds what is needed."""


def columns_of(table: Table, place: Path) -> Columns:
    """The columns of a table whose file is `place`. Raises NoColumn, and as the table."""
    rows = [row.values for row in islice(table.rows(None), _SAMPLE)]
    if not rows:
        raise NoColumn(f"{place}: no rows")
    named = {key: found for key in NAMES if (found := _by_name(key, table.columns)) is not None}
    inside = _sound_column(table, named)
    if inside is not None:
        named["audio"], base, root = inside, None, None
    else:
        named["audio"], base, root = _recordings(rows, table.columns, named.get("audio"), place)
    if "text" not in named:
        named["text"] = _text_column(rows, [each for each in table.columns if each not in named.values()], place)
    if "id" in named and len({str(row.get(named["id"])) for row in rows}) < len(rows):
        del named["id"]
    ordered = {key: named[key] for key in NAMES if key in named}
    return Columns(ordered, inside is not None, base, root, _remarks(ordered, table))


def _remarks(named: Mapping[str, str], table: Table) -> tuple[str, ...]:
    others = [each for each in table.columns if each not in named.values() and each not in table.sounds]
    told = ", ".join(f"{key} = `{column}`" for key, column in named.items())
    kept = f"; kept as attributes: {', '.join(others)}" if others else ""
    return (f"columns: {told}{kept}",)


def _by_name(key: str, columns: Sequence[str]) -> str | None:
    plain = {re.sub(r"[\s-]+", "_", column.strip().lower()): column for column in reversed(columns)}
    return next((plain[name] for name in NAMES[key] if name in plain), None)


def _sound_column(table: Table, named: Mapping[str, str]) -> str | None:
    if named.get("audio") in table.sounds:
        return named["audio"]
    return min(table.sounds) if table.sounds else None


def _recordings(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], likeliest: str | None, place: Path
) -> tuple[str, Path | None, Path | None]:
    """The column with paths of recordings, the folder they start from if not the table's, and one that holds all."""
    candidates = [likeliest] if likeliest is not None else [each for each in columns if _looks_like_files(rows, each)]
    for column in candidates:
        paths = [str(row[column]) for row in rows if row.get(column)]
        for base in _bases(place.parent):
            if any((base / path).is_file() for path in paths):
                here = [(base / path).resolve() for path in paths if (base / path).is_file()]
                root = _holder(here, base)
                return column, (None if base == place.parent else base), root
    if likeliest is not None:
        first = next((str(row[likeliest]) for row in rows if row.get(likeliest)), "")
        raise NoColumn(
            f"{place}: column `{likeliest}` names no recordings that are here: `{first}` is neither in"
            f" {place.parent} nor in a folder of it"
        )
    raise NoColumn(
        f"{place}: no column names recordings; columns: {', '.join(columns)}; call it `audio`, or write the file"
        " of the data set by hand (`table: {path: ..., audio: COLUMN, text: COLUMN}`)"
    )


def _looks_like_files(rows: Sequence[Mapping[str, Any]], column: str) -> bool:
    cells = [str(row.get(column) or "") for row in rows]
    return all(Path(cell).suffix.lower() in AUDIO_SUFFIXES for cell in cells if cell) and any(cells)


def _bases(folder: Path) -> Iterable[Path]:
    """The folders that paths of a table may start from, the likeliest first."""
    yield folder
    yield from sorted(each for each in islice(folder.iterdir(), _MOST_FOLDERS) if each.is_dir())
    yield folder.parent


def _holder(files: Sequence[Path], base: Path) -> Path | None:
    """A folder with all of `files`; None where `base` has them."""
    if all(file.is_relative_to(base.resolve()) for file in files):
        return None
    return Path(os.path.commonpath([file.parent for file in files]))


def _text_column(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], place: Path) -> str:
    """The column with the most words."""
    words = {column: _mean_words(row.get(column) for row in rows) for column in columns}
    best = max(words, key=lambda column: words[column], default=None)
    if best is None or words[best] < _WORDS_OF_A_TEXT:
        raise NoColumn(
            f"{place}: no column holds transcripts; columns: {', '.join(columns) or 'none besides the recordings'};"
            " call it `text`"
        )
    return best


def _mean_words(cells: Iterable[Any]) -> float:
    texts = [cell for cell in cells if isinstance(cell, str) and cell.strip()]
    return sum(len(text.split()) for text in texts) / len(texts) if texts else 0.0


def language_of(texts: Iterable[str]) -> str | None:
    """`en` for English texts, by the share of its commonest words; None for others, and for few words."""
    words = [word.strip(".,?!;:\"'()").lower() for text in islice(texts, _SAMPLE) for word in text.split()]
    if len(words) < _LEAST_WORDS:
        return None
    return "en" if sum(word in _ENGLISH for word in words) / len(words) >= _ENGLISH_SHARE else None


def common_language(cells: Iterable[Any]) -> str | None:
    """The language that all cells of a column name; None for several, and where they name none."""
    found = {str(cell) for cell in islice(cells, _SAMPLE) if cell}
    try:
        return canonical_tag(found.pop()) if len(found) == 1 else None
    except LanguageTagError:
        return None
