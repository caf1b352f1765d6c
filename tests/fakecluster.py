"""A cluster of fake machines: workers of this process, and machines that are lost when told to."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from pytest_modellab.core.devices import Presence
from pytest_modellab.results import provenance
from pytest_modellab.runner.executor import EXECUTORS, RAY, ClusterSettings, HostLost
from pytest_modellab.runner.in_process import InProcessWorker
from pytest_modellab.runner.load_order import LoadOrder
from pytest_modellab.runner.local import LocalWorker

Loses = Callable[[dict[str, Any], int], bool]
"""Whether the machine is lost, by the message and how many messages its worker had before."""


class FakeCluster:
    """`machines` workers at once. Its entry point calls it, so an instance stands for the class."""

    isolated = True

    def __init__(
        self, machines: int = 3, loses: Loses = lambda message, before: False, *, processes: bool = False
    ) -> None:
        self.machines, self.loses, self.processes = machines, loses, processes
        self.started: list[LoadOrder] = []
        self.asked: list[tuple[str, int]] = []
        """Operation and worker, in the order of asking."""
        self.timing: str | None = "no node is set aside for timing"
        self.room = machines
        self.closed = 0
        self.lock = threading.Lock()

    def __call__(self) -> FakeCluster:
        return self

    def connect(self, settings: ClusterSettings) -> None: ...

    def presence(self, kind: str) -> Presence:
        return Presence(kind == "cpu", "" if kind == "cpu" else "no node has one")

    def workers(self, order: LoadOrder) -> int:
        return self.machines

    def no_timing(self) -> str | None:
        return self.timing

    def hardware(self, device: str) -> Mapping[str, Any]:
        return {**provenance.hardware(), "node": "fake"}

    def close(self) -> None:
        self.closed += 1

    def start(self, order: LoadOrder) -> FakeMachine:
        with self.lock:
            if self.room <= 0:
                raise HostLost("no node has room")
            self.room -= 1
            self.started.append(order)
            return FakeMachine(self, len(self.started))

    def asked_by(self) -> Counter[int]:
        """How many requests each worker had."""
        return Counter(worker for operation, worker in self.asked if operation == "transcribe")


class FakeMachine:
    """A worker with a machine to itself."""

    def __init__(self, cluster: FakeCluster, number: int) -> None:
        self._worker = LocalWorker() if cluster.processes else InProcessWorker()
        self._cluster, self._number, self._before = cluster, number, 0
        self.memory, self.gone = self._worker.memory, False
        self.hardware = {**provenance.hardware(), "node": f"fake-{number}"}

    def request(self, message: dict[str, Any], payload: bytes = b"", *, timeout: float) -> dict[str, Any]:
        assert not self.gone
        if self._cluster.loses(message, self._before):
            self._worker.close()
            self.gone = True
            with self._cluster.lock:
                self._cluster.room += 1
            raise HostLost("its node is gone")
        self._before += 1
        with self._cluster.lock:
            self._cluster.asked.append((message["op"], self._number))
        try:
            return self._worker.request(message, payload, timeout=timeout)
        finally:
            if self._worker.gone:
                self.close()

    def close(self) -> None:
        if not self.gone:
            self.gone = True
            self._worker.close()
            with self._cluster.lock:
                self._cluster.room += 1


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    """A cluster of three machines, in place of Ray's."""
    found = FakeCluster()
    monkeypatch.setitem(EXECUTORS._loaded, RAY, found)
    return found
