"""Workers on the nodes of a Ray cluster: each is hosted by an actor there."""

from __future__ import annotations

import math
import signal
import socket
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Literal, cast

from pytest_modellab.core.devices import Presence
from pytest_modellab.core.hardware import Hardware
from pytest_modellab.core.variables import numerical
from pytest_modellab.results.facts import Memory

from ..executor import ClusterError, ClusterSettings, HostLost, WorkerDied
from .ray_host import Death, Host, Node, code_of, node_here
from .shipping import Parcel, chunks, parcel_of

if TYPE_CHECKING:
    from pathlib import Path

    from ..load_order import LoadOrder

KNOCK_S = 10.0
"""For somebody to answer at the cluster's address."""
START_S = 120.0
"""For room on a node, and for the actor's process to be there."""
TIMING_S = 3600.0
"""For the node that is set aside for timing, which others may be timing on."""
BUILD_S = 3600.0
"""For an environment of a model's own, which may have to be built on the node."""
GRACE_S = 30.0
"""Beyond the time that a worker has: then its node doesn't answer."""
_NAMESPACE = "modellab"


class RayExecutor:
    """Starts workers on the nodes of a Ray cluster."""

    isolated = True

    def __init__(self) -> None:
        self._settings = ClusterSettings()
        self._ray: Any = None
        self._began = False
        self._lock = threading.RLock()
        self._on: Counter[str] = Counter()
        """Workers of this session by node."""
        self._parcels: dict[Path, Parcel] = {}
        self._sending: dict[tuple[str, str], threading.Lock] = {}
        self._reference: dict[str, Node] = {}
        """By kind of device, the node whose hardware and versions all others must be like."""

    def connect(self, settings: ClusterSettings) -> None:
        self._settings = settings

    def presence(self, kind: str) -> Presence:
        if kind == "cpu" or (kind == "cuda" and any(node["Resources"].get("GPU", 0) > 0 for node in self._nodes())):
            return Presence(True)
        return Presence(False, f"no node of the cluster has a device of the kind {kind}")

    def workers(self, order: LoadOrder) -> int:
        room = sum(_room(node, _needs(order)) for node in self._places())
        if not room:
            raise ClusterError(
                f"no node of the Ray cluster has room for a worker that needs {_told(_needs(order))}; the model's spec"
                " tells what it needs by `cluster:`"
            )
        return min(room, self._settings.workers or room)

    def no_timing(self) -> str | None:
        if self._settings.timing is None:
            return "no node of the cluster is set aside for timing (--lab-ray-timing)"
        if not self._timing_nodes():
            return f"no node of the cluster has the resource {self._settings.timing}"
        return None

    def hardware(self, device: str) -> Mapping[str, Any]:
        if device not in self._reference:
            ray, kind = self._connected(), "GPU" if device == "cuda" else "CPU"
            nodes = [each["NodeID"] for each in self._places() if each["Resources"].get(kind, 0) > 0]
            if not nodes:
                raise ClusterError(f"no node of the Ray cluster has a {kind}")
            found = self._probed(ray, nodes)
            with self._lock:
                self._reference.setdefault(device, found)
        return self._reference[device].hardware

    def _probed(self, ray: Any, nodes: Sequence[str]) -> Node:
        """The first of these nodes that tells what it is: the cluster may list some that are gone."""
        why = ""
        for node in nodes:
            probe = ray.remote(node_here).options(num_cpus=0, scheduling_strategy=self._on_node(node), max_retries=0)
            try:
                return Node(*ray.get(probe.remote(()), timeout=START_S))
            except ray.exceptions.RayError as error:
                why = _first_line(error)
        raise ClusterError(f"no node of the Ray cluster answers: {why}")

    def start(self, order: LoadOrder) -> RayWorker:
        """A worker on a node with room for it. Raises HostLost where there is none, ClusterError."""
        ray, timing = self._connected(), order.alone and self._settings.timing is not None
        if order.alone and (why := self.no_timing()) is not None:
            raise ClusterError(why)
        needs = _needs(order)
        with self._lock:
            node = self._chosen(needs, timing=timing)
            self._on[node["NodeID"]] += 1
        if timing:
            # All of its processors: nothing else runs there.
            resources = {**needs["resources"], str(self._settings.timing): 1}
            needs = {**needs, "num_cpus": node["Resources"].get("CPU", 0), "resources": resources}
        actor = ray.remote(Host).options(
            **needs, max_restarts=0, max_task_retries=0, scheduling_strategy=self._on_node(node["NodeID"])
        )
        try:
            worker = RayWorker(
                ray, actor.remote(), lambda: self._ended(node["NodeID"]), TIMING_S if timing else START_S
            )
        except BaseException:
            self._ended(node["NodeID"])
            raise
        try:
            self._prepare(worker, node["NodeID"], order)
        except BaseException:
            worker.close()
            raise
        return worker

    def close(self) -> None:
        """Leave the cluster, where this executor has joined it."""
        if self._began:
            self._ray.shutdown()
            self._began = False

    def _ended(self, node: str) -> None:
        with self._lock:
            self._on[node] -= 1

    def _connected(self) -> Any:
        with self._lock:
            if self._ray is None:
                try:
                    import ray
                except ImportError:
                    raise ClusterError("Ray is not installed; pip install 'pytest-modellab[ray]'") from None
                if not ray.is_initialized():
                    self._join(ray)
                    self._began = True
                self._ray = ray
            return self._ray

    def _join(self, ray: Any) -> None:
        """Connect to the cluster. Raises ClusterError."""
        address = self._settings.address
        try:
            if address is not None:
                _knock(address)  # Ray itself tries for minutes
            with _usual_signals():
                ray.init(address=address or "auto", namespace=_NAMESPACE, log_to_driver=False, logging_level="ERROR")
        except (OSError, RuntimeError, ValueError) as error:
            raise ClusterError(
                f"the Ray cluster ({address or 'of this machine'}) can't be reached: {error}; `ray start --head` begins"
                " one, --lab-ray-address names another"
            ) from None

    def _nodes(self) -> list[dict[str, Any]]:
        return [node for node in self._connected().nodes() if node["Alive"]]

    def _timing_nodes(self) -> list[dict[str, Any]]:
        return [node for node in self._nodes() if node["Resources"].get(self._settings.timing, 0) >= 1]

    def _places(self) -> list[dict[str, Any]]:
        """The nodes for what isn't timed: those that aren't set aside, where there are any."""
        set_aside = {node["NodeID"] for node in self._timing_nodes()} if self._settings.timing else set()
        nodes = self._nodes()
        return [node for node in nodes if node["NodeID"] not in set_aside] or nodes

    def _chosen(self, needs: Mapping[str, Any], *, timing: bool) -> dict[str, Any]:
        """The node with the most room that this session leaves. Raises HostLost."""
        nodes = self._timing_nodes() if timing else self._places()
        nodes = [node for node in nodes if _room(node, needs)]
        if not nodes:
            raise HostLost(f"no node of the Ray cluster has room for a worker that needs {_told(needs)}")
        return min(nodes, key=lambda node: (self._on[node["NodeID"]] / _room(node, needs), node["NodeID"]))

    def _on_node(self, node: str) -> Any:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        return NodeAffinitySchedulingStrategy(node_id=node, soft=False)

    def _prepare(self, worker: RayWorker, node: str, order: LoadOrder) -> None:
        """Have the weights on the node, and the worker started. Raises ClusterError, HostLost."""
        found = Node(*worker.call("node", order.distributions))
        self._check(found, order)
        worker.hardware = found.hardware
        for path in (order.weights, *(part.weights for part in order.parts.values())):
            if path is not None:
                self._send(worker, node, self._parcel(path))
        within_s = START_S if order.environment is None else BUILD_S
        if why := worker.call("start", order, code_of(order), numerical(), timeout=within_s):
            raise ClusterError(why)

    def _check(self, found: Node, order: LoadOrder) -> None:
        """Raise ClusterError for a node whose answers would be others than those of the nodes before it."""
        here = node_here(order.distributions)
        if different := [name for name, version in here.versions.items() if found.versions.get(name) != version]:
            told = "; ".join(
                f"{each}: {_short(found.versions.get(each))}, here {_short(here.versions[each])}" for each in different
            )
            raise ClusterError(f"node {found.name} has other versions than this session: {told}")
        device = order.device["kind"]
        with self._lock:
            known = self._reference.setdefault(device, found)
        likeness = Hardware.stated(known.hardware, device).same_answers(Hardware.stated(found.hardware, device))
        if likeness.differing:
            raise ClusterError(
                f"nodes {known.name} and {found.name} may answer differently: {likeness.told()}; ask for nodes of one"
                " kind by a custom resource, under `cluster: resources:` of the model's spec"
            )

    def _parcel(self, path: Path) -> Parcel:
        with self._lock:
            if path not in self._parcels:
                self._parcels[path] = parcel_of(path)
            return self._parcels[path]

    def _send(self, worker: RayWorker, node: str, parcel: Parcel) -> None:
        """Have a parcel on a node: once, however many workers there want it."""
        with self._lock:
            sending = self._sending.setdefault((node, parcel.digest), threading.Lock())
        with sending:
            if worker.call("place", parcel):
                return
            for name, piece in chunks(parcel):
                worker.call("receive", parcel, name, piece)
            worker.call("complete", parcel)


