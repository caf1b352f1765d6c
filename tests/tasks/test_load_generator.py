"""The load generator, and which part of a level counts."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modellab.engines.base import Clip, Transcript, TryAgain
from pytest_modellab.tasks.load import handler
from pytest_modellab.tasks.load.generator import Call, arrivals, at_concurrency, at_times
from pytest_modellab.tasks.load.steady import BLOCKS, steady

RATE = 16_000


class Busy:
    """Calls that count how many of them there are at once."""

    def __init__(self, seconds: float = 0.0, together: int = 1) -> None:
        """None ends before `together` of them have begun."""
        self.seconds = seconds
        self.together = threading.Barrier(together, timeout=10)
        self.now = self.most = 0
        self._lock = threading.Lock()

    def __call__(self, number: int) -> int:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.together.wait()
        time.sleep(self.seconds)
        with self._lock:
            self.now -= 1
        if number == 3:
            raise RuntimeError("told to fail")
        return number


class TestUsers:
    @pytest.mark.parametrize("users", [1, 4, 32])
    def test_so_many_at_once_and_each_call_once(self, users: int) -> None:
        busy = Busy(together=min(users, 12))
        calls = at_concurrency(busy, 12, users)
        assert busy.most == min(users, 12)
        assert [each.number for each in calls] == list(range(12))
        assert [each.result for each in calls if each.number != 3] == [n for n in range(12) if n != 3]
        assert str(calls[3].error) == "told to fail"
        assert all(0 <= each.due_s <= each.start_s < each.end_s for each in calls)

    def test_a_call_is_due_once_its_user_is_free(self) -> None:
        calls = at_concurrency(Busy(), 5, 1)
        assert [each.due_s for each in calls[1:]] == [each.end_s for each in calls[:-1]]


class TestArrivals:
    def test_calls_come_whether_others_are_answered_or_not(self) -> None:
        busy = Busy(together=5)
        calls = at_times(busy, [0.0, 0.01, 0.02, 0.03, 0.04])
        assert busy.most == 5
        assert all(each.late_s >= 0 for each in calls)
        assert calls[4].error is None

    @given(st.integers(1, 50), st.floats(0.1, 100), st.sampled_from(["poisson", "constant"]), st.integers(0, 9))
    def test_times_ascend_and_are_those_of_the_seed(self, count: int, rate: float, kind: str, seed: int) -> None:
        found = arrivals(count, rate, kind, seed)
        assert len(found) == count
        assert found == sorted(found)
        assert found == arrivals(count, rate, kind, seed)

    def test_the_rate_is_kept_on_average(self) -> None:
        assert arrivals(4000, 2.0, "poisson", 0)[-1] == pytest.approx(2000, rel=0.05)
        assert arrivals(3, 2.0, "constant", 0) == [0.0, 0.5, 1.0]


class TestSteady:
    def test_by_hand(self) -> None:
        # Two users, a second a call.
        times = [(0.0, 1.0), (0.0, 1.0), (1.0, 2.0), (1.0, 2.5), (2.0, 3.0), (2.5, 3.5), (3.0, 4.0), (3.5, 4.5)]
        found = steady(times, [True] * 8, 1.0, 2)
        # Those before the warm-up's end, and the last two that began, count for no latency.
        assert found.latencies == {2, 3, 4, 5}
        # Answers from 1.0 s to the last start at 3.5 s, each with the time since the one before.
        assert found.gaps == {1: 0.0, 2: 1.0, 3: 0.5, 4: 0.5, 5: 0.5}
        assert sum(found.gaps.values()) == 2.5

    def test_calls_that_failed_are_no_answers(self) -> None:
        times = [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (3.0, 4.0)]
        found = steady(times, [True, False, True, True], 0.0, 1)
        assert found.gaps == {2: 2.0}
        assert found.latencies == {0, 1, 2}

    def test_arrivals_leave_none_out(self) -> None:
        assert steady([(0.0, 9.0), (5.0, 6.0)], [True, True], 0.0, None).latencies == {0, 1}

    @given(st.lists(st.tuples(st.floats(0, 99), st.floats(0.01, 9)), max_size=60), st.integers(1, 9))
    def test_blocks_are_tenths_in_a_row(self, given_times: list[tuple[float, float]], users: int) -> None:
        times = [(start, start + length) for start, length in given_times]
        found = steady(times, [True] * len(times), 0.0, users)
        assert list(found.blocks.values()) == sorted(found.blocks.values())
        assert all(0 <= block < BLOCKS for block in found.blocks.values())
        assert all(gap >= 0 for gap in found.gaps.values())


class Engine:
    """An engine that fails on short clips and refuses those without a language."""

    rate = RATE

    def synchronize(self) -> None: ...

    def transcribe(self, clip: Clip) -> Any:
        if len(clip.samples) < 100:
            raise ValueError("too short")
        if clip.language is None:
            raise TryAgain(RuntimeError("busy"), after_s=9.0, most=9)
        return Transcript(f"{len(clip.samples)}") if clip.language == "en" else "no transcript"


def asked(clips: list[tuple[int, str | None]], **level: Any) -> dict[str, Any]:
    message = {"rate": RATE, "concurrency": None, "arrivals": None, "streams": None, "chunk_s": 0.25, **level}
    message["clips"] = [{"samples": samples, "language": language} for samples, language in clips]
    payload = np.zeros(sum(samples for samples, _ in clips), "<f4").tobytes()
    reply, rest = handler.answer(Engine(), message, payload)
    assert rest == b""
    return reply


@pytest.mark.parametrize(
    "level", [{"concurrency": 2}, {"arrivals": {"rate_per_s": 500.0, "kind": "poisson", "seed": 1}}]
)
def test_each_clip_has_its_own_answer_or_error(level: dict[str, Any]) -> None:
    reply = asked([(1000, "en"), (10, "en"), (1200, None), (1300, "de"), (1400, "en")], **level)
    calls = reply["calls"]
    assert [each["text"] for each in calls] == ["1000", None, None, None, "1400"]
    told = [each["error"] and each["error"]["type"] for each in calls]
    # A refusal is an answer under load: nothing is tried again.
    assert told == [None, "ValueError", "RuntimeError", "TypeError", None]
    assert reply["seconds"] < 5


class TestSaturation:
    def calls(self, late_s: float) -> list[Call]:
        """They began so late, and took a second."""
        return [Call(number, number, number + late_s, number + late_s + 1.0) for number in range(20)]

    def test_a_generator_that_is_late_says_so(self) -> None:
        assert handler.saturated(self.calls(0.05)) is None
        assert handler.saturated([]) is None
        told = handler.saturated(self.calls(0.5))
        assert told == "the load generator was 0.500 s late (95th percentile), the median answer took 1.000 s"
