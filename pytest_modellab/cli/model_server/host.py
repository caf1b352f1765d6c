"""Loaded models of a server, which answer one call after the other."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool

Answer = TypeVar("Answer")
_OVER = object()


class RequestError(Exception):
    """A request that can't be answered; `state` is that of HTTP."""

    def __init__(self, message: str, state: int = 400) -> None:
        super().__init__(message)
        self.state = state


class Hosted:
    """A loaded engine. Calls wait for each other, in the order they came: engines take one at a time."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self._turn: asyncio.Lock | None = None
        self._calling = threading.Lock()

    async def call(self, function: Callable[[], Answer]) -> Answer:
        """What `function` gives, in a thread, when it is its turn."""
        async with self._own_turn():
            return await run_in_threadpool(self._alone, function)

    async def pieces(self, start: Callable[[], Iterator[Answer]]) -> AsyncIterator[Answer]:
        """What the iterator gives, piece by piece as it comes. It is closed where nobody reads on."""
        async with self._own_turn():
            pieces = await run_in_threadpool(self._alone, start)
            try:
                while True:
                    piece = await run_in_threadpool(self._alone, lambda: next(pieces, _OVER))
                    if piece is _OVER:
                        return
                    yield piece  # type: ignore[misc]  # _OVER is none
            finally:
                close = getattr(pieces, "close", None)
                if close is not None:
                    await run_in_threadpool(self._alone, close)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """The engine for several calls, none of others between them."""
        async with self._own_turn():
            yield

    def _own_turn(self) -> asyncio.Lock:
        # Made in the loop that serves: one is made before there is any.
        if self._turn is None:
            self._turn = asyncio.Lock()
        return self._turn

    def _alone(self, function: Callable[[], Answer]) -> Answer:
        # A client that goes away leaves its call running in its thread.
        with self._calling:
            return function()


class Models:
    """The models of a server by name."""

    def __init__(self, engines: Mapping[str, Any]) -> None:
        self._hosted = {name: Hosted(engine) for name, engine in engines.items()}

    @property
    def names(self) -> list[str]:
        return list(self._hosted)

    def of(self, name: Any, task: str) -> Hosted:
        """The model that a request names. Raises RequestError for one that isn't there, or not for the task."""
        hosted = self._hosted.get(name) if isinstance(name, str) else None
        if hosted is None:
            raise RequestError(f"no model {name!r:.80}: choose from {', '.join(self._hosted)}", 404)
        if task not in hosted.engine.tasks:
            raise RequestError(f"{name} does not do `{task}`, only {', '.join(sorted(hosted.engine.tasks))}")
        return hosted
