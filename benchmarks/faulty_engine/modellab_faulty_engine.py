"""faster-whisper with a fault planted in its wrapper, to see whether a comparison with a baseline finds it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from pytest_modellab.engines.base import Clip, LoadRequest, Transcript
from pytest_modellab.engines.faster_whisper import FasterWhisper, FasterWhisperOptions

# One word in so many is dropped.
DROPPED = 15
# Bits that are left of each sample by the degraded audio path.
BITS = 5


@dataclass(frozen=True)
class FaultyOptions(FasterWhisperOptions):
    fault: Literal["none", "dropped words", "wrong language", "degraded audio"] = "none"


class FaultyWhisper(FasterWhisper):
    Options: ClassVar[type[Any]] = FaultyOptions
    fault: str
    words = 0

    @classmethod
    def load(cls, request: LoadRequest) -> FaultyWhisper:
        options = dict(request.options)
        fault = str(options.pop("fault"))
        engine = super().load(replace(request, options=options))
        assert isinstance(engine, cls)
        engine.fault = fault
        return engine

    def transcribe(self, clip: Clip) -> Transcript:
        if self.fault == "wrong language":
            clip = replace(clip, language="de")
        if self.fault == "degraded audio":
            step = 2.0 ** (1 - BITS)
            clip = replace(clip, samples=(np.round(clip.samples / step) * step).astype(np.float32))
        found = super().transcribe(clip)
        if self.fault != "dropped words":
            return found
        kept = []
        for word in found.text.split():
            self.words += 1
            if self.words % DROPPED:
                kept.append(word)
        return replace(found, text=" ".join(kept))
