"""A model that hears while it speaks, for tests: it answers sound with sound, and stops for sound, or doesn't."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from pytest_modellab.engines.base import Heard, LoadRequest

LOUD = 0.05


@dataclass(frozen=True)
class FakeDuplexOptions:
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    speaks_s: float = 30.0
    """For so long, if nothing stops it."""
    stops_after_s: float = 0.4
    """Of sound; 0 for never."""
    mute: bool = False
    hears: str = "hello my dear old friend"
    fault: str = ""


class FakeDuplex:
    tasks: ClassVar[frozenset[str]] = frozenset({"barge_in"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    rate: ClassVar[int] = 16_000
    frame: ClassVar[int] = 1600
    speech_rate: int = 8000
    distributions: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str] = ""
    Options: ClassVar[type[Any]] = FakeDuplexOptions

    def __init__(self, options: FakeDuplexOptions) -> None:
        self.options = options

    @classmethod
    def load(cls, request: LoadRequest) -> FakeDuplex:
        return cls(FakeDuplexOptions(**request.options))

    def converse(self, language: str | None) -> FakeTalk:
        return FakeTalk(self.options)

    def synchronize(self) -> None: ...

    def close(self) -> None: ...


class FakeTalk:
    def __init__(self, options: FakeDuplexOptions) -> None:
        self.options = options
        self.left = 0
        self.loud = self.quiet = 0
        self.spoken_to = False
        self.told: list[Heard] = []

    def hear(self, samples: Any) -> Any:
        if self.options.fault == "raise":
            raise RuntimeError("the fake model was told to fail")
        sound = float(np.abs(samples).max()) > LOUD
        self.loud, self.quiet = (self.loud + 1, 0) if sound else (0, self.quiet + 1)
        self.spoken_to |= sound
        if self.left and self.options.stops_after_s and self.loud >= self.options.stops_after_s * 10:
            self.left = 0
        elif not self.left and self.spoken_to and self.quiet == 6 and not self.options.mute:
            self.told.append(Heard(self.options.hears))
            self.left, self.spoken_to = round(self.options.speaks_s * 10), False
        if not self.left:
            return np.zeros(0, np.float32)
        self.left -= 1
        if self.options.fault == "too-long":
            return np.zeros(8000, np.float32)
        if self.options.fault == "nan":
            return np.full(800, np.nan, np.float32)
        return np.full(800, 0.3, np.float32)

    def heard(self) -> Sequence[Heard]:
        told, self.told = self.told, []
        return told

    def close(self) -> None: ...
