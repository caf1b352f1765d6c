"""The worker's side: has the engine identify a clip, and reads the clock."""

from __future__ import annotations

from time import perf_counter, process_time  # bound before an engine can replace them
from typing import Any

import numpy as np

from pytest_modellab import Clip


def answer(engine: Any, message: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    """Identify the clip in `payload` (float32, `message["rate"]` Hz)."""
    clip = Clip(np.frombuffer(payload, dtype="<f4").astype(np.float32), message["rate"])
    engine.synchronize()
    cpu, start = process_time(), perf_counter()
    language, confidence = engine.identify(clip)
    engine.synchronize()
    seconds, cpu_s = perf_counter() - start, process_time() - cpu
    return {"language": str(language), "confidence": float(confidence), "seconds": seconds, "cpu_s": cpu_s}, b""
