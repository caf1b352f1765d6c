"""Protocols of workers and executors, and the executors of installed packages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from pytest_modellab.core.extensions import Extensions

if TYPE_CHECKING:
    from pytest_modellab.core.devices import Presence
    from pytest_modellab.results.facts import Memory

    from .load_order import LoadOrder

LOCAL = "local"
IN_PROCESS = "in-process"
RAY = "ray"


class WorkerDied(Exception):
    """The worker ended: it crashed, was killed, or timed out. `kind` is `crash` or `timeout`."""

    def __init__(self, kind: Literal["crash", "timeout"], reason: str, stderr: str = "") -> None:
        self.kind: Literal["crash", "timeout"] = kind
        self.reason = reason
        self.stderr = stderr
        super().__init__(f"{reason}\n{stderr}" if stderr else reason)


class HostLost(WorkerDied):
    """The machine of a worker is gone, or doesn't answer: what was asked of it may be asked of another."""

    def __init__(self, reason: str) -> None:
        super().__init__("crash", reason)


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


@dataclass(frozen=True)
class ClusterSettings:
    """What a session tells an executor of several machines.

    Attributes:
        address: of the cluster; None for the one that the executor finds by itself.
        workers: how many answer a case at once; None for as many as there is room for.
        timing: the custom resource of the nodes that are set aside for timing; None for none.
    """

    address: str | None = None
    workers: int | None = None
    timing: str | None = None


@runtime_checkable
class Cluster(Executor, Protocol):
    """An executor of several machines: several of its workers answer a case at once."""

    def connect(self, settings: ClusterSettings) -> None:
        """Called once, before anything else. Raises ClusterError."""
        ...

    def presence(self, kind: str) -> Presence:
        """Whether a device of that kind is on some node."""
        ...

    def workers(self, order: LoadOrder) -> int:
        """How many workers for `order` there is room for, at least 1. Raises ClusterError where there is for none."""
        ...

    def no_timing(self) -> str | None:
        """Why nothing can be timed; None where a node is set aside for it."""
        ...

    def hardware(self, device: str) -> Mapping[str, Any]:
        """The hardware that a model on that kind of device would run on, as records state it."""
        ...

    def close(self) -> None: ...


class ClusterError(Exception):
    """A cluster that can't be reached, or can't do what is asked of it."""


EXECUTORS: Extensions[type[Executor]] = Extensions("modellab.executors")


def own_executor(name: str) -> bool:
    """Whether an executor is of this package."""
    return EXECUTORS.place_of(name).startswith("pytest_modellab.")


def code_behind(executor: Executor) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The modules between a request and its answer: those that count with what they import, and those by themselves.

    A worker of a cluster ends in the same process of the same code as a local one: their answers are the same, and
    count as such. What passes requests on to it counts by itself.
    """
    module, local = type(executor).__module__, EXECUTORS.place_of(LOCAL).partition(":")[0]
    passing_on = tuple(
        f"{__package__}.cluster.{path.stem}" for path in sorted((Path(__file__).parent / "cluster").glob("[!_]*.py"))
    )
    return ((local,), passing_on) if module == local or module in passing_on else ((module,), ())
