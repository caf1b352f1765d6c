"""Protocols of workers and executors, and the executors of installed packages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

from pytest_modellab.core.extensions import Extensions

if TYPE_CHECKING:
    from pytest_modellab.results.facts import Memory

    from .load_order import LoadOrder

LOCAL = "local"
IN_PROCESS = "in-process"


class WorkerDied(Exception):
    """The worker ended: it crashed, was killed, or timed out. `kind` is `crash` or `timeout`."""

    def __init__(self, kind: Literal["crash", "timeout"], reason: str, stderr: str = "") -> None:
        self.kind: Literal["crash", "timeout"] = kind
        self.reason = reason
        self.stderr = stderr
        super().__init__(f"{reason}\n{stderr}" if stderr else reason)


class Worker(Protocol):
    """A worker: it answers requests with one loaded engine."""

    memory: Memory

    @property
    def gone(self) -> bool:
        """Whether it has ended, so that it answers no more."""
        ...

    def request(self, message: dict[str, Any], payload: bytes = b"", *, timeout: float) -> dict[str, Any]:
        """The reply; samples that came with it are its `payload`. Raises WorkerDied; the worker is gone afterwards."""
        ...

    def close(self) -> None: ...


class Executor(Protocol):
    """An executor: it starts a session's workers. Its entry point is the class, which is called without arguments."""

    isolated: bool
    """Whether each worker is a process of its own: else it has no environment, and its times don't count."""

    def start(self, order: LoadOrder) -> Worker:
        """A worker for the model of `order`, which is loaded by its first request, `order.message()`."""
        ...


EXECUTORS: Extensions[type[Executor]] = Extensions("modellab.executors")


def own_executor(name: str) -> bool:
    """Whether an executor is of this package."""
    return EXECUTORS.place_of(name).startswith("pytest_modellab.")
