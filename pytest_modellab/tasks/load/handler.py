"""The worker's side of load: all clips of a level, several at once, each call timed."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter, process_time  # bound before an engine can replace them
from typing import Any

import numpy as np

from pytest_modellab.core.json_values import storable
from pytest_modellab.engines.base import Clip, Transcript, TryAgain
from pytest_modellab.tasks.streaming import handler as streaming

from .generator import Call, arrivals, at_concurrency, at_times
from .server_memory import ServerMemory

MOST_LATE = 0.1
"""Of the median latency: the 95th percentile of the generator's lateness beyond which it was the bottleneck."""
LEAST_LATE_S = 0.005
"""A thread that waits for its turn is as late as that on any machine."""


def answer(engine: Any, message: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    """Recognise all clips of a level.

    `message` has `rate` (Hz), `clips`: of each, in their order, the number of `samples` and the `language`; and one of
    `concurrency`, `arrivals` (`rate_per_s`, `kind`, `seed`) or `streams`: so many clips at once, each paced as it is
    spoken, in chunks of `chunk_s`.

    The reply has `calls`, in the order of the clips: `text`, `language`, `error` (type, message); `due_s`, `start_s`,
    `end_s` on the clock of the level; `late_s`, how far a stream was behind its speaker at most; `client_s` of the
    client's own; `seconds`, the wall time of the level; `saturated`, why the generator couldn't keep its own times, or
    None; and `server_rss_bytes`, the highest resident memory of a server on this machine, or None.
    """
    samples = np.frombuffer(payload, dtype="<f4").astype(np.float32)
    ends = np.cumsum([each["samples"] for each in message["clips"]])
    clips = [
        Clip(samples[end - each["samples"] : end], message["rate"], each["language"])
        for each, end in zip(message["clips"], ends.tolist(), strict=True)
    ]
    engine.synchronize()
    cpu, start = process_time(), perf_counter()
    with ServerMemory(getattr(engine, "server_rss_bytes", None)) as memory:
        calls = _made(engine, clips, message)
    engine.synchronize()
    seconds, cpu_s = perf_counter() - start, process_time() - cpu
    told = {"calls": [_told(call) for call in calls], "saturated": saturated(calls), "server_rss_bytes": memory.highest}
    return {"seconds": seconds, "cpu_s": cpu_s, **told}, b""


def saturated(calls: list[Call]) -> str | None:
    """Why the generator was the bottleneck; None where it kept its own times."""
    if not calls:
        return None
    late_s = float(np.quantile([call.late_s for call in calls], 0.95))
    latency_s = float(np.median([call.end_s - call.start_s for call in calls]))
    if late_s <= max(LEAST_LATE_S, MOST_LATE * latency_s):
        return None
    return f"the load generator was {late_s:.3f} s late (95th percentile), the median answer took {latency_s:.3f} s"


def _made(engine: Any, clips: list[Clip], message: dict[str, Any]) -> list[Call]:
    if message["streams"]:
        return at_concurrency(_stream(engine, clips, message["chunk_s"]), len(clips), message["streams"])
    call = _transcription(engine, clips)
    if message["concurrency"]:
        return at_concurrency(call, len(clips), message["concurrency"])
    told = message["arrivals"]
    return at_times(call, arrivals(len(clips), told["rate_per_s"], told["kind"], told["seed"]))


def _transcription(engine: Any, clips: list[Clip]) -> Callable[[int], Any]:
    def call(number: int) -> tuple[str, str | None, float | None, float | None]:
        try:
            transcript = engine.transcribe(clips[number])
        except TryAgain as again:
            # Under load a refusal is an answer: nothing is tried again.
            raise again.error from None
        if not isinstance(transcript, Transcript) or not isinstance(transcript.text, str):
            raise TypeError(f"transcribe() must return a Transcript with text, not {transcript!r:.200}")
        client_s = engine.client_s() if hasattr(engine, "client_s") else None
        return transcript.text, transcript.language, None, client_s

    return call


def _stream(engine: Any, clips: list[Clip], chunk_s: float) -> Callable[[int], Any]:
    def call(number: int) -> tuple[str, str | None, float | None, float | None]:
        clip = clips[number]
        message = {"rate": clip.rate, "language": clip.language, "chunk_s": chunk_s, "pace": 1.0}
        message |= {"offline": False, "endpoint_s": None}
        try:
            reply, _ = streaming.answer(engine, message, clip.samples.astype("<f4").tobytes())
        except TryAgain as again:
            raise again.error from None
        return reply["text"], reply["language"], reply["late_s"], None

    return call


def _told(call: Call) -> dict[str, Any]:
    text, language, late_s, client_s = call.result if call.result is not None else (None, None, None, None)
    error = None
    if call.error is not None:
        error = {"type": type(call.error).__name__, "message": storable(str(call.error) or repr(call.error))}
    return {
        "text": None if text is None else storable(text),
        "language": None if language is None else storable(language),
        "error": error,
        "due_s": call.due_s,
        "start_s": call.start_s,
        "end_s": call.end_s,
        "late_s": late_s,
        "client_s": client_s,
    }
