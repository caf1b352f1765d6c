"""A worker and its session: whose reply it is, what its clock tells, what is left when it ends."""

from __future__ import annotations

import io
import json
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
from fakelab import FakeLab
from fakeruns import FakeRuns

from pytest_modellab.runner import bounds, framing
from pytest_modellab.runner import worker as worker_module
from pytest_modellab.runner.clock import believed
from pytest_modellab.runner.executor import LOCAL, WorkerDied
from pytest_modellab.runner.load_order import LoadOrder
from pytest_modellab.runner.local import LocalWorker
from pytest_modellab.runner.worker import peak_memory, reset_peak_memory, serve, torch_memory
from pytest_modellab.tasks.asr.request import HANDLER

ENGINE = "modellab_fake_engine:FakeEngine"
Ask = Callable[..., dict[str, Any]]


class Asked:
    """A worker with the fake engine: clips of so many samples get the fault or the answer of that number."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.log = folder / f"modellab-test-{os.getpid()}-{time.monotonic_ns()}"
        order = LoadOrder(
            ENGINE,
            {"log": str(self.log), **options},
            {"kind": "cpu", "index": 0},
            None,
            0,
            30.0,
            handlers={HANDLER: None},
        )
        self.worker = LocalWorker()
        self.loaded = self.worker.request(order.message(), timeout=30)

    def ask(self, samples: int, timeout: float = 30) -> dict[str, Any]:
        payload = np.zeros(samples, dtype="<f4").tobytes()
        return self.worker.request(
            {"op": "transcribe", "handler": HANDLER, "rate": 16_000, "language": None},
            payload,
            timeout=timeout,
        )


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Asked]]:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    made: list[Asked] = []

    def make(**options: Any) -> Asked:
        made.append(Asked(tmp_path, **options))
        return made[-1]

    yield make
    for each in made:
        each.worker.close()


def test_a_second_process_on_the_pipe_ends_the_worker(asked: Callable[..., Asked]) -> None:
    """The engine forks in a call and comes back in both processes."""
    one = asked(answers={"100": "one", "200": "two"}, faults={"100": "fork"})

    def both() -> None:
        assert one.ask(100)["text"] == "one"
        time.sleep(0.5)  # until the second has come back, too; it may also be the first
        one.ask(200)

    with pytest.raises(WorkerDied, match=r"a second process, [0-9]+, answers in its place") as death:
        both()
    assert death.value.kind == "crash"
    assert one.worker.gone


def test_a_reply_to_another_request_ends_the_worker(
    asked: Callable[..., Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = asked(answers={"100": "one"})
    send = framing.send
    monkeypatch.setattr(
        framing, "send", lambda stream, message, payload=b"": send(stream, {**message, "number": 1}, payload)
    )
    with pytest.raises(WorkerDied, match="it answered request 2 with the reply to request 1"):
        one.ask(100)


@pytest.mark.parametrize(
    ("told", "why"), [("-1.3", "not above 0"), ("0", "not above 0"), ("nan", "no finite"), ("9", "longer")]
)
def test_a_time_that_cannot_be_is_refused(asked: Callable[..., Asked], told: str, why: str) -> None:
    one = asked(faults={"100": f"clock {told}"})
    one.ask(100)
    error = one.ask(100)["error"]
    assert error["type"] == "ClockError"
    assert why in error["message"]
    assert "text" not in one.ask(100)


def test_an_engine_that_turns_back_the_clock_while_it_loads_is_timed_all_the_same(asked: Callable[..., Asked]) -> None:
    one = asked(load_fault="turn-back-the-clock", delay_s=0.05)
    assert 0 < one.loaded["load_s"] < 30
    assert 0.05 <= one.ask(100)["seconds"] < 5


@pytest.mark.parametrize(
    ("reply", "good"),
    [
        ({"seconds": 0.5, "first_audible_s": 3.0}, True),  # leading silence is played longer than it took to make
        ({"seconds": 0.5, "first_audible_s": -3.0}, False),
        ({"seconds": 0.9, "first_token_s": 0.1, "stalled_s": 0.0, "cpu_s": 3.0}, True),
        ({"seconds": 0.9, "first_audio_s": None, "audio_s": 500.0, "rate": 16_000}, True),
        ({"seconds": 0.9, "partials": [{"at_s": 0.5, "audio_s": 90.0, "text": "a"}]}, True),
        ({"load_s": 0.9, "facts": {"chunk_length_s": 30}}, True),
        ({"seconds": 0.9, "partials": [{"at_s": 5.0, "audio_s": 1.0, "text": "a"}]}, False),
        ({"seconds": 0.9, "first_token_s": float("inf")}, False),
        ({"seconds": 0.9, "stalled_s": -3.0}, False),
        ({"seconds": 0.9, "cpu_s": 1e9}, False),
        ({"load_s": 0.0}, False),
    ],
)
def test_what_times_are_believed(reply: dict[str, Any], good: bool) -> None:
    assert ("error" not in believed(reply, 1.0, since_start_s=2.0)) == good


STOPPED = """
import sys, threading, time
from pathlib import Path
from test_worker import Asked

