"""A streaming engine for tests of faults and of bookkeeping: it reads numbers off the samples, ten a second.

What is lost, sent twice or out of order on the way to it shows in the text.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from pytest_modellab.engines.base import Clip, LoadRequest, Partial, Settled, Transcript

RATE = 16_000
BLOCK = 1600
SCALE = 1024
OPEN = 3
"""So many of the last numbers a stream has not settled."""


def sound(numbers: Sequence[int]) -> Any:
    """Samples of these numbers, each from 0 to 1023."""
    return np.repeat(np.asarray(numbers, dtype=np.float32) / SCALE, BLOCK)


def read(samples: Any) -> list[str]:
    """The numbers of whole blocks, as words."""
    blocks = samples[: len(samples) // BLOCK * BLOCK].reshape(-1, BLOCK)
    return [str(round(float(mean) * SCALE)) for mean in blocks.mean(axis=1)]


@dataclass(frozen=True)
class FakeStreamOptions:
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    push_s: float = 0.0
    """How long each push takes."""
    first_push_s: float = 0.0
    """How much longer the first one of a stream takes."""
    finish_s: float = 0.0
    unsure: bool = False
    """Whether the last number is another one at first."""
    ends_at_s: float = 0.0
    """After so much audio it takes speech as finished; 0 for never."""
    fault: str = ""
    language: str | None = None
    vad_filter: bool = False


class FakeStream:
    tasks: ClassVar[frozenset[str]] = frozenset({"asr", "streaming"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    rate: ClassVar[int] = RATE
    distributions: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str] = ""
    Options: ClassVar[type[Any]] = FakeStreamOptions

    def __init__(self, options: FakeStreamOptions) -> None:
        self.options = options

    @classmethod
    def load(cls, request: LoadRequest) -> FakeStream:
        return cls(FakeStreamOptions(**request.options))

    def transcribe(self, clip: Clip) -> Transcript:
        return Transcript(" ".join(read(clip.samples)))

    def start(self, language: str | None) -> NumberStream:
        return NumberStream(self.options)

    def synchronize(self) -> None: ...

    def close(self) -> None: ...


class NumberStream:
    def __init__(self, options: FakeStreamOptions) -> None:
        self.options = options
        self.samples: Any = np.zeros(0, dtype=np.float32)
        self.shown = ""
        self.ended = False
        self.closed = False

    def push(self, samples: Any) -> None:
        if self.options.fault == "raise":
            raise RuntimeError("the fake stream was told to fail")
        time.sleep(self.options.push_s + (0.0 if len(self.samples) else self.options.first_push_s))
        self.samples = np.concatenate((self.samples, samples))

    def partials(self) -> Sequence[Any]:
        if self.options.fault == "wrong-type":
            return ["no Partial"]
        words = read(self.samples)
        if words and self.options.unsure:
            words[-1] = "unsure"
        text = " ".join(words)
        ended = self.finds_ends and not self.ended and len(self.samples) / RATE >= self.options.ends_at_s
        if text == self.shown and not ended:
            return []
        self.shown, self.ended = text, self.ended or ended
        return [Partial(text, end_of_speech=ended)]

    @property
    def finds_ends(self) -> bool:
        return self.options.ends_at_s > 0

    def settled(self) -> Settled:
        words = read(self.samples)[:-OPEN]
        return Settled(" ".join(words), len(words) * BLOCK / RATE)

    def finish(self) -> Transcript:
        time.sleep(self.options.finish_s)
        if self.options.fault == "no-text":
            return Transcript(None)  # type: ignore[arg-type]  # the fault
        return Transcript(" ".join(read(self.samples)))

    def close(self) -> None:
        self.closed = True