class RayWorker:
    """A worker of a node, as its session sees it."""

    def __init__(self, ray: Any, host: Any, ended: Any, within_s: float) -> None:
        """`ended` is called once it is closed. Raises HostLost where it isn't there within `within_s`."""
        self.memory = Memory()
        self.hardware: Mapping[str, Any] | None = None
        self._ray, self._host, self._ended = ray, host, ended
        self._gone = False
        try:
            ray.get(host.__ray_ready__.remote(), timeout=within_s)
        except ray.exceptions.RayError as error:
            with suppress(Exception):  # there may be nothing to kill
                ray.kill(host)
            raise HostLost(f"no worker within {within_s:.0f} s: {_first_line(error)}") from None

    @property
    def gone(self) -> bool:
        return self._gone

    def call(self, method: str, *arguments: Any, timeout: float = START_S) -> Any:
        """What a method of its host returns. Raises HostLost, or WorkerDied where it fails on its node."""
        exceptions = self._ray.exceptions
        try:
            return self._ray.get(getattr(self._host, method).remote(*arguments), timeout=timeout)
        except exceptions.RayTaskError as error:
            self._end()
            raise WorkerDied("crash", f"on its node: {_first_line(error.cause)}", str(error)) from None
        except exceptions.GetTimeoutError:
            self._end()
            raise HostLost(f"its node said nothing for {timeout:.0f} s") from None
        except exceptions.RayError as error:
            self._end()
            raise HostLost(f"its node is gone: {_first_line(error)}") from None
        except BaseException:
            self._end()  # Ctrl-C: nobody is left to read the reply
            raise

    def request(self, message: dict[str, Any], payload: bytes = b"", *, timeout: float) -> dict[str, Any]:
        if self._gone:
            raise WorkerDied("crash", "the worker was ended before, when what had asked it was broken off")
        found, memory = self.call("request", message, payload, timeout, timeout=timeout + GRACE_S)
        if isinstance(found, Death):
            self._end()
            raise WorkerDied(cast("Literal['crash', 'timeout']", found.kind), found.reason, found.stderr)
        vars(self.memory).update({name: value for name, value in memory.items() if value is not None})
        reply: dict[str, Any] = found
        return reply

    def close(self) -> None:
        """End it; safe to repeat."""
        if not self._gone:
            with suppress(self._ray.exceptions.RayError):
                self._ray.get(self._host.close.remote(), timeout=GRACE_S)
        self._end()

    def _end(self) -> None:
        if self._gone:
            return
        self._gone = True
        with suppress(Exception):  # the cluster itself may be gone
            self._ray.kill(self._host)
        self._ended()


