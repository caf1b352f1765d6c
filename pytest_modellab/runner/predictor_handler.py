"""The worker's side of predictors: the score of a clip, alone or compared with a second one."""

from __future__ import annotations

from typing import Any

import numpy as np

from pytest_modellab.engines.base import Clip


def answer(engine: Any, message: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
    """The score of a clip; `own` of its samples come first, and any others are those of what it is compared with."""
    samples = np.frombuffer(payload, dtype="<f4").astype(np.float32)
    own, other = samples[: message["own"]], samples[message["own"] :]
    clip = Clip(own, message["rate"])
    score = engine.compare(clip, Clip(other, message["rate"])) if len(other) else engine.score(clip)
    return {"score": float(score)}, b""
