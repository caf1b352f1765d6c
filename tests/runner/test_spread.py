"""A case by several workers at once: each utterance asked once, lost machines, faults, what is timed."""

from __future__ import annotations

import threading

import pytest
from fakecluster import FakeCluster, cluster
from fakeruns import FakeRuns, StopsAt
from waiting import wait_for

from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import canonical
from pytest_modellab.runner.executor import LOCAL, RAY, ClusterError
from pytest_modellab.runner.load_order import LoadOrder
from pytest_modellab.runner.session import Session
from pytest_modellab.runner.spread import MAX_TRIES

__all__ = ["cluster"]  # a fixture
TEXTS = tuple(f"clip number {i}" for i in range(12))


class Clips(FakeRuns):
    texts = TEXTS
    executor = RAY


@pytest.fixture
def clips(runs: FakeRuns) -> Clips:
    return Clips(runs.path / "spread")


def texts(record: Record) -> list[str | None]:
    return [each.hypothesis for each in record.utterances]


def test_every_utterance_is_asked_once_by_whichever_worker_is_free(clips: Clips, cluster: FakeCluster) -> None:
    record = clips.ready(delay_s=0.1).measured()
    assert texts(record) == list(TEXTS)
    assert sorted(clips.clips_heard()) == sorted(clips.size(i) for i in range(12))
    assert len(cluster.asked_by()) == 3
    assert max(cluster.asked_by().values()) < 8
    assert record.timing.no_speed == "no node is set aside for timing"
    assert record.why_missing("rtf") is not None
    assert record.provenance.hardware["node"] == "fake"
    assert record.value("peak_rss_mb") is None  # in this process
    assert cluster.closed == 1


def test_the_longest_are_asked_first(clips: Clips, cluster: FakeCluster) -> None:
    cluster.machines = 1
    clips.ready().measured()
    assert clips.clips_heard() == [clips.size(i) for i in reversed(range(12))]


def test_the_record_is_that_of_one_local_worker(clips: Clips, cluster: FakeCluster) -> None:
    spread = canonical(clips.ready(wrong={3: "something else"}).measured())
    local = canonical(clips.measured(executor=LOCAL))
    for each in (spread, local):
        # The code of this fake stands in the key; that of Ray's executor doesn't, see test_ray_cluster.py.
        del each["provenance"]["inputs"], each["provenance"]["key"]
    assert spread == local


def test_an_utterance_whose_machine_is_lost_is_asked_of_another(clips: Clips, cluster: FakeCluster) -> None:
    left = threading.Semaphore(2)
    cluster.loses = lambda message, before: before == 3 and left.acquire(blocking=False)
    record = clips.ready(delay_s=0.01).measured()
    assert texts(record) == list(TEXTS)
    assert len(clips.clips_heard()) == 12
    assert record.provenance.worker_restarts == 2
    assert record.failure is None


def test_an_utterance_that_costs_every_machine_is_given_up(clips: Clips, cluster: FakeCluster) -> None:
    cluster.machines = 1  # it takes the longest first, each time on a new machine
    tries = threading.Semaphore(MAX_TRIES)
    cluster.loses = lambda message, before: message["op"] == "transcribe" and tries.acquire(blocking=False)
    record = clips.ready().measured()
    failed = record.utterances[11]
    assert failed.error is not None
    assert (failed.error.kind, failed.error.message) == ("crash", "its node is gone")
    assert texts(record)[:11] == list(TEXTS[:11])
    assert len(cluster.started) == 1 + MAX_TRIES


