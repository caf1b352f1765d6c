"""The worker's side of translation: has the engine translate a clip, and times it."""

from __future__ import annotations

from time import perf_counter, process_time  # bound before an engine can replace them
from typing import Any

import numpy as np

from pytest_modellab.core.json_values import storable
from pytest_modellab.engines.base import Clip, Transcript


def answer(engine: Any, message: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    """Translate the clip in `payload` (float32, `message["rate"]` Hz) into the language `message["target"]`.

    The reply, without samples, has `text`; `language`, what the model took the clip to be in, or None; `seconds`, the
    wall time of the call, and `cpu_s`.
    """
    # A copy, since a frame's bytes are read-only and some engines write into their input.
    clip = Clip(np.frombuffer(payload, dtype="<f4").astype(np.float32), message["rate"], message["language"])
    engine.synchronize()
    cpu, start = process_time(), perf_counter()
    found = engine.translate(clip, message["target"])
    engine.synchronize()
    seconds, cpu_s = perf_counter() - start, process_time() - cpu
    if not isinstance(found, Transcript) or not isinstance(found.text, str):
        raise TypeError(f"translate() must return a Transcript with text, not {found!r:.200}")
    language = None if found.language is None else storable(str(found.language))
    return {"text": storable(found.text), "language": language, "seconds": seconds, "cpu_s": cpu_s}, b""
