"""Guesses about a table that nobody has described: its columns, where its recordings lie, its language."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
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

# Words that stand in every English text, and are none of its neighbours', as `is`, `was`, `we` and `of` are in Dutch.
_ENGLISH = frozenset(
    {"the", "and", "to", "that", "it", "you", "with", "this", "are", "what", "they", "from", "your", "not"}
)
_LEAST_WORDS = 20
_ENGLISH_SHARE = 0.10


_SPEECH_TO_TEXT = re.compile(r"pred|hyp|asr|output|decoded")
"""In names of columns that hold what a model heard."""
_BEGINS = ("start", "start_time", "start_s", "begin")
_ENDS = ("end", "end_time", "end_s", "stop")
_PIECES = ("offset", "duration", "channel")
"""Keys by which a row is a piece of its recording."""


@dataclass(frozen=True)
class Columns:
    """The columns of a table, and where its recordings lie."""

    named: Mapping[str, str | None]
    """What a column holds -> its name, `audio` and `text` among them; None for one that isn't to be used."""
    inside: bool
    """Whether the recordings are in the table itself."""
    base: Path | None
    """The folder that paths of recordings start from, where it isn't the table's."""
    root: Path | None
    """A folder that holds all of them, where the one that they start from doesn't."""
    remarks: tuple[str, ...]


class NoColumn(ValueError):
    """A table in which no column holds what is needed."""


def columns_of(table: Table, place: Path, text: str | None = None) -> Columns:
    """The columns of a table whose file is `place`; `text` is that of the references, where it is known.

    Raises NoColumn, and as the table.
    """
    rows = [row.values for row in islice(table.rows(None), _SAMPLE)]
    if not rows:
        raise NoColumn(f"{place}: no rows")
    if any(Path(column).suffix.lower() in AUDIO_SUFFIXES for column in table.columns):
        raise NoColumn(
            f"{place}:1: the first line names a recording, where the columns' names are wanted: add a line such as"
            " `file,transcript` above it"
        )
    named = {key: found for key in NAMES if (found := _by_name(key, table.columns)) is not None}
    if text is None:
        _refuse_two_texts(table.columns, place)
    elif text in table.columns:
        named["text"] = text
    else:
        raise NoColumn(f"{place}: no column `{text}`; columns: {', '.join(table.columns)}")
    inside = _sound_column(table, named)
    if inside is not None:
        named["audio"], base, root = inside, None, None
    else:
        named["audio"], base, root = _recordings(rows, table.columns, named.get("audio"), place)
    if "text" not in named:
        named["text"] = _text_column(rows, [each for each in table.columns if each not in named.values()], place)
    if "id" in named and len({str(row.get(named["id"])) for row in rows}) < len(rows):
        del named["id"]
    ordered: dict[str, str | None] = {key: named[key] for key in NAMES if key in named}
    ordered |= _pieces(table, None if inside else named["audio"], place)
    ordered |= {key: key for key in ("kind", "snr_db") if key in table.columns}
    return Columns(ordered, inside is not None, base, root, tuple(_remarks(ordered, table, base)))


def _remarks(named: Mapping[str, str | None], table: Table, base: Path | None) -> Iterator[str]:
    others = [each for each in table.columns if each not in named.values() and each not in table.sounds]
    told = ", ".join(f"{key} = `{column}`" for key, column in named.items() if column is not None)
    kept = f"; kept as attributes: {', '.join(others)}" if others else ""
    yield f"columns: {told}{kept}"
    if base is not None:
        yield f"recordings: paths start from {base}"


def _refuse_two_texts(columns: Sequence[str], place: Path) -> None:
    """Raise NoColumn where two columns may be the references."""
    found = [each for each in columns if _plain(each) in _TEXTS]
    if len(found) > 1:
        either = " or ".join(f"`{each}`" for each in found)
        raise NoColumn(f"{place}: the transcripts may be {either}: say which by `--text COLUMN`")


_TEXTS = frozenset(name for name in NAMES["text"] if name not in {"label", "words"}) | {
    *("corrected_text", "clean_text", "ground_truth", "gold"),
}
"""Names of columns that are transcripts; `label` and `words` may be something else."""


def _pieces(table: Table, audio: str | None, place: Path) -> dict[str, str | None]:
    """What is said of pieces of recordings: of rows that share recordings where each begins and how long it is.

    Where every row has a recording of its own these columns say something of the whole, and cut nothing. `audio` is the
    column with paths; None where the table holds the recordings.
    """
    columns = table.columns
    names = [] if audio is None else [str(row.values.get(audio)) for row in table.rows(None)]
    shared = len(set(names)) < len(names)
    begins = next((each for each in columns if _plain(each) in ("offset", *_BEGINS)), None)
    if not shared:
        return {key: None for key in _PIECES if key in columns}
    if begins is None or "duration" not in columns:
        ends = next((each for each in columns if _plain(each) in _ENDS), None)
        if begins is not None or ends is not None:
            raise NoColumn(
                f"{place}: rows share recordings, so that each is a piece: pieces are told by where they begin and how"
                f" long they are, in seconds: a column `duration` beside `{begins or 'offset'}`"
            )
        return {key: key for key in _PIECES if key in columns}
    channel = {"channel": "channel"} if "channel" in columns else {}
    return {"offset": begins, "duration": "duration", **channel}


def _plain(column: str) -> str:
    return re.sub(r"[\s-]+", "_", column.strip().lower())


def _by_name(key: str, columns: Sequence[str]) -> str | None:
    plain = {_plain(column): column for column in reversed(columns)}
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
        found = {base: [base / path for path in paths if (base / path).is_file()] for base in _bases(place.parent)}
        best = max(found, key=lambda base: len(found[base]))  # of several alike the likeliest
        if found[best]:
            _refuse_ambiguous(found, best, place)
            here = [each.resolve() for each in found[best]]
            return column, (None if best == place.parent else best), _holder(here, best)
    if likeliest is not None:
        first = next((str(row[likeliest]) for row in rows if row.get(likeliest)), "")
        hint = "; `\\` divides folders on Windows only: write `/`" if "\\" in first else ""
        raise NoColumn(
            f"{place}: column `{likeliest}` names no recordings that are here: `{first}` is neither in"
            f" {place.parent} nor in a folder of it{hint}"
        )
    raise NoColumn(
        f"{place}: no column names recordings; columns: {', '.join(columns)}; call it `audio`, or write the file"
        " of the data set by hand (`table: {path: ..., audio: COLUMN, text: COLUMN}`)"
    )


def _refuse_ambiguous(found: Mapping[Path, Sequence[Path]], best: Path, place: Path) -> None:
    """Raise NoColumn where a path of the table is a file in several folders, none of which is the table's own."""
    others = [base for base, files in found.items() if files and base not in {best, place.parent}]
    if best != place.parent and others:
        folders = ", ".join(base.name for base in (best, *others))
        raise NoColumn(
            f"{place}: `{found[best][0].name}` may be in any of the folders {folders}: write paths from the table's own"
            " folder on"
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
    said = [column for column in columns if not _SPEECH_TO_TEXT.search(_plain(column))]
    words = {column: _mean_words(row.get(column) for row in rows) for column in said}
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
