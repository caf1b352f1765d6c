"""Several utterances in one request: what is answered, journalled, timed, resumed, and what a fault costs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from fakeruns import FakeRuns, Said, StopsAt

from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import canonical
from pytest_modellab.results.shards import Shard
from pytest_modellab.runner import timing_pass
from pytest_modellab.runner.executor import LOCAL

QUICK = {"utterance_s": 1, "per_audio_second": 0, "load_s": 20}
TEXTS = [f"clip number {i}" for i in range(6)]


@pytest.fixture
def runs(runs: FakeRuns) -> FakeRuns:
    """Of six clips, the i-th of which is a little longer than the one before."""
    runs.texts = TEXTS
    return runs


def ready(runs: FakeRuns, size: int = 4, **options: Any) -> FakeRuns:
    return runs.ready(engine="fake-batch-for-tests", batch_size=size, **options)


def faulty(runs: FakeRuns, faults: Mapping[int, str]) -> dict[str, str]:
    return {runs.size(i): fault for i, fault in faults.items()}


def batches(runs: FakeRuns) -> list[str]:
    return [line for line in runs.engine_log() if line.startswith("batch:")]


def texts(record: Record) -> list[str | None]:
    return [each.hypothesis for each in record.utterances]


class TestAnswering:
    def test_clips_are_answered_together_the_longest_first(self, runs: FakeRuns) -> None:
        record = ready(runs).measured()
        assert texts(record) == TEXTS
        assert batches(runs) == ["batch:4", "batch:2"]
        # The first is the warm-up.
        assert runs.clips_heard() == [runs.size(i) for i in (0, 5, 4, 3, 2, 1, 0)]
        assert [each.batch.first for each in record.utterances if each.batch] == ["clip-1"] * 2 + ["clip-5"] * 4
        assert [each.batch.size for each in record.utterances if each.batch] == [2, 2, 4, 4, 4, 4]

    def test_the_time_of_a_batch_is_shared_by_length(self, runs: FakeRuns) -> None:
        record = ready(runs, delay_s=0.02).measured()
        together = [each for each in record.utterances if each.batch and each.batch.size == 4]
        ratios = {round((each.processing_s or 0) / each.audio_s, 9) for each in together}
        assert len(ratios) == 1
        assert sum(each.processing_s or 0 for each in together) >= 4 * 0.02

    def test_a_latency_is_that_of_a_single_call(self, runs: FakeRuns) -> None:
        record = ready(runs).measured(executor=LOCAL)
        assert record.value("rtf") is not None
        assert record.value("first_call_s") is not None
        for name in ("latency_p50_s", "latency_p95_s", "clip5_s"):
            assert record.value(name) is None
            assert record.why_missing(name) == "answered in batches of 4: latency is measured one at a time"
            assert not record.applies(name)
        # Two batches are too few for an interval, however many utterances are in them.
        assert record.interval("rtf") is None

    def test_padding(self, runs: FakeRuns) -> None:
        record = ready(runs).measured()
        lengths = [int(runs.size(i)) for i in range(6)]
        padded = 4 * lengths[5] + 2 * lengths[1]
        assert record.value("padded_share") == pytest.approx(1 - sum(lengths) / padded)
        alone = runs.ready(batch_size=1, engine="fake-batch-for-tests").measured()
        assert alone.value("padded_share") is None
        assert alone.why_missing("padded_share") == "answered one at a time, not in batches"
        assert all(each.batch is None for each in alone.utterances)

    def test_one_at_a_time_answers_are_the_same(self, runs: FakeRuns) -> None:
        alone = ready(runs, 1).measured()
        together = ready(runs, 4).measured()
        assert texts(alone) == texts(together)
        assert alone.provenance.key != together.provenance.key
        assert batches(runs) == ["batch:4", "batch:2"]

    def test_progress_counts_utterances(self, runs: FakeRuns) -> None:
        said = Said()
        ready(runs).run(progress=said)
        assert said.counts == [(4, 6), (6, 6)]

    def test_fewer_utterances(self, runs: FakeRuns) -> None:
        record = ready(runs).measured(max_utterances=3)
        assert texts(record) == TEXTS[:3]
        assert batches(runs) == ["batch:3"]

    def test_a_shard(self, runs: FakeRuns) -> None:
        record = ready(runs).measured(shard=Shard(1, 2))
        assert len(record.utterances) == 3
        assert batches(runs) == ["batch:3"]

    def test_each_answer_is_a_line_of_the_journal(self, runs: FakeRuns) -> None:
        with pytest.raises(KeyboardInterrupt):
            ready(runs).run(progress=StopsAt(4))
        (journal,) = runs.reports.glob("sessions/*/*.jsonl")
        rows = [json.loads(line) for line in journal.read_text().splitlines()[1:]]
        assert [row["utterance"] for row in rows] == ["clip-5", "clip-4", "clip-3", "clip-2"]
        assert {row["batch"]["first"] for row in rows} == {"clip-5"}


class TestTiming:
    def test_beside_others_whole_batches_are_timed_again(self, runs: FakeRuns) -> None:
        record = ready(runs).measured(alone=False, executor=LOCAL)
        assert batches(runs) == ["batch:4", "batch:2"] * 2
        assert all(each.processing_s for each in record.utterances)
        assert record.value("rtf") is not None

    def test_of_many_batches_some_from_all_over_the_set(self, runs: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
        seconds = sum(int(runs.size(i)) for i in range(6)) / 16_000
        monkeypatch.setattr(timing_pass, "TIMED_AUDIO_S", seconds / 3)
        record = ready(runs, 2).measured(alone=False, executor=LOCAL)
        assert [each.id for each in record.utterances if each.processing_s] == ["clip-2", "clip-3"]

    def test_what_failed_is_not_timed(self, runs: FakeRuns) -> None:
        record = ready(runs, faults=faulty(runs, {5: "raise"})).measured(alone=False, executor=LOCAL)
        assert [each.id for each in record.utterances if each.processing_s is None] == ["clip-5"]
        assert batches(runs)[-2:] == ["batch:3", "batch:2"]

    def test_a_batch_that_fails_while_it_is_timed(self, runs: FakeRuns) -> None:
        record = ready(runs, batch_fault="raise").measured(alone=False, executor=LOCAL)
        assert texts(record) == TEXTS
        assert record.timing.no_speed is not None
        assert record.timing.no_speed.startswith("a group of 4 utterances failed while it was timed: ")


class TestResuming:
    def test_a_batch_that_was_begun_is_finished(self, runs: FakeRuns) -> None:
        with pytest.raises(KeyboardInterrupt):
            ready(runs).run(progress=StopsAt(4))
        (journal,) = runs.reports.glob("sessions/*/*.jsonl")
        lines = journal.read_bytes().splitlines(keepends=True)
        journal.write_bytes(b"".join(lines[:3]))  # as if the session had died after two answers
        runs.log.unlink()
        record = runs.measured()
        assert record.provenance.resumed == 2
        assert batches(runs) == ["batch:2", "batch:2"]
        assert runs.clips_heard()[1:] == [runs.size(i) for i in (3, 2, 1, 0)]
        assert texts(record) == TEXTS

    def test_after_a_whole_batch_the_record_is_the_same(self, runs: FakeRuns) -> None:
        with pytest.raises(KeyboardInterrupt):
            ready(runs).run(progress=StopsAt(4))
        resumed = runs.measured()
        assert resumed.provenance.resumed == 4
        assert canonical(resumed) == canonical(runs.measured(fresh=True))

    def test_times_are_kept(self, runs: FakeRuns) -> None:
        ready(runs)
        with runs.session(whole=False) as runner:
            runner.run(runs.case())
        runs.log.unlink()
        assert runs.outcome().unchanged_since
        assert runs.engine_log() == []


class TestFaults:
    @pytest.fixture(autouse=True)
    def in_its_own_process(self, runs: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(runs.path)
        runs.executor = LOCAL

    @pytest.mark.parametrize(
        ("fault", "kind", "restarts"), [("raise", "exception", 0), ("segfault", "crash", 2), ("hang", "timeout", 2)]
    )
    def test_a_fault_of_one_clip_costs_that_clip(self, runs: FakeRuns, fault: str, kind: str, restarts: int) -> None:
        record = ready(runs, faults=faulty(runs, {3: fault}), timeouts=QUICK).measured()
        assert texts(record) == [*TEXTS[:3], None, *TEXTS[4:]]
        assert record.utterances[3].error is not None
        assert record.utterances[3].error.kind == kind
        assert record.provenance.worker_restarts == restarts
        assert record.failure is None
        assert (record.value("rtf") is None) == bool(restarts)
        assert batches(runs) == ["batch:4", *["batch:1"] * 4, "batch:2"]

    def test_a_clip_in_each_of_two_batches(self, runs: FakeRuns) -> None:
        record = ready(runs, faults=faulty(runs, {1: "exit", 5: "exit"}), timeouts=QUICK).measured()
        assert texts(record) == [TEXTS[0], None, *TEXTS[2:5], None]
        assert record.provenance.worker_restarts == 4
        assert record.failure is None

    def test_a_model_that_dies_of_every_batch_is_given_up(self, runs: FakeRuns) -> None:
        record = ready(runs, 2, batch_fault="exit", timeouts=QUICK).measured()
        assert record.failure is not None
        assert "given up after the worker died 3 times" in record.failure.message
        # Alone they were answered, until then.
        assert texts(record) == [None, None, *TEXTS[2:]]

    def test_a_first_call_that_kills_is_made_once(self, runs: FakeRuns) -> None:
        record = ready(runs, faults=faulty(runs, {0: "exit"}), timeouts=QUICK).measured()
        assert texts(record) == [None, *TEXTS[1:]]
        assert record.provenance.worker_restarts == 1
        assert batches(runs) == ["batch:4", "batch:1"]

    def test_a_reply_of_the_wrong_length(self, runs: FakeRuns) -> None:
        record = ready(runs, batch_fault="too-few").measured()
        assert texts(record) == TEXTS
        assert batches(runs) == ["batch:4", *["batch:1"] * 4, "batch:2", *["batch:1"] * 2]

    def test_a_model_that_does_not_load(self, runs: FakeRuns) -> None:
        record = ready(runs, load_fault="raise", timeouts=QUICK).measured()
        assert record.failure is not None
        assert record.value("success_rate") == 0

    def test_an_endless_text_is_cut(self, runs: FakeRuns) -> None:
        record = ready(runs, faults=faulty(runs, {2: "huge"})).measured()
        assert record.utterances[2].cut_from == 10_200_000
        assert [each.id for each in record.utterances if each.cut_from] == ["clip-2"]
