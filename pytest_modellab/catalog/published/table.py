"""Published models as CSV, a row each: written whole, and read with the row and column of each problem.

A cell of several sources or figures has a line for each; the parts of a line are divided by ` | `.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from ..base import MAX_BYTES
from ..errors import CatalogError, Problem, suggest
from ..validate import build
from ..yamlfile import Document
from .spec import Figure, PublishedModel, Source

COLUMNS = tuple(PublishedModel.model_fields)
DERIVED = ("local_models", "measured_here")
"""Written by the command, and passed over by the reader: they are computed."""

_APART = " | "
_MEASURED = re.compile(r"(?P<metric>\S+) = (?P<value>[^\s\[]+)(?: \[(?P<unit>[^\]]+)\])?")
_NAMED = re.compile(r"(?:missing key |unknown key )?`(?P<column>\w+)(?P<inside>[^`]*)`(?P<apart>: )?")


def text(models: Sequence[PublishedModel], derived: Sequence[Mapping[str, str]] | None = None) -> str:
    """All models with a line of headings; `derived` are the cells of each in the columns DERIVED."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(COLUMNS if derived is None else (*COLUMNS, *DERIVED))
    for i, model in enumerate(models):
        cells = [_cell(getattr(model, name)) for name in COLUMNS]
        writer.writerow(cells if derived is None else [*cells, *(derived[i].get(name, "") for name in DERIVED)])
    return written.getvalue()


def read(path: Path, known: Mapping[str, PublishedModel]) -> dict[str, PublishedModel]:
    """`known` with the rows of a file: a row with the id of a known model replaces the columns that the file has.

    An empty cell is a value that is absent. Raises CatalogError with every problem, its row and column.
    """
    found = dict(known)
    problems: list[Problem] = []
    rows: dict[str, int] = {}
    for number, line, cells in _rows(path, problems):
        id = cells.get("id", "")
        if id in rows:
            problems.append(_problem(path, line, number, f"`id`: duplicate id `{id}` (first in row {rows[id]})"))
            continue
        rows[id] = number
        model = _model(path, line, number, cells, known.get(id), problems)
        if model is not None:
            found[id] = model
    if problems:
        raise CatalogError(problems, path.parent)
    return found


def _rows(path: Path, problems: list[Problem]) -> Iterator[tuple[int, int, dict[str, str]]]:
    """Number, line and cells of each row, counted from 1 below the headings."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES / 1e6:g} MB")
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        problems.append(Problem(path, 1, "not UTF-8 text; save the file as UTF-8"))
        return
    except (OSError, ValueError) as error:
        problems.append(Problem(path, 1, f"can't be read: {getattr(error, 'strerror', None) or error}"))
        return
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    try:
        heads = next(reader, [])
        if not _right_heads(path, heads, problems):
            return
        line = reader.line_num + 1
        for number, cells in enumerate(reader, start=1):
            begun, line = line, reader.line_num + 1
            if not any(cells):
                continue
            if len(cells) != len(heads):
                message = f"{len(cells)} cells, but {len(heads)} headings"
                problems.append(_problem(path, begun, number, message))
                continue
            yield number, begun, {head: cell for head, cell in zip(heads, cells, strict=True) if head not in DERIVED}
    except csv.Error as error:
        problems.append(Problem(path, reader.line_num, f"not valid CSV: {error}"))


def _right_heads(path: Path, heads: Sequence[str], problems: list[Problem]) -> bool:
    wrong = [head for head in heads if head not in (*COLUMNS, *DERIVED)]
    problems += [Problem(path, 1, f"unknown column `{head}`; {suggest(head, COLUMNS)}") for head in wrong]
    twice = sorted({head for head in heads if heads.count(head) > 1})
    problems += [Problem(path, 1, f"the column `{head}` stands twice") for head in twice]
    if "id" not in heads and not wrong:
        problems.append(Problem(path, 1, "no column `id`: the first line names the columns"))
    return not problems


def _model(
    path: Path,
    line: int,
    number: int,
    cells: Mapping[str, str],
    replaced: PublishedModel | None,
    problems: list[Problem],
) -> PublishedModel | None:
    data = {} if replaced is None else replaced.model_dump(exclude_unset=True)
    document = Document(path, lines={(): line})
    for column, cell in cells.items():
        data.pop(column, None)
        try:
            if cell.strip():
                data[column] = _value(column, cell)
        except ValueError as error:
            document.problems.append(document.problem((), f"`{column}`: {error}"))
    wrong_cells = bool(document.problems)
    document.data = data
    model = None if wrong_cells else build(PublishedModel, document)
    problems += [_problem(path, line, number, each.message) for each in document.problems]
    return model


def _problem(path: Path, line: int, number: int, message: str) -> Problem:
    """With the row, and the column that a message begins with."""
    named = _NAMED.match(message)
    if named is None or named["column"] not in COLUMNS:
        return Problem(path, line, f"row {number}: {message}")
    # An index says nothing of a cell; a key inside of one does.
    bare = named["apart"] and "." not in named["inside"]
    return Problem(path, line, f"row {number}, column {named['column']}: {message[named.end() :] if bare else message}")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        whole = any(isinstance(each, Source | Figure) for each in value)
        return "\n".join(map(_line_of, value)) if whole else ", ".join(value)
    return str(value)


def _line_of(part: Source | Figure) -> str:
    if isinstance(part, Source):
        dates = [f"opened {part.opened}", *([f"dated {part.dated}"] if part.dated else [])]
        return _APART.join((part.title, part.url, *dates))
    unit = f" [{part.unit}]" if part.unit else ""
    return _APART.join((f"{part.metric} = {part.value!r}{unit}", part.data, _line_of(part.source)))


def _value(column: str, cell: str) -> Any:
    """What a cell says, for validation. Raises ValueError."""
    annotation = PublishedModel.model_fields[column].annotation
    if get_origin(annotation) is not tuple:
        return cell.strip()
    inner = get_args(annotation)[0]
    parse: Callable[[str], Any] | None = {Source: _source, Figure: _figure}.get(inner)
    if parse is None:
        return [each.strip() for each in cell.split(",")]
    return [parse(each.strip()) for each in cell.splitlines() if each.strip()]


def _source(line: str) -> dict[str, Any]:
    title, *rest = line.split(_APART)
    dates = dict(each.split(" ", 1) for each in rest[1:] if " " in each)
    if not rest or len(dates) != len(rest) - 1 or not {"opened"} <= dates.keys() <= {"opened", "dated"}:
        raise ValueError(f"write `title | address | opened 2026-01-31`, found `{line}`")
    return {"title": title, "url": rest[0], **dates}


def _figure(line: str) -> dict[str, Any]:
    first, *rest = line.split(_APART)
    measured = _MEASURED.fullmatch(first)
    if measured is None or len(rest) < 2:
        raise ValueError(f"write `wer = 0.05 | data set | title | address | opened 2026-01-31`, found `{line}`")
    given = {name: value for name, value in measured.groupdict().items() if value is not None}
    return {**given, "data": rest[0], "source": _source(_APART.join(rest[1:]))}
