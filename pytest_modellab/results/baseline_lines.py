"""Lines of the files of baselines, those of answers and those of times: read and written."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from pytest_modellab.core.atomic import write_text
from pytest_modellab.core.schema_base import Stored

S = TypeVar("S", bound=Stored)
H = TypeVar("H", bound=Stored)
R = TypeVar("R", bound=Stored)


class BaselineError(Exception):
    """A baseline that can't be saved, read or compared with; the message says what to do."""


def write_lines(path: Path, lines: Iterable[Stored]) -> None:
    """Store each of `lines` as a line of JSON, whole or not at all."""
    rows = [json.dumps(each.model_dump(mode="json", by_alias=True), ensure_ascii=False) for each in lines]
    write_text(path, "\n".join(rows) + "\n")


def read_lines(path: Path, head: type[H], row: type[R], schema: str) -> tuple[H, tuple[R, ...]]:
    """The first line of a file and the others. Raises BaselineError, naming file and line."""
    try:
        # Not splitlines: a transcript may hold the other characters that it splits at.
        first, *others = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except (OSError, ValueError) as error:
        raise BaselineError(f"{path}: can't be read: {error}") from error
    return (
        _line(head, first, f"{path}:1", schema),
        tuple(_line(row, text, f"{path}:{i}", schema) for i, text in enumerate(others, 2)),
    )


def _line(kind: type[S], text: str, place: str, schema: str) -> S:
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise BaselineError(f"{place}: not a line of a {schema}: {first['msg']}") from error
