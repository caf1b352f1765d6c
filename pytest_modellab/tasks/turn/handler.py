"""The worker's side of end-of-turn detection: asks the engine about the sound up to each moment, and times it."""

from __future__ import annotations

import math
from time import perf_counter, process_time  # bound before an engine can replace them
from typing import Any

import numpy as np

from pytest_modellab.engines.abilities import Beginning
from pytest_modellab.engines.base import Clip


def answer(engine: Any, message: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    """Ask about the clip in `payload` (float32, `message["rate"]` Hz) after each number of samples in `heard`.

    The reply: `probabilities`, one for each, and the engine's `threshold`; `calls_s`, the wall time of each call;
    `seconds`, that of the first, which is the time that counts; `cpu_s` of all.
    """
    samples = np.frombuffer(payload, dtype="<f4").astype(np.float32)
    found: list[float] = []
    calls_s: list[float] = []
    cpu = process_time()
    if isinstance(engine, Beginning):
        engine.begin()
    for count in message["heard"]:
        # A copy of its own for each call: some engines write into their input.
        clip = Clip(samples[:count].copy(), message["rate"], message["language"])
        engine.synchronize()
        start = perf_counter()
        probability = engine.ended(clip)
        engine.synchronize()
        calls_s.append(perf_counter() - start)
        found.append(_ratio(probability, "ended() must return a probability"))
    threshold = _ratio(engine.threshold, "threshold must be a probability")
    times = {"calls_s": calls_s, "seconds": calls_s[0], "cpu_s": process_time() - cpu}
    return {"probabilities": found, "threshold": threshold, **times}, b""


def _ratio(value: Any, what: str) -> float:
    """A number between 0 and 1. Raises TypeError for anything else."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = math.nan
    if not 0 <= found <= 1:
        raise TypeError(f"{what} between 0 and 1, not {value!r:.200}")
    return found