def test_a_crash_costs_one_utterance(clips: Clips, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(clips.path)
    cluster.processes, cluster.machines = True, 2
    record = clips.ready(faults={clips.size(5): "segfault"}).measured()
    (failed,) = (each for each in record.utterances if each.error is not None)
    assert failed.id == "clip-5"
    assert failed.error is not None
    assert failed.error.message == "the worker died of SIGSEGV (signal 11)"
    assert clips.clips_heard().count(clips.size(5)) == 1
    assert record.failure is None
    assert record.timing.no_speed == "the worker died once"


def test_an_exception_costs_one_utterance(clips: Clips, cluster: FakeCluster) -> None:
    record = clips.ready(faults={clips.size(5): "raise"}).measured()
    assert [each.id for each in record.utterances if each.error] == ["clip-5"]
    assert record.provenance.worker_restarts == 0


def test_a_model_that_does_not_load_fails_every_utterance_once(clips: Clips, cluster: FakeCluster) -> None:
    record = clips.ready(load_fault="raise").measured()
    assert record.failure is not None
    assert record.failure.message == "could not be loaded: RuntimeError: the fake engine was told to fail"
    assert record.value("success_rate") == 0
    assert len(record.utterances) == 12


def test_without_room_anywhere_nothing_is_answered_and_nothing_waits_for_ever(
    clips: Clips, cluster: FakeCluster
) -> None:
    cluster.room = 0
    record = clips.ready().measured()
    assert record.failure is not None
    assert record.failure.message == "no machine is left to load it on: no node has room"
    assert record.value("success_rate") == 0


def test_fewer_machines_than_hoped_for_answer_everything(clips: Clips, cluster: FakeCluster) -> None:
    cluster.room = 1
    record = clips.ready().measured()
    assert texts(record) == list(TEXTS)
    assert record.failure is None


def test_workers_that_chose_differently_are_refused(
    clips: Clips, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    from modellab_fake_engine import FakeEngine

    count = iter(range(100))
    monkeypatch.setattr(FakeEngine, "facts", lambda self: {"dtype": f"kind {next(count)}"})
    record = clips.ready(delay_s=0.05).measured()
    assert record.failure is not None
    assert record.failure.message.startswith("its workers chose differently while they loaded: ")
    assert record.value("success_rate") != 1


def test_a_machine_that_cannot_be_used_breaks_the_case(
    clips: Clips, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(order: LoadOrder) -> None:
        raise ClusterError("node x has other versions than this session")

    monkeypatch.setattr(cluster, "start", start)
    outcome = clips.ready().outcome()
    assert outcome.broken == "node x has other versions than this session"
    assert clips.records() == []


def test_what_was_answered_before_an_end_is_not_asked_again(clips: Clips, cluster: FakeCluster) -> None:
    clips.ready(delay_s=0.02)
    with pytest.raises(KeyboardInterrupt):
        clips.run(progress=StopsAt(4))
    before = len(clips.clips_heard())
    assert 4 <= before <= 4 + cluster.machines
    record = clips.measured()
    assert texts(record) == list(TEXTS)
    assert len(clips.clips_heard()) == 12
    assert record.provenance.resumed == before


def test_an_end_that_only_a_worker_saw_is_one(
    clips: Clips, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping = Session.stopping
    monkeypatch.setattr(
        Session, "stopping", lambda self: threading.current_thread() is not threading.main_thread() and stopping(self)
    )
    with pytest.raises(KeyboardInterrupt):
        clips.ready().run(progress=StopsAt(4))


def test_workers_are_kept_for_the_next_case_of_their_model(clips: Clips, cluster: FakeCluster) -> None:
    clips.ready()
    clips.dataset("more")
    outcomes = clips.run()
    assert len(outcomes) == 2
    assert clips.engine_log().count("load") <= cluster.machines
    assert cluster.room == cluster.machines


class TestTimes:
    def test_are_taken_on_a_machine_that_is_set_aside(self, clips: Clips, cluster: FakeCluster) -> None:
        cluster.timing = None
        record = clips.ready().measured()
        assert [order.alone for order in cluster.started] == [*[False] * (len(cluster.started) - 1), True]
        assert record.provenance.hardware["node"] == f"fake-{len(cluster.started)}"
        assert record.timing.no_speed is None
        assert record.value("rtf") is not None
        assert [each.kind for each in record.timing.passes] == ["accuracy", "timing"]

    def test_a_record_without_times_stands_where_none_can_be_had(self, clips: Clips, cluster: FakeCluster) -> None:
        clips.ready().measured()
        assert clips.outcome().unchanged_since is not None
        cluster.timing = None
        assert clips.outcome().unchanged_since is None


def test_no_thread_is_left(clips: Clips, cluster: FakeCluster) -> None:
    before = threading.active_count()
    clips.ready().measured()
    assert wait_for(lambda: threading.active_count() <= before, seconds=10)
