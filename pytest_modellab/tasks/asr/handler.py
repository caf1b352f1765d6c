"""The worker's side of recognition: has the engine transcribe a clip, and times it."""

from __future__ import annotations

from time import perf_counter, process_time  # bound before an engine can replace them
from typing import Any

import numpy as np

from pytest_modellab.core.json_values import storable
from pytest_modellab.engines.base import Clip, Transcript


def answer(engine: Any, message: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    """Transcribe the clip in `payload` (float32, `message["rate"]` Hz); the reply, and no samples.

    The reply has `text`, `language`, `seconds`, the wall time of the call, and `cpu_s`.
    """
    # A copy, since a frame's bytes are read-only and some engines write into their input.
    samples = np.frombuffer(payload, dtype="<f4").astype(np.float32)
    clip = Clip(samples, message["rate"], message["language"])
    engine.synchronize()
    cpu, start = process_time(), perf_counter()
    transcript = engine.transcribe(clip)
    engine.synchronize()
    seconds, cpu_s = perf_counter() - start, process_time() - cpu
    if not isinstance(transcript, Transcript) or not isinstance(transcript.text, str):
        raise TypeError(f"transcribe() must return a Transcript with text, not {transcript!r:.200}")
    language = transcript.language
    if not isinstance(language, str | None):
        raise TypeError(f"a Transcript's language must be text or None, not {language!r:.200}")
    reply = {
        "text": storable(transcript.text),
        "seconds": seconds,
        "cpu_s": cpu_s,
        "language": None if language is None else storable(language),
    }
    return reply, b""
