"""What runs on a node of a Ray cluster: the host of one worker, which is a process of its own there."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_modellab.core.variables import set_numerical

from .shipping import Parcel, Shelf, package_digest

if TYPE_CHECKING:
    from pytest_modellab.catalog.environments import Environment

    from ..load_order import LoadOrder
    from ..local import LocalWorker


class Node(NamedTuple):
    """What a node is: its name, its hardware as records state it, and the versions of what runs there."""

    name: str
    hardware: dict[str, Any]
    versions: dict[str, str | None]


class Death(NamedTuple):
    """How the worker of a host ended."""

    kind: str
    reason: str
    stderr: str


class Host:
    """An actor. Its methods answer one after the other."""

    def __init__(self) -> None:
        from pytest_modellab.assets.store import cache_root

        self._shelf = Shelf(cache_root())
        self._places: dict[str, str] = {}
        self._worker: LocalWorker | None = None

    def node(self, distributions: Iterable[str]) -> Node:
        """This node, with the versions of these distributions, of Python and of this package's code."""
        return node_here(distributions)

    def place(self, parcel: Parcel) -> bool:
        """Whether the parcel lies here; else it is to be sent."""
        found = self._shelf.place(parcel)
        if found is not None:
            self._places[parcel.path] = str(found)
        return found is not None

    def receive(self, parcel: Parcel, name: str, piece: bytes) -> None:
        self._shelf.receive(parcel, name, piece)

    def complete(self, parcel: Parcel) -> None:
        self._places[parcel.path] = str(self._shelf.complete(parcel))

    def start(self, order: LoadOrder, code: Mapping[str, str], variables: Mapping[str, str]) -> str:
        """Start the worker, with environment variables of the session; why it can't be, else "".

        `code` is the session's `code_of`, which must be this node's.
        """
        from ..local import LocalWorker

        if order.path is not None and not Path(order.path).exists():
            return (
                f"no folder {order.path}, of the engine, on node {platform.node()}: it must be there at the same path"
            )
        environment = None if order.environment is None else environment_here(order.environment, order.distributions)
        if isinstance(environment, str):
            return environment
        for path in filter(None, (order.path, *order.handlers.values(), *(part.path for part in order.parts.values()))):
            if path not in sys.path:
                sys.path.append(path)
        here = code_of(replace(order, environment=environment))
        if other := sorted(module for module in code.keys() | here.keys() if code.get(module) != here.get(module)):
            return f"node {platform.node()} has other code than this session: {', '.join(other)}"
        set_numerical(variables)  # Ray sets threads for its own processes
        self._worker = LocalWorker(environment, gpu=order.device["kind"] == "cuda")
        return ""

    def request(self, message: dict[str, Any], payload: bytes, timeout: float) -> tuple[Any, dict[str, Any]]:
        """The reply, with the use of this node's cores; or how the worker ended. And its memory."""
        from pytest_modellab.results.conditions import beside

        from ..executor import WorkerDied

        worker = self._worker
        assert worker is not None  # `start` was called
        told = self._placed(message) if message.get("op") == "load" else message
        if message.get("op") == "reset-peak":
            worker.memory.restart()
        try:
            reply, use = beside(lambda: worker.request(told, payload, timeout=timeout))
        except WorkerDied as death:
            return Death(death.kind, death.reason, death.stderr), {}
        return {**reply, "core_use": asdict(use)}, vars(worker.memory)

    def close(self) -> None:
        if self._worker is not None:
            self._worker.close()

    def _placed(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """The message that loads the model, with the places that its weights have here."""
        parts = {role: self._placed(part) for role, part in message.get("parts", {}).items()}
        weights = message.get("weights")
        found = {**message, "weights": None if weights is None else self._places[weights]}
        if "device" in message and message["device"]["kind"] == "cuda":
            # Ray shows a process only the device that it was given.
            found["device"] = {**message["device"], "index": 0}
        return {**found, "parts": parts} if "parts" in message else found


def code_of(order: LoadOrder) -> dict[str, str]:
    """Digests of the files that a worker of this order runs, by module, as they lie on this machine."""
    from ..sources import of_answers, of_modules

    found = of_answers(order.engine, order.environment)
    for part in order.parts.values():
        found |= of_answers(part.engine, order.environment)
    return found | of_modules(order.handlers)


def environment_here(asked: Environment, distributions: Iterable[str]) -> Environment | str:
    """The environment on this node, built where it isn't there; or why it can't be had."""
    from pytest_modellab.assets.store import StoreError
    from pytest_modellab.catalog.environments import Environments, NoEnvironment

    if asked.interpreter.exists():
        return asked
    if asked.plan is None:
        return f"no interpreter {asked.interpreter} on node {platform.node()}: it must be there at the same path"
    try:
        found = Environments(Path()).built(asked.plan, lambda text: None)
    except (NoEnvironment, StoreError) as error:
        return f"node {platform.node()}: {error}"
    here, there = found.versions(distributions), asked.versions(distributions)
    if here != there:
        return f"the environment that was built on node {platform.node()} has {here}, the session's has {there}"
    return found


def node_here(distributions: Iterable[str]) -> Node:
    """This machine as a node."""
    from pytest_modellab.results import provenance

    versions = {**provenance.versions(tuple(distributions)), "python": ".".join(map(str, sys.version_info[:3]))}
    name = platform.node()
    return Node(name, {**provenance.hardware(), "node": name}, {**versions, "pytest-modellab's code": package_digest()})
