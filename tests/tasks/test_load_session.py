"""Levels of load against a server: a case for each, its texts, its times, its failures."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from fakeruns import FakeRuns
from faulty_openai import Asked, FaultyOpenAi, Told, heard
from modellab_fake_stream import FakeStream, FakeStreamOptions
from quietness import quiet

from pytest_modellab.catalog import CatalogError
from pytest_modellab.cli import main
from pytest_modellab.cli.model_server.server import ModelServer
from pytest_modellab.results.record import Record
from pytest_modellab.results.shards import Shard
from pytest_modellab.results.values import valued
from pytest_modellab.tasks.load import handler
from pytest_modellab.tasks.load.record import call_of, level_of

TEXTS = tuple(f"clip number {i}" for i in range(24))


class Clips(FakeRuns):
    texts = TEXTS


class Queue:
    """A server that answers one after the other, each in so many seconds; faults by clip."""

    def __init__(self, seconds: float, faults: dict[int, Told] | None = None) -> None:
        self.seconds = seconds
        self.faults = faults or {}
        self._turn = threading.Lock()

    def __call__(self, asked: Asked) -> Told:
        number = heard(asked)
        with self._turn:
            time.sleep(self.seconds)
        return self.faults.get(number) or Told({"text": TEXTS[number]})


@pytest.fixture
def clips(runs: FakeRuns) -> Clips:
    return Clips(runs.path / "load")


def prepared(clips: Clips, url: str, load: dict[str, Any], **options: Any) -> Clips:
    clips.dataset(tasks=["load"], tiers=["smoke"], load={"warmup_s": 0, **load})
    given = {"url": url, "model": "tiny", **options}
    spec = {"schema": "modellab.model/1", "id": "there", "engine": "openai-audio", "tasks": ["load"]}
    clips.spec("models/there.yaml", {**spec, "tiers": ["smoke"], "options": given, "devices": {"cpu": {}}})
    return clips


def measured(clips: Clips, url: str, load: dict[str, Any], faults: Any = None, **options: Any) -> Record:
    return prepared(clips, url, load, **options).measured()


def test_a_case_for_each_level(clips: Clips) -> None:
    with FaultyOpenAi({"audio/transcriptions": Queue(0.0)}) as server:
        outcomes = prepared(clips, server.url, {"concurrency": [1, 4]}).run()
        records = [each.record for each in outcomes.values()]
    assert list(outcomes) == ["there:cpu:clips+c1", "there:cpu:clips+c4"]
    for record, users in zip(records, (1, 4), strict=True):
        assert record is not None
        level = level_of(record)
        assert level is not None
        assert (level.concurrency, level.level) == (users, f"{users} user{'s' * (users > 1)}")
        assert record.value("wer") == 0
        assert record.provenance.inputs["load"]["concurrency"] == [users]
        assert [each.id for each in record.utterances] == [f"clip-{i}" for i in range(24)]


def test_users_wait_for_each_other_and_the_throughput_is_that_of_the_server(clips: Clips) -> None:
    with FaultyOpenAi({"audio/transcriptions": Queue(0.03)}) as server:
        record = measured(clips, server.url, {"concurrency": 4})
    # Each of four waits for the other three.
    assert record.value("load_p50_s") == pytest.approx(4 * 0.03, rel=0.5)
    rate = record.value("achieved_rate")
    assert rate is not None
    assert 0.5 / 0.03 < rate <= 1 / 0.03
    audio = sum(each.audio_s for each in record.utterances) / 24
    assert record.value("load_rtfx") == pytest.approx(rate * audio, rel=0.05)
    assert record.interval("achieved_rate") is not None
    assert record.value("time_outs") == 0
    assert record.value("success_rate") == 1
    assert (record.value("load_p99_s") or 0) >= (record.value("load_p95_s") or 0) >= (record.value("load_p50_s") or 0)
    assert (
        record.why_missing("rtf") == "calls are several at once: load_p50_s, load_p95_s and load_rtfx tell their times"
    )
    assert (record.value("generator_late_p95_s") or 0) < 0.5
    # The last four calls end with fewer beside them.
    assert sum(call.steady for each in record.utterances if (call := call_of(each))) == 20
    assert valued(record).value("load_p95_s") == record.value("load_p95_s")


def test_calls_arrive_at_their_rate(clips: Clips) -> None:
    with FaultyOpenAi({"audio/transcriptions": Queue(0.0)}) as server:
        record = measured(clips, server.url, {"rate": 60, "arrivals": "constant"})
    assert record.value("achieved_rate") == pytest.approx(60, rel=0.3)
    assert record.value("load_p50_s") is not None
    assert record.interval("load_p50_s") is None
    due = sorted(call.due_s for each in record.utterances if (call := call_of(each)))
    assert due == pytest.approx([i / 60 for i in range(24)])


@pytest.mark.parametrize(
    ("told", "error"),
    [
        (Told(drop=True), "ConnectionLost"),
        (Told({"error": "busy"}, 429, {"Retry-After": "0"}), "ServerBusy"),
        (Told({"error": "broken"}, 500), "ServerError"),
        (Told(b'{"text": "clip'), "BadAnswer"),
        (Told({"text": "late"}, hang_s=1.0), "AnswerTimeout"),
    ],
)
def test_each_failure_is_told_as_what_it_is_and_counted_once(clips: Clips, told: Told, error: str) -> None:
    with FaultyOpenAi({"audio/transcriptions": Queue(0.0, {3: told, 20: told})}) as server:
        record = measured(clips, server.url, {"concurrency": 3}, answer_timeout_s=0.3)
        asked = len(server.calls("audio/transcriptions"))
    failed = {each.id: each.error.message for each in record.utterances if each.error is not None}
    assert set(failed) == {"clip-3", "clip-20"}
    assert all(message.startswith(f"{error}: ") for message in failed.values())
    # The call before the load, and each clip once: nothing is tried again under load.
    assert asked == 25
    assert record.value("success_rate") == pytest.approx(22 / 24)
    assert record.value("wer") == pytest.approx(2 / 24)
    assert record.value("time_outs") == (pytest.approx(2 / 24) if error == "AnswerTimeout" else 0)
    assert len(record.utterances) == 24


def test_a_level_is_not_cut_into_shards(clips: Clips) -> None:
    prepared(clips, "http://127.0.0.1:9/v1", {"concurrency": 2})
    outcome = clips.outcome(shard=Shard(1, 2))
    assert outcome.unavailable == "a data set of the task load can't be cut into shards: run it whole"


def test_too_few_calls_for_the_load_say_so(clips: Clips) -> None:
    with FaultyOpenAi({"audio/transcriptions": Queue(0.0)}) as server:
        record = measured(clips, server.url, {"concurrency": 32, "warmup_s": 60})
    assert record.why_missing("load_p95_s") == (
        "24 calls were over before the load was steady: use more utterances, or a shorter `warmup_s` than 60"
    )


@pytest.mark.parametrize(
    ("load", "message"),
    [
        ({"concurrency": [1, 1]}, "`concurrency`: a level stands twice"),
        ({"concurrency": 0}, "is not above 0 and at most 512"),
        ({"concurrency": 2, "rate": 1}, "one of `concurrency`, `rate` and `streams` tells the levels"),
        ({}, "one of `concurrency`, `rate` and `streams` tells the levels"),
    ],
)
def test_levels_that_are_none(clips: Clips, load: dict[str, Any], message: str) -> None:
    prepared(clips, "http://127.0.0.1:9/v1", load)
    with pytest.raises(CatalogError, match=message):
        clips.cases()


def test_load_goes_with_its_task(clips: Clips) -> None:
    clips.ready()
    clips.dataset(load={"concurrency": 2})
    with pytest.raises(CatalogError, match="`load` and the task load go together"):
        clips.cases()


def test_the_command_shows_all_levels(
    clips: Clips, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clips.commanded(monkeypatch)
    quiet(monkeypatch)
    with FaultyOpenAi({"audio/transcriptions": Queue(0.01)}) as server:
        prepared(clips, server.url, {"concurrency": [1, 3]}).run()
    assert main(["load", "--slo", "wer=0.5,load_p95_s=60"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("there on cpu, clips\nload ")
    for part in ("\n1 user ", "\n3 users ", "\nknee: ", "\ncapacity: 3 users or more"):
        assert part in told
    assert main(["load", "--slo", "load_p95_s=0.001", "--format", "markdown"]) == 1
    told = capsys.readouterr().out
    assert told.startswith("## there on cpu, clips\n\n| load ")
    assert "- capacity: none; not 1 user: Latency p95 under load" in told
    for wrong, message in (("speed=1", "no metric `speed`"), ("wer", "a bound is")):
        assert main(["load", "--slo", wrong]) == 2
        assert message in capsys.readouterr().err
    assert main(["load", "--model", "none"]) == 2
    assert "no record of a level of load in" in capsys.readouterr().err


def test_streams_at_once_are_paced_and_told_whether_they_kept_up(clips: Clips) -> None:
    numbers = FakeStream(FakeStreamOptions())
    with ModelServer({"tiny": numbers}) as server:
        record = measured(clips, server.url, {"streams": 8})
    level = level_of(record)
    assert level is not None
    assert (level.streams, level.level) == (8, "8 streams")
    assert record.value("success_rate") == 1
    assert record.value("live_streams") == 1
    # Each is sent as it is spoken: no answer comes before its clip is over.
    for each in record.utterances:
        call = call_of(each)
        assert call is not None
        assert call.end_s - call.start_s >= each.audio_s
        assert call.late_s is not None


def test_a_level_that_fails_as_a_whole_is_not_made_up_of_single_calls(
    clips: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = handler._made

    def broken(engine: Any, given: list[Any], message: dict[str, Any]) -> Any:
        if len(given) > 1:
            raise RuntimeError("told to fail")
        return made(engine, given, message)

    monkeypatch.setattr(handler, "_made", broken)
    with FaultyOpenAi({"audio/transcriptions": Queue(0.0)}) as server:
        record = measured(clips, server.url, {"concurrency": 4})
        # The call before the load alone.
        assert len(server.calls("audio/transcriptions")) == 1
    assert record.value("success_rate") == 0
    assert {each.error and each.error.message for each in record.utterances} == {"RuntimeError: told to fail"}
    assert record.value("load_p95_s") is None


def test_the_capacity_of_a_server_that_refuses_more_than_three(
    clips: Clips, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    places = threading.Semaphore(3)

    def answer(asked: Asked) -> Told:
        if not places.acquire(blocking=False):
            return Told({"error": "too many"}, status=429)
        try:
            time.sleep(0.05)
            return Told({"text": TEXTS[heard(asked)]})
        finally:
            places.release()

    with FaultyOpenAi({"audio/transcriptions": answer}) as server:
        prepared(clips, server.url, {"concurrency": 1})
        reports = clips.path / "reports"
        place = ("--catalog", str(clips.catalog), "capacity", "there", "clips", "--reports", str(reports))
        assert main([*place, "--slo", "success_rate=0.8,wer=0.2"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("capacity: 3; not 4: Success rate ")
    assert len(list(reports.glob("runs/there/load/*.json"))) == 4  # 1, 2, 4 and 3 users


def test_the_memory_of_a_server_on_this_machine(clips: Clips, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_modellab.engines.openai_client.OpenAiClient.server_rss_bytes", lambda self: 500_000_000)
    with FaultyOpenAi({"audio/transcriptions": Queue(0.0)}) as server:
        record = measured(clips, server.url, {"concurrency": 2})
    assert record.value("server_rss_mb") == 500
    assert record.value("peak_rss_mb") is None  # in this process
