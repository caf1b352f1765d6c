"""The memory of a server while a level lasts, looked at a few times a second."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

EVERY_S = 0.5


class ServerMemory:
    """A context in which `look` is called, in a thread of its own; `highest` is the most that it told.

    None where there is nobody to ask, or nothing was told.
    """

    def __init__(self, look: Callable[[], int | None] | None) -> None:
        self.highest: int | None = None
        self._look = look
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> ServerMemory:
        if self._look is not None:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._look is not None:
            self._ended.set()
            self._thread.join()

    def _watch(self) -> None:
        assert self._look is not None
        while True:
            ended = self._ended.wait(EVERY_S)
            found = self._look()
            self.highest = max(self.highest or 0, found or 0) or None
            if ended:
                return
