"""The worker's side of recognition: has the engine transcribe a clip, or several at once, and times it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from time import perf_counter, process_time  # bound before an engine can replace them
from typing import Any

import numpy as np

from pytest_modellab.core.json_values import storable
from pytest_modellab.engines.base import Clip, RepeatingBatch, Transcript


def answer(engine: Any, message: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    """Transcribe the clip in `payload` (float32, `message["rate"]` Hz); the reply, and no samples.

    The reply has `text`, `language`, `seconds`, the wall time of the call, and `cpu_s`. With the op `transcribe_batch`
    the clips are one after the other in `payload`, of so many `message["samples"]` each and in `message["languages"]`,
    and the reply has `texts` and `languages`; of an engine that repeats calls, `retries_each`.
    """
    # A copy, since a frame's bytes are read-only and some engines write into their input.
    samples = np.frombuffer(payload, dtype="<f4").astype(np.float32)
    if message.get("op") == "transcribe_batch":
        return _batch(engine, message, samples), b""
    clip = Clip(samples, message["rate"], message["language"])
    transcript, times = _timed(engine, lambda: engine.transcribe(clip))
    text, language = _checked(transcript, "transcribe")
    return {"text": text, "language": language, **times}, b""


def _batch(engine: Any, message: dict[str, Any], samples: Any) -> dict[str, Any]:
    ends = np.cumsum([0, *message["samples"]])
    pieces = [samples[begin:end].copy() for begin, end in pairwise(ends)]
    clips = [Clip(piece, message["rate"], each) for piece, each in zip(pieces, message["languages"], strict=True)]
    transcripts, times = _timed(engine, lambda: engine.transcribe_batch(clips))
    if not isinstance(transcripts, list | tuple) or len(transcripts) != len(clips):
        raise TypeError(f"transcribe_batch() must return a Transcript for each clip, not {transcripts!r:.200}")
    found = [_checked(each, "transcribe_batch") for each in transcripts]
    reply = {"texts": [text for text, _ in found], "languages": [language for _, language in found], **times}
    return reply | ({"retries_each": list(engine.retries())} if isinstance(engine, RepeatingBatch) else {})


def _timed(engine: Any, call: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    engine.synchronize()
    cpu, start = process_time(), perf_counter()
    found = call()
    engine.synchronize()
    seconds, cpu_s = perf_counter() - start, process_time() - cpu
    return found, {"seconds": seconds, "cpu_s": cpu_s}


def _checked(transcript: Any, method: str) -> tuple[str, str | None]:
    """Text and language as they are kept. Raises TypeError for what is no transcript."""
    if not isinstance(transcript, Transcript) or not isinstance(transcript.text, str):
        raise TypeError(f"{method}() must return a Transcript with text, not {transcript!r:.200}")
    language = transcript.language
    if not isinstance(language, str | None):
        raise TypeError(f"a Transcript's language must be text or None, not {language!r:.200}")
    return storable(transcript.text), None if language is None else storable(language)
