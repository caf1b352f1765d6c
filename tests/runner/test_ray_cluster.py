"""A Ray cluster of two nodes on this machine: real actors, a node that is killed, real weights on real speech."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakeruns import FakeRuns

from pytest_modellab.core.hardware import Hardware
from pytest_modellab.results.record_files import canonical
from pytest_modellab.runner.cluster import ray_executor
from pytest_modellab.runner.cluster.ray_executor import RayExecutor
from pytest_modellab.runner.cluster.ray_host import node_here
from pytest_modellab.runner.executor import LOCAL, RAY, ClusterError, ClusterSettings, HostLost, WorkerDied
from pytest_modellab.runner.load_order import LoadOrder

pytest.importorskip("ray")
TEXTS = tuple(f"clip number {i}" for i in range(12))
FAKE = "modellab_fake_engine:FakeEngine"
ORDER = LoadOrder(
    FAKE, {}, {"kind": "cpu", "index": 0, "shared": False}, None, 0, 60, distributions=("modellab-fake-engine",)
)


class Nodes:
    """The cluster, and its nodes beside the head."""

    def __init__(self, cluster: Any) -> None:
        self.cluster = cluster
        self.address: str = cluster.address

    def add(self, **resources: float) -> Any:
        return self.cluster.add_node(num_cpus=2, resources=resources)

    def kill(self, node: Any) -> None:
        self.cluster.remove_node(node, allow_graceful=False)

    def settle(self, executor: RayExecutor) -> None:
        """Wait until the cluster has noticed which nodes are gone."""
        end = time.monotonic() + 60
        while len(executor._nodes()) > 1 and time.monotonic() < end:
            time.sleep(0.1)


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        # Nodes import what the tests do.
        patch.setenv(
            "PYTHONPATH",
            os.pathsep.join([str(Path(__file__).parents[1] / "fake_engine"), str(Path(__file__).parents[1])]),
        )
        patch.setenv("RAY_DISABLE_IMPORT_WARNING", "1")
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
        try:
            yield Nodes(cluster)
        finally:
            cluster.shutdown()


@pytest.fixture
def executor(nodes: Nodes) -> Iterator[RayExecutor]:
    found = RayExecutor()
    found.connect(ClusterSettings(nodes.address))
    nodes.settle(found)
    yield found
    found.close()


class Clips(FakeRuns):
    texts = TEXTS

    def on(self, nodes: Nodes, **settings: Any) -> dict[str, Any]:
        return {"executor": RAY, "cluster": ClusterSettings(nodes.address, **settings)}


@pytest.fixture
def clips(runs: FakeRuns) -> Clips:
    return Clips(runs.path / "ray")


def test_the_record_is_that_of_the_local_executor(clips: Clips, nodes: Nodes) -> None:
    second = nodes.add()
    spread = clips.ready(wrong={3: "something else"}).measured(**clips.on(nodes))
    nodes.kill(second)
    assert sorted(clips.clips_heard()) == sorted(clips.size(i) for i in range(12))
    local = clips.measured(executor=LOCAL, fresh=True)
    assert canonical(spread) == canonical(local)
    assert spread.provenance.hardware["node"] == node_here(()).name
    assert spread.memory.peak_rss is not None


@pytest.mark.nightly("tests/runner/test_ray_cluster.py::test_a_crash_costs_one_utterance")
def test_a_node_that_is_killed_loses_nothing_and_doubles_nothing(clips: Clips, nodes: Nodes) -> None:
    second = nodes.add()
    clips.ready(delay_s=0.3)

    def kill() -> None:
        while len(clips.clips_heard()) < 4:
            time.sleep(0.05)
        nodes.kill(second)

    killer = threading.Thread(target=kill)
    killer.start()
    record = clips.measured(**clips.on(nodes))
    killer.join()
    assert [each.hypothesis for each in record.utterances] == list(TEXTS)
    assert [each.id for each in record.utterances] == [f"clip-{i}" for i in range(12)]
    assert record.provenance.worker_restarts > 0
    assert record.failure is None
    lines = [line for path in clips.path.rglob("*.jsonl") if "journal" in str(path) for line in path.open()]
    assert not lines, "the journal is gone once the record is there"


def test_a_crash_costs_one_utterance(clips: Clips, nodes: Nodes) -> None:
    record = clips.ready(faults={clips.size(5): "segfault"}).measured(**clips.on(nodes))
    (failed,) = (each for each in record.utterances if each.error is not None)
    assert failed.error is not None
    assert (failed.id, failed.error.message) == ("clip-5", "the worker died of SIGSEGV (signal 11)")


@pytest.mark.nightly("tests/runner/test_ray_cluster.py::test_nothing_to_time_on")
def test_times_are_of_the_node_that_is_set_aside(clips: Clips, nodes: Nodes) -> None:
    aside = nodes.add(quiet=1)
    try:
        record = clips.ready().measured(**clips.on(nodes, timing="quiet"))
        assert record.timing.no_speed is None
        assert record.value("rtf") is not None
        assert record.timing.core_wait_method is not None
    finally:
        nodes.kill(aside)


class TestWorker:
    def test_answers_and_ends(self, executor: RayExecutor) -> None:
        worker = executor.start(ORDER)
        reply = worker.request(ORDER.message(), timeout=60)
        assert reply["load_s"] > 0
        assert worker.hardware is not None
        assert worker.memory.peak_rss
        worker.close()
        worker.close()
        assert worker.gone
        with pytest.raises(WorkerDied, match="was ended before"):
            worker.request({"op": "reset-peak"}, timeout=1)

    def test_a_time_out_is_its_nodes_word(self, executor: RayExecutor) -> None:
        order = replace(ORDER, options={"load_s": 30})
        worker = executor.start(order)
        with pytest.raises(WorkerDied, match="no answer to `load` within 1 s") as found:
            worker.request(order.message(), timeout=1)
        assert found.value.kind == "timeout"
        assert not isinstance(found.value, HostLost)

    def test_a_node_that_says_nothing_is_lost(self, executor: RayExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ray_executor, "GRACE_S", -1.0)
        order = replace(ORDER, options={"load_s": 30})
        worker = executor.start(order)
        with pytest.raises(HostLost, match="said nothing for 1 s"):
            worker.request(order.message(), timeout=2)

    def test_what_fails_on_the_node_is_told(self, executor: RayExecutor) -> None:
        worker = executor.start(ORDER)
        with pytest.raises(WorkerDied, match="on its node: "):
            worker.call("complete", None)


class TestRefusals:
    def test_no_room(self, executor: RayExecutor) -> None:
        large = replace(ORDER, needs={"num_cpus": 1000, "resources": {"a100": 1}})
        with pytest.raises(ClusterError, match=r"needs 1000 CPU, 1 a100; the model's spec tells"):
            executor.workers(large)
        with pytest.raises(HostLost, match="has room"):
            executor.start(large)

    def test_other_versions(self, executor: RayExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
        here = node_here(ORDER.distributions)
        monkeypatch.setattr(
            ray_executor, "node_here", lambda names: here._replace(versions={**here.versions, "python": "3.9.0"})
        )
        with pytest.raises(
            ClusterError, match=r"has other versions than this session: python: 3\.\d+\.\d+, here 3\.9\.0"
        ):
            executor.start(ORDER)

    def test_other_hardware(self, executor: RayExecutor) -> None:
        here = node_here(())
        executor._reference["cpu"] = here._replace(name="other", hardware={**here.hardware, "cpu": "Another CPU"})
        assert (
            not Hardware.stated(here.hardware, "cpu")
            .same_answers(Hardware.stated(executor.hardware("cpu"), "cpu"))
            .same
        )
        with pytest.raises(ClusterError, match=r"nodes other and .* may answer differently: .*by a custom resource"):
            executor.start(ORDER)

    def test_nothing_to_time_on(self, executor: RayExecutor, nodes: Nodes) -> None:
        assert executor.no_timing() == "no node of the cluster is set aside for timing (--lab-ray-timing)"
        executor.connect(ClusterSettings(nodes.address, timing="quiet"))
        assert executor.no_timing() == "no node of the cluster has the resource quiet"
        with pytest.raises(ClusterError, match="has the resource quiet"):
            executor.start(replace(ORDER, alone=True))

    def test_devices(self, executor: RayExecutor) -> None:
        assert executor.presence("cpu").present
        assert executor.presence("cuda").reason == "no node of the cluster has a device of the kind cuda"
        with pytest.raises(ClusterError, match="no node of the Ray cluster has a GPU"):
            executor.hardware("cuda")

    def test_no_cluster(self) -> None:
        alone = RayExecutor()
        for address in ("127.0.0.1:1", "ray://127.0.0.1:1", "no-such-host.invalid:1", "nonsense"):
            alone.connect(ClusterSettings(address))
            with pytest.raises(ClusterError, match=rf"the Ray cluster \({address}\) can't be reached"):
                alone.presence("cuda")

    def test_a_signal_means_what_it_did_before(self, executor: RayExecutor) -> None:
        before = signal.getsignal(signal.SIGTERM)
        executor.close()
        executor._ray = None
        executor.presence("cuda")
        assert signal.getsignal(signal.SIGTERM) is before
