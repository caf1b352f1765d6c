"""The load generator: calls of an engine at a concurrency, or at times of arrival. Runs in the worker.

Calls are made in threads, as those of many users are. How late each call began is told: by it a generator is known that
can't keep its own times.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter, sleep  # bound before an engine can replace them
from typing import Any

import numpy as np

MOST_THREADS = 512
"""Calls at once, at a rate: more than that wait, and are late."""


@dataclass
class Call:
    """One call.

    Attributes:
        number: which of the calls it is, from 0.
        due_s: when it was to begin, seconds since the level began.
        start_s, end_s: when it began and ended.
        result: what it gave; None where it failed.
        error: what it raised.
    """

    number: int
    due_s: float
    start_s: float = 0.0
    end_s: float = 0.0
    result: Any = None
    error: Exception | None = None

    @property
    def late_s(self) -> float:
        """How long after its time it began."""
        return self.start_s - self.due_s


def at_concurrency(call: Callable[[int], Any], count: int, concurrency: int) -> list[Call]:
    """`count` calls, `concurrency` at once: each user makes the next one as soon as the last was answered.

    A call is due when its user's last one was answered. The result is in the order of the calls' numbers.
    """
    calls: list[Call] = []
    lock = threading.Lock()
    begin = perf_counter()

    def user() -> None:
        free_s = perf_counter() - begin
        while True:
            with lock:
                if len(calls) == count:
                    return
                made = Call(len(calls), free_s)
                calls.append(made)
            _make(made, call, begin)
            free_s = made.end_s

    _in_threads([user] * min(concurrency, count))
    return calls


def at_times(call: Callable[[int], Any], due_s: Sequence[float]) -> list[Call]:
    """A call at each of these times, in ascending order, whether those before are answered or not."""
    calls = [Call(number, float(each)) for number, each in enumerate(due_s)]
    waiting = iter(calls)
    lock = threading.Lock()
    begin = perf_counter()

    def user() -> None:
        while True:
            with lock:
                made = next(waiting, None)
            if made is None:
                return
            sleep(max(0.0, begin + made.due_s - perf_counter()))
            _make(made, call, begin)

    _in_threads([user] * min(MOST_THREADS, len(calls)))
    return calls


def arrivals(count: int, rate: float, kind: str, seed: int) -> list[float]:
    """Times of `count` arrivals at `rate` a second, from 0 on.

    `kind` is `poisson`, for arrivals that are independent of each other, or `constant`.
    """
    if kind == "constant":
        return [number / rate for number in range(count)]
    gaps = np.random.default_rng(seed).exponential(1 / rate, count)
    return [float(each) for each in np.cumsum(gaps)]


def _make(made: Call, call: Callable[[int], Any], begin: float) -> None:
    made.start_s = perf_counter() - begin
    try:
        made.result = call(made.number)
    except Exception as error:  # one call that fails is no end of the level
        made.error = error
    made.end_s = perf_counter() - begin


def _in_threads(users: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=user, daemon=True) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
