"""The columns of a table of utterances, and rows as columns.

Texts, times and attributes are columns of their own, and so are the counts of a transcript (`asr.words.hits`). What
only some tasks have besides is JSON in the column `parts`. The contributions of the rows to each metric follow
(`contributions.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from math import isfinite
from typing import Any, Literal

import pyarrow as pa
from pydantic import TypeAdapter
from pydantic_core import from_json, to_json

from pytest_modellab.core.schema_base import Failure
from pytest_modellab.tasks.asr.counts import KINDS, PATHS, UNITS
from pytest_modellab.tasks.asr.record import Transcript
from pytest_modellab.tasks.parts import utterance_parts

from ..record import BatchRef, UtteranceResult

SCHEMA: Literal["modellab.utterances/1"] = "modellab.utterances/1"

_TEXTS = ("id", "reference", "hypothesis", "detected_language", "speaker", "language", "kind", "prompt")
_NUMBERS = ("audio_s", "processing_s", "snr_db", "client_s")
_COUNTS = ("cut_from", "retries")
_JSON = ("error", "attributes", "batch", "parts")
_EMPTY: dict[str, Callable[[], Any]] = {"attributes": dict, "parts": dict}
"""Of JSON fields what is stored as null, where that isn't None."""
PARTS = ("parts", *PATHS)
"""The columns of the parts of a row."""

ROWS = pa.schema(
    [
        *((name, pa.string()) for name in _TEXTS),
        *((name, pa.float64()) for name in _NUMBERS),
        *((name, pa.int64()) for name in _COUNTS),
        *((name, pa.string()) for name in _JSON),
        *((name, pa.int64()) for name in PATHS),
    ]
)
"""The columns of the rows themselves."""

_list_of_rows: TypeAdapter[list[UtteranceResult]] = TypeAdapter(list[UtteranceResult])


def encoded(rows: Sequence[UtteranceResult]) -> pa.Table:
    """Rows as columns."""
    columns: dict[str, list[Any]] = {name: [getattr(row, name) for row in rows] for name in (*_TEXTS, *_COUNTS)}
    for name in _NUMBERS:
        # As JSON has them: what is no finite number is null.
        values = (getattr(row, name) for row in rows)
        columns[name] = [value if value is not None and isfinite(value) else None for value in values]
    for name in ("error", "attributes", "batch"):
        columns[name] = [_json(getattr(row, name)) for row in rows]
    columns |= encoded_parts([row.parts for row in rows])
    return pa.table([pa.array(columns[each.name], each.type) for each in ROWS], schema=ROWS)


def encoded_parts(parts: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """The parts of rows as the columns `PARTS`."""
    columns: dict[str, list[Any]] = {name: [] for name in PARTS}
    for each in parts:
        transcript = each.get("asr")
        if not isinstance(transcript, Transcript):
            columns["parts"].append(_json(each))
            for path in PATHS:
                columns[path].append(None)
            continue
        columns["parts"].append(_json({task: part for task, part in each.items() if task != "asr"}))
        counts = [getattr(getattr(transcript, unit), kind) for unit in UNITS for kind in KINDS]
        for path, count in zip(PATHS, counts, strict=True):
            columns[path].append(count)
    return columns


def _json(value: Any) -> str | None:
    return to_json(value, inf_nan_mode="null").decode() if value else None


def decoded(table: pa.Table | pa.RecordBatch) -> list[UtteranceResult]:
    """The rows of a table's columns. Raises pydantic.ValidationError for what no record holds."""
    names = [*_TEXTS, *_NUMBERS, *_COUNTS]
    columns = [table.column(name).to_pylist() for name in names]
    stored = [_parsed(table, name) for name in ("error", "attributes", "batch")]
    names += ["error", "attributes", "batch", "parts"]
    rows = zip(*columns, *stored, _parts(table), strict=True)
    return _list_of_rows.validate_python([dict(zip(names, row, strict=True)) for row in rows])


def columns_of(field: str) -> tuple[str, ...]:
    """The columns that hold a field of a row."""
    return PARTS if field == "parts" else (field,)


def field_values(table: pa.RecordBatch, field: str) -> Iterator[Any]:
    """The values of one field, in the types of a row."""
    match field:
        case "error":
            return (each and Failure.model_validate(each) for each in _parsed(table, field))
        case "batch":
            return (each and BatchRef.model_validate(each) for each in _parsed(table, field))
        case "parts":
            return (utterance_parts(each) for each in _parts(table))
        case "attributes":
            return iter(_parsed(table, field))
        case _:
            return iter(table.column(field).to_pylist())


def _parsed(table: pa.Table | pa.RecordBatch, name: str) -> list[Any]:
    empty = _EMPTY.get(name, lambda: None)
    return [empty() if text is None else _from_json(text) for text in table.column(name).to_pylist()]


@lru_cache(maxsize=256)
def _from_json(text: str) -> Any:
    """Attributes and the like, of which many rows have the same; nobody changes them."""
    return from_json(text)


def _parts(table: pa.Table | pa.RecordBatch) -> Iterator[dict[str, Any]]:
    counts = zip(*(table.column(path).to_pylist() for path in PATHS), strict=True)
    for text, found in zip(table.column("parts").to_pylist(), counts, strict=True):
        parts: dict[str, Any] = {} if text is None else from_json(text)
        if found[0] is None:
            yield parts
            continue
        half = len(KINDS)
        yield {
            "asr": {
                unit: dict(zip(KINDS, found[i * half : (i + 1) * half], strict=True)) for i, unit in enumerate(UNITS)
            },
            **parts,
        }
