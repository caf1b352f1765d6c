"""The worker's side of diarization: has the engine tell who spoke when, and times it."""

from __future__ import annotations

import math
from dataclasses import replace
from time import perf_counter, process_time  # bound before an engine can replace them
from typing import Any

import numpy as np

from pytest_modellab.core.json_values import storable
from pytest_modellab.engines.base import Clip
from pytest_modellab.engines.diarizer import SpeakerSegment

from .segments import Segment, written


def answer(engine: Any, message: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    """Diarize the clip in `payload` (float32, `message["rate"]` Hz); the reply, and no samples.

    The reply has `text`, the segments as records hold them; `words`, whether the engine told those of its segments; and
    `seconds`, the wall time of the call, and `cpu_s`.
    """
    # A copy, since a frame's bytes are read-only and some engines write into their input.
    samples = np.frombuffer(payload, dtype="<f4").astype(np.float32)
    clip = Clip(samples, message["rate"], message["language"])
    engine.synchronize()
    cpu, start = process_time(), perf_counter()
    found = engine.diarize(clip)
    engine.synchronize()
    seconds, cpu_s = perf_counter() - start, process_time() - cpu
    if not isinstance(found, list | tuple):
        raise TypeError(f"diarize() must return a list of SpeakerSegments, not {found!r:.200}")
    segments = [_checked(each) for each in found]
    # No segment at all is an answer, too; whether its engine tells words then doesn't show.
    words = any(each.words is not None for each in segments)
    # Words of a segment that doesn't last were said all the same.
    segments = [
        replace(each, end=each.start + 1) if each.words and each.start == each.end else each for each in segments
    ]
    kept = [each for each in segments if each.start < each.end]
    return {"text": storable(written(kept)), "words": words, "seconds": seconds, "cpu_s": cpu_s}, b""


def _checked(found: Any) -> Segment:
    """A segment in ms, from 0 on. Raises TypeError or ValueError for what is none."""
    if not isinstance(found, SpeakerSegment) or not isinstance(found.speaker, str):
        raise TypeError(f"diarize() must give SpeakerSegments whose speaker is text, not {found!r:.200}")
    if not isinstance(found.text, str | None):
        raise TypeError(f"a segment's text must be text or None, not {found.text!r:.200}")
    start_s, end_s = float(found.start_s), float(found.end_s)
    if not (math.isfinite(start_s) and math.isfinite(end_s)) or start_s > end_s:
        raise ValueError(f"a segment from {start_s} to {end_s} s is none")
    return Segment(max(0, round(1000 * start_s)), max(0, round(1000 * end_s)), found.speaker, found.text)
