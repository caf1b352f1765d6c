"""An auxiliary model (judge, voice or grader) in a worker of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .bounds import MOST_CHARACTERS, bounded
from .executor import WorkerDied

if TYPE_CHECKING:
    from pytest_modellab.tasks.requests import Request

    from .executor import Worker
    from .load_order import LoadOrder

PER_AUDIO_SECOND = 20.0
"""Seconds that a second of audio may take, beside the time to load."""


class Serving:
    """A model that is loaded at the first request and closed when its context ends."""

    def __init__(
        self, name: str, order: LoadOrder, start: Callable[[LoadOrder], Worker], failure: type[Exception]
    ) -> None:
        """`failure` is what is raised where it can't be loaded, or fails on what it is given."""
        self._name = name
        self._order = order
        self._start = start
        self._failure = failure
        self._worker: Worker | None = None

    def ask(self, request: Request) -> dict[str, Any]:
        """Its reply. Raises `failure`."""
        try:
            if self._worker is None or self._worker.gone:
                self._worker = self._start(self._order)
                self._checked(self._worker.request(self._order.message(), timeout=self._order.timeout_s))
            timeout = self._order.timeout_s + PER_AUDIO_SECOND * request.audio_s
            return self._checked(self._worker.request(request.message, request.payload, timeout=timeout))
        except WorkerDied as death:
            self._worker = None
            raise self._failure(f"{self._name} failed: {death}") from death

    def _checked(self, reply: dict[str, Any]) -> dict[str, Any]:
        if "error" in reply:
            error = reply["error"]
            raise self._failure(f"{self._name} failed: {error['type']}: {error['message']}")
        reply, cut = bounded(reply)
        if cut:
            raise self._failure(f"{self._name} failed: it wrote {cut:,} characters; {MOST_CHARACTERS:,} are read")
        return reply

    def __enter__(self) -> Serving:
        return self

    def __exit__(self, *_: object) -> None:
        if self._worker is not None:
            self._worker.close()
