"""The SHA-256 of JSON that is too large to be held: lists are given as iterators."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any


def json_digest(values: Iterable[Any]) -> str:
    """Of the list of these values, as `json.dumps(..., ensure_ascii=False)` writes it; an iterator is a list."""
    digest = hashlib.sha256()
    for piece in _list(values):
        digest.update(piece.encode())
    return digest.hexdigest()


def _list(values: Iterable[Any]) -> Iterator[str]:
    yield "["
    for i, value in enumerate(values):
        if i:
            yield ", "
        if isinstance(value, Iterator):
            yield from _list(value)
        else:
            yield json.dumps(value, ensure_ascii=False)
    yield "]"
