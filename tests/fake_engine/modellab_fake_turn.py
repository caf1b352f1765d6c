"""A detector of ends of turns for tests: it knows the truth by how much sound there is, or says what it is told to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from pytest_modellab.engines.base import Clip, LoadRequest

LOUD = 0.05


@dataclass(frozen=True)
class FakeDetectorOptions:
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    says: str = "truth"
    """Or `always`, `never`, `random`, `wrong-type`; `late`: the truth after half a second."""
    whole_s: float = 1.8
    """So much sound makes a turn that is finished."""
    fails_below_s: float = 0.0
    """With less sound it raises."""
    threshold: float = 0.5


class FakeDetector:
    tasks: ClassVar[frozenset[str]] = frozenset({"turn"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str] = ""
    Options: ClassVar[type[Any]] = FakeDetectorOptions

    def __init__(self, options: FakeDetectorOptions) -> None:
        self.options = options
        self.threshold = options.threshold

    @classmethod
    def load(cls, request: LoadRequest) -> FakeDetector:
        return cls(FakeDetectorOptions(**request.options))

    def ended(self, clip: Clip) -> float:
        loud = np.flatnonzero(np.abs(clip.samples) > LOUD)
        heard_s = len(loud) / clip.rate
        if heard_s < self.options.fails_below_s:
            raise RuntimeError("the fake detector was told to fail")
        match self.options.says:
            case "always":
                return 1.0
            case "never":
                return 0.0
            case "random":
                return hashlib.sha256(clip.samples.tobytes()).digest()[0] / 255
            case "wrong-type":
                return "yes"  # type: ignore[return-value]  # the fault
        silence_s = clip.seconds - (loud[-1] + 1 if len(loud) else 0) / clip.rate
        truth = heard_s >= self.options.whole_s
        return 0.9 if truth and (self.options.says == "truth" or silence_s >= 0.5) else 0.1

    def synchronize(self) -> None: ...

    def close(self) -> None: ...
