"""The worker's side of recognition with word times: has the engine transcribe a clip, and times it."""

from __future__ import annotations

import math
from time import perf_counter, process_time  # bound before an engine can replace them
from typing import Any

import numpy as np

from pytest_modellab.core.json_values import storable
from pytest_modellab.engines.base import Clip, TimedWord, Transcript

_ROUNDING = 1e-3
"""By so much a probability may be beyond 0 and 1."""


def answer(engine: Any, message: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    """Transcribe the clip in `payload` (float32, `message["rate"]` Hz) with its words; the reply, and no samples.

    The reply has `text`, `language`; `words`, each a list of its text, beginning and end in the clip in seconds, and
    probability, where what isn't told, or is no finite number, is None; `seconds`, the wall time of the call, and
    `cpu_s`.
    """
    # A copy, since a frame's bytes are read-only and some engines write into their input.
    clip = Clip(np.frombuffer(payload, dtype="<f4").astype(np.float32), message["rate"], message["language"])
    engine.synchronize()
    cpu, start = process_time(), perf_counter()
    found = engine.transcribe_words(clip)
    engine.synchronize()
    seconds, cpu_s = perf_counter() - start, process_time() - cpu
    if not isinstance(found, Transcript) or not isinstance(found.text, str):
        raise TypeError(f"transcribe_words() must return a Transcript with text, not {found!r:.200}")
    if found.words is None or not all(isinstance(each, TimedWord) for each in found.words):
        raise TypeError(f"transcribe_words() must return a Transcript whose `words` are TimedWords, not {found!r:.200}")
    language = None if found.language is None else storable(str(found.language))
    words = [_kept(each) for each in found.words]
    return {"text": storable(found.text), "language": language, "words": words, "seconds": seconds, "cpu_s": cpu_s}, b""


def _kept(word: TimedWord) -> list[str | float | None]:
    probability = _number(word.probability)
    if probability is not None and not -_ROUNDING <= probability <= 1 + _ROUNDING:
        raise ValueError(f"the probability of a word must be from 0 to 1, not {probability:g} (`{word.text:.50}`)")
    return [storable(word.text), *map(_number, (word.start_s, word.end_s)), probability]


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