def _knock(address: str) -> None:
    """Raises OSError where nobody listens at `host:port`, ValueError for another form."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdecimal():
        raise ValueError("an address is HOST:PORT, or ray://HOST:PORT")
    with socket.create_connection((host.strip("[]"), int(port)), timeout=KNOCK_S):
        pass


@contextmanager
def _usual_signals() -> Iterator[None]:
    """Ray takes SIGTERM for itself, which would end a session without its scorecard."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is not before:
            signal.signal(signal.SIGTERM, before)


def _needs(order: LoadOrder) -> dict[str, Any]:
    """What a worker takes of a node."""
    gpus = 1.0 if order.device["kind"] == "cuda" else 0.0
    told = order.needs
    return {
        "num_cpus": told.get("num_cpus", order.options.get("cpu_threads") or 1),
        "num_gpus": told.get("num_gpus", gpus),
        "resources": dict(told.get("resources", {})),
    }


def _wants(needs: Mapping[str, Any]) -> dict[str, float]:
    return {"CPU": needs["num_cpus"], "GPU": needs["num_gpus"], **needs["resources"]}


def _room(node: Mapping[str, Any], needs: Mapping[str, Any]) -> int:
    """How many workers a node has room for while nothing else runs on it."""
    ratios = [node["Resources"].get(name, 0) / amount for name, amount in _wants(needs).items() if amount]
    return math.floor(min(ratios, default=1.0) + 1e-9)


def _told(needs: Mapping[str, Any]) -> str:
    return ", ".join(f"{amount:g} {name}" for name, amount in _wants(needs).items() if amount) or "nothing"


def _short(version: str | None) -> str:
    return "none" if version is None else version[:12]


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"[:300]
