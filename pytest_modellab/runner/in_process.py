"""Engines in the session's own process, for a debugger: no time-outs, no memory values, no protection from crashes."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from pytest_modellab.results.facts import Memory

from .clock import believed
from .descendants import descendants_cpu_s
from .run_delay import delays, waited_s

if TYPE_CHECKING:
    from .load_order import LoadOrder


class InProcessExecutor:
    """The executor that starts no process."""

    isolated = False

    def start(self, order: LoadOrder) -> InProcessWorker:
        return InProcessWorker()


class InProcessWorker:
    """A worker in this process."""

    def __init__(self) -> None:
        from .worker import Host

        self._host = Host()
        self.memory = Memory()
        self.gone = False

    def request(self, message: dict[str, Any], payload: bytes = b"", *, timeout: float) -> dict[str, Any]:
        started_s, before, start = descendants_cpu_s(os.getpid()), delays(os.getpid()), time.monotonic()
        reply, samples = self._host.answer(message, payload)
        reply.pop("cpu_s", None)  # the session's own, which it knows
        reply = believed(reply, time.monotonic() - start)
        reply["descendants_cpu_s"] = max(0.0, descendants_cpu_s(os.getpid()) - started_s)
        reply["waited_s"] = waited_s(before, delays(os.getpid()))
        return {**reply, "payload": samples} if samples else reply

    def close(self) -> None:
        self._host.close()