one = Asked(Path(sys.argv[1]), answers={"100": "one fine day"}, delay_s=0.5)
print("asking", flush=True)
print(one.ask(100, timeout=1.5)["text"], flush=True)
one.worker.close()
"""


def test_an_answer_that_lay_ready_while_the_session_was_stopped_is_read(tmp_path: Path) -> None:
    session = subprocess.Popen(
        [sys.executable, "-c", STOPPED, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "MODELLAB_CACHE": str(tmp_path / "cache"), "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert session.stdout is not None
    assert session.stdout.readline() == "asking\n"
    session.send_signal(signal.SIGSTOP)
    time.sleep(2.5)
    session.send_signal(signal.SIGCONT)
    output, errors = session.communicate(timeout=60)
    assert output == "one fine day\n", errors


def test_a_crash_leaves_no_shared_memory(asked: Callable[..., Asked]) -> None:
    one = asked(faults={"100": "shared-memory"})
    with pytest.raises(WorkerDied, match="SIGABRT"):
        one.ask(100)
    left = Path("/dev/shm", one.log.stem)
    assert not left.exists()


def test_a_reply_that_is_too_large_is_told_as_that(asked: Callable[..., Asked]) -> None:
    one = asked(answers={"200": "two"}, faults={"100": "too-large"})
    error = one.ask(100)["error"]
    assert error["type"] == "ReplyTooLarge"
    assert "at most 67,108,864 are taken" in error["message"]
    assert one.ask(200)["text"] == "two"


def test_a_frame_that_is_too_large_is_told_as_that(
    asked: Callable[..., Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = asked(answers={"100": "one"})

    def unbounded(stream: Any, message: dict[str, Any], payload: bytes = b"") -> None:
        head = json.dumps(message).encode()
        stream.write(struct.pack("<II", len(head), len(payload)) + head + payload)
        stream.flush()

    monkeypatch.setattr(framing, "send", unbounded)
    monkeypatch.setattr(framing, "MAX_HEAD", 20)
    with pytest.raises(WorkerDied, match=r"the worker's reply is too large: [0-9]+ bytes, and at most 20 are taken"):
        one.ask(100)


def test_a_worker_that_was_broken_off_from_outside_says_so_and_is_dropped(
    asked: Callable[..., Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Timeout(BaseException): ...

    def alarm(*_: object) -> None:
        raise Timeout

    one = asked(delay_s=5.0)
    before = signal.signal(signal.SIGALRM, alarm)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        with pytest.raises(Timeout):
            one.ask(100)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert one.worker.gone
    with pytest.raises(WorkerDied, match="was ended before"):
        one.ask(100)


def test_a_huge_answer_is_cut_and_the_record_says_so(lab: FakeLab) -> None:
    lab.ready(faults={lab.size(1): "huge"})
    result = lab.run()
    assert result.ret == 1
    cut = [each.cut_from for each in lab.record().utterances]
    assert cut == [None, 10_200_000, None]
    assert len(lab.record().utterances[1].hypothesis or "") == bounds.MOST_CHARACTERS
    result.stdout.fnmatch_lines(["*clip-1: * the answer, of 10,200,000 characters, was cut"])


def test_a_run_whose_engine_turns_back_the_clock_passes_nothing(runs: FakeRuns) -> None:
    record = runs.ready(faults={runs.size(i): "clock -1.3" for i in range(3)}).measured(executor=LOCAL)
    assert record.value("rtf") is None
    assert record.summary.answered == 0
    assert all(
        each.error and each.error.message.startswith("ClockError: the worker's clock is wrong: it reported sec")
        for each in record.utterances
    )


def test_a_run_whose_engine_forks_gives_no_clip_another_ones_answer(runs: FakeRuns) -> None:
    runs.texts = [f"clip number {i}" for i in range(6)]
    # So long that the other process has answered, too, before the next answer is there.
    record = runs.ready(faults={runs.size(2): "fork"}, delay_s=0.3).measured(executor=LOCAL)
    for text, each in zip(runs.texts, record.utterances, strict=True):
        assert each.hypothesis == text or (each.error is not None and "a second process" in each.error.message)
    assert record.provenance.worker_restarts >= 1


def exchanged(*messages: dict[str, Any]) -> list[dict[str, Any]]:
    """The replies to these requests, of a worker in this process whose pipe then closes."""
    requests, replies = io.BytesIO(), io.BytesIO()
    for message in messages:
        framing.send(requests, message)
    requests.seek(0)
    serve(requests, replies)
    replies.seek(0)
    found = []
    while (frame := framing.receive(replies)) is not None:
        found.append(frame[0])
    return found


class TestServe:
    UNKNOWN: ClassVar[dict[str, Any]] = {"op": "transcribe", "handler": HANDLER, "rate": 16_000, "language": None}

    def test_each_reply_bears_its_number_and_who_gives_it(self) -> None:
        replies = exchanged({**self.UNKNOWN, "number": 1}, {"op": "reset-peak", "number": 2})
        assert [(each["number"], each["pid"]) for each in replies] == [(1, os.getpid()), (2, os.getpid())]
        assert "error" in replies[0]
        assert "error" not in replies[1]

    def test_after_close_nothing_is_answered(self) -> None:
        assert len(exchanged({"op": "reset-peak"}, {"op": "close"}, {"op": "reset-peak"})) == 1

    def test_a_session_that_is_gone_ends_it(self) -> None:
        class Gone(io.BytesIO):
            def write(self, data: Any) -> int:
                raise BrokenPipeError

        requests = io.BytesIO()
        framing.send(requests, {"op": "reset-peak"})
        framing.send(requests, {"op": "reset-peak"})
        second = requests.tell() // 2
        requests.seek(0)
        serve(requests, Gone())
        assert requests.tell() == second


class TestMemory:
    def test_the_peak_is_that_of_the_process(self) -> None:
        found = peak_memory()
        assert found["peak_rss"] is None or found["peak_rss"] > 1_000_000
        assert (found["peak_rss"] is None) == (found["peak_rss_method"] is None)

    def test_where_the_system_does_not_tell_it_is_unknown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(worker_module, "Path", lambda name: Path("/nowhere") / name.lstrip("/"))
        assert reset_peak_memory() is False
        monkeypatch.setattr(sys, "platform", "win32")
        assert peak_memory() == {"peak_rss": None, "peak_rss_method": None}
        monkeypatch.setattr(sys, "platform", "darwin")
        told = peak_memory()
        assert told["peak_rss_method"] == "ru_maxrss"
        assert told["peak_rss"] > 0

    @pytest.mark.parametrize(
        ("torch", "told"),
        [
            (SimpleNamespace(cuda=SimpleNamespace(is_initialized=lambda: True, max_memory_allocated=lambda: 7)), 7),
            (SimpleNamespace(cuda=SimpleNamespace(is_initialized=lambda: False)), None),
            (SimpleNamespace(), None),  # another module of that name
            (None, None),
        ],
    )
    def test_torchs_own_is_told_where_it_uses_a_card(
        self, monkeypatch: pytest.MonkeyPatch, torch: Any, told: int | None
    ) -> None:
        monkeypatch.setitem(sys.modules, "torch", torch)
        assert torch_memory().get("torch_peak") == told
