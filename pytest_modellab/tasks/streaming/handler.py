"""The worker's side of streaming: sends a clip in chunks, at real-time pace or faster, and times partial results.

The clock starts when the first sample is spoken. A chunk is complete with its last sample: at `pace` 1, chunk k of
`chunk_s` seconds is pushed k * chunk_s seconds after the start, or later if the one before took too long. Without a
pace chunks are pushed as fast as the engine takes them, and latencies are meaningless.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator
from time import perf_counter, process_time, sleep  # bound before an engine can replace them
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_modellab.core.json_values import storable
from pytest_modellab.engines.base import Clip, Endpointing, Partial, Remote, Transcript

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRAME_S = 0.02
LOUDEST_ROOM_DB = -50.0
"""Relative to full scale: a clip without a pause has no quiet frame."""


def answer(engine: Any, message: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    """Recognise the clip in `payload` (float32, `message["rate"]` Hz) as a stream.

    `message` also has `language`, `chunk_s`, `pace` (1 is real time; None for none) and `offline`: whether the clip is
    recognised as a whole, too, if the engine can; and `endpoint_s`, the seconds of silence behind the clip in which the
    engine is to find the end of speech by itself, in a second stream (None for no such stream). Both are outside the
    time that counts.

    The reply: `text`, `language`; `seconds`, the wall time that `start`, `push` and `finish` took, which is the time
    that counts, and `cpu_s`; `partials`, each with `at_s` on the clock above, `audio_s` pushed by then, and `text`;
    `audio_s`; `late_s`, how far the chunks were behind their time at most (None without a pace); `final_s`, from where
    the last sample is spoken to the final text (None without a pace); `reconnects` and `waited_s` of a stream that
    goes to a server, else None; `offline`, or None; `endpoint`: the `text` of the first partial that the engine marked
    as the end of speech and the time `at_s` of it on the clock of its own stream, both None where it marked none, and
    `listened_s`, for how long it was given sound; None without `endpoint_s`, or where the engine finds no ends.
    """
    # A copy, since a frame's bytes are read-only and some engines write into their input.
    samples = np.frombuffer(payload, dtype="<f4").astype(np.float32)
    rate, language, pace = message["rate"], message["language"], message["pace"]
    engine.synchronize()
    cpu = process_time()
    run = _Run(engine, language)
    try:
        transcript = run.through(samples, rate, message["chunk_s"], pace)
        stream = run.stream
        remote = isinstance(stream, Remote)
        ends = isinstance(stream, Endpointing) and stream.finds_ends
        reply = {
            "text": storable(transcript.text),
            "language": None if transcript.language is None else storable(transcript.language),
            "seconds": run.busy_s,
            "cpu_s": process_time() - cpu,
            "partials": run.partials(),
            "audio_s": len(samples) / rate,
            "late_s": None if pace is None else run.late_s,
            "final_s": None if pace is None else run.final_s,
            "reconnects": stream.reconnects if remote else None,
            "waited_s": stream.waited_s if remote else None,
        }
    finally:
        run.stream.close()
    endpoint = None
    if message["endpoint_s"] is not None and ends:
        listening = _Run(engine, language)
        try:
            heard = with_room_tone(samples, rate, message["endpoint_s"])
            endpoint = listening.until_end_of_speech(heard, rate, message["chunk_s"], pace)
        finally:
            listening.stream.close()
    offline = None
    if message["offline"] and "asr" in engine.tasks:
        offline = storable(_checked(engine.transcribe(Clip(samples, rate, language)), "transcribe()").text)
        engine.synchronize()
    return {**reply, "offline": offline, "endpoint": endpoint}, b""


class _Run:
    """One stream from its start to its final text."""

    def __init__(self, engine: Any, language: str | None) -> None:
        self._engine = engine
        self._begin = perf_counter()
        self.stream = engine.start(language)
        self.busy_s = perf_counter() - self._begin
        self.late_s = 0.0
        self.final_s = 0.0
        # When so much audio was pushed, in seconds of the clock and of the audio.
        self._pushed: list[tuple[float, float]] = []
        self._partials: list[tuple[Partial, float]] = []

    def through(self, samples: NDArray[np.float32], rate: int, chunk_s: float, pace: float | None) -> Transcript:
        """The whole clip, and an explicit stop behind it."""
        self._begin = perf_counter()
        for chunk, end_s in _chunks(samples, rate, chunk_s):
            self._push(chunk, end_s, pace)
        before = perf_counter()
        transcript = self.stream.finish()
        self._engine.synchronize()
        now = perf_counter()
        self.busy_s += now - before
        self._collect()
        self.final_s = now - self._begin - len(samples) / rate / (pace or math.inf)
        return _checked(transcript, "finish()")

    def until_end_of_speech(
        self, samples: NDArray[np.float32], rate: int, chunk_s: float, pace: float | None
    ) -> dict[str, Any]:
        """The clip up to where the engine finds the end of speech, without a stop."""
        self._begin = perf_counter()
        listened_s = 0.0
        for chunk, end_s in _chunks(samples, rate, chunk_s):
            self._push(chunk, end_s, pace)
            listened_s = end_s / (pace or math.inf)
            found = next(((partial, at) for partial, at in self._partials if partial.end_of_speech), None)
            if found is not None:
                text, at_s = storable(found[0].text), found[1] - self._begin
                return {"text": text, "at_s": at_s, "listened_s": listened_s}
        return {"text": None, "at_s": None, "listened_s": listened_s}

    def _push(self, chunk: NDArray[np.float32], end_s: float, pace: float | None) -> None:
        """A chunk, once its last sample has been spoken, and what it led to."""
        if pace is not None:
            due = self._begin + end_s / pace
            sleep(max(0.0, due - perf_counter()))
            self.late_s = max(self.late_s, perf_counter() - due)
        before = perf_counter()
        self._pushed.append((before, end_s))
        self.stream.push(chunk)
        self.busy_s += perf_counter() - before
        self._collect()

    def partials(self) -> list[dict[str, Any]]:
        """As they are stored, in the order they came."""
        times = [at for at, _ in self._pushed]
        return [
            {
                "at_s": at - self._begin,
                "audio_s": self._pushed[max(0, bisect_left(times, at) - 1)][1] if times else 0.0,
                "text": storable(partial.text),
            }
            for partial, at in self._partials
        ]

    def _collect(self) -> None:
        now = perf_counter()
        for partial in self.stream.partials():
            if not isinstance(partial, Partial) or not isinstance(partial.text, str):
                raise TypeError(f"partials() must give Partials with text, not {partial!r:.200}")
            self._partials.append((partial, now if partial.at is None else partial.at))


def with_room_tone(samples: NDArray[np.float32], rate: int, seconds: float) -> NDArray[np.float32]:
    """A clip of shape (n,) and then so many seconds of noise, as loud as the clip's quietest tenth.

    A recording that went on would not turn into digital silence. The noise is the same at every call.
    """
    frame = max(1, round(FRAME_S * rate))
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame).astype(np.float64)
    levels = np.sqrt(np.mean(np.square(frames), axis=1))
    quiet = float(np.quantile(levels, 0.1)) if len(levels) else 0.0
    level = min(quiet, 10 ** (LOUDEST_ROOM_DB / 20))
    noise = np.random.default_rng(0).normal(0.0, level, round(seconds * rate)) if level else 0.0
    return np.concatenate((samples, np.zeros(round(seconds * rate)) + noise)).astype(np.float32)


def _chunks(samples: NDArray[np.float32], rate: int, chunk_s: float) -> Iterator[tuple[NDArray[np.float32], float]]:
    """Chunks with where they end, in seconds; the last may be shorter."""
    size = max(1, round(chunk_s * rate))
    for start in range(0, len(samples), size):
        chunk = samples[start : start + size]
        yield chunk, (start + len(chunk)) / rate


def _checked(transcript: Any, of: str) -> Transcript:
    if not isinstance(transcript, Transcript) or not isinstance(transcript.text, str):
        raise TypeError(f"{of} must return a Transcript with text, not {transcript!r:.200}")
    if not isinstance(transcript.language, str | None):
        raise TypeError(f"a Transcript's language must be text or None, not {transcript.language!r:.200}")
    return transcript
