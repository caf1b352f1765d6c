"""Parts of a composite model: each computes with its own number of threads.

The number of threads of torch belongs to the process. Every engine on it sets the number while it loads, and so does
CTranslate2, which reaches torch's OpenMP: what is loaded last would decide for all. So each call sets its own.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import wraps
from typing import Any

from .base import ModelPart

_NO_CALLS = frozenset({"load", "synchronize", "close"})


def loaded(parts: Iterable[ModelPart]) -> list[Any]:
    """The engines of parts that share this process, loaded in order; each with the threads that it was loaded with."""
    return [_with_own_threads(part.engine.load(part.request)) for part in parts]


def _with_own_threads(engine: Any) -> Any:
    torch = sys.modules.get("torch")
    if torch is None:
        return engine  # it can't be on torch
    threads = torch.get_num_threads()
    for name, _ in inspect.getmembers(type(engine), inspect.isfunction):
        if not name.startswith("_") and name not in _NO_CALLS:
            own = _called_with(getattr(engine, name), lambda: torch.set_num_threads(threads))
            with suppress(AttributeError):  # of a class with slots, which keeps the threads of what was loaded last
                object.__setattr__(engine, name, own)
    return engine


def _called_with(method: Callable[..., Any], set_threads: Callable[[], object]) -> Callable[..., Any]:
    @wraps(method)
    def call(*arguments: Any, **options: Any) -> Any:
        set_threads()
        found = method(*arguments, **options)
        return _pieces(found, set_threads) if isinstance(found, Iterator) else found

    return call


def _pieces(pieces: Iterator[Any], set_threads: Callable[[], object]) -> Iterator[Any]:
    """Pieces that are made as they are asked for; another part may compute between two of them."""
    try:
        while True:
            set_threads()
            try:
                piece = next(pieces)
            except StopIteration:
                return
            yield piece
    finally:
        if close := getattr(pieces, "close", None):
            close()
