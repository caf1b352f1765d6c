"""A recogniser and translator for tests: what it says, and how far its word times are off, it is told."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from modellab_fake_engine import FakeEngine, FakeOptions

from pytest_modellab.engines.base import Clip, LoadRequest, TimedWord, Transcript


@dataclass(frozen=True)
class FakeWordOptions(FakeOptions):
    shift_s: float = 0.0
    """Of all times."""
    probability: float | None = 0.9
    times: bool = True


class FakeWords(FakeEngine):
    """Finds where sounds begin and end among silences, and spreads the words of its answer evenly over each."""

    tasks: ClassVar[frozenset[str]] = frozenset({"asr", "words", "translate"})
    Options: ClassVar[type[Any]] = FakeWordOptions
    options: FakeWordOptions

    @classmethod
    def load(cls, request: LoadRequest) -> FakeWords:
        return cls(FakeWordOptions(**request.options))

    def transcribe_words(self, clip: Clip) -> Transcript:
        text = self.transcribe(clip).text
        words = text.split()
        if not self.options.times:
            return Transcript(text, words=tuple(TimedWord(each, probability=0.9) for each in words))
        sounds = list(_sounds(clip))
        per_sound = max(1, round(len(words) / len(sounds)))
        timed = []
        for i, (begin_s, end_s) in enumerate(sounds):
            own = words[i * per_sound : (i + 1) * per_sound]
            edges = np.linspace(begin_s, end_s, len(own) + 1) + self.options.shift_s
            timed += [
                TimedWord(word, float(start), float(end), self.options.probability)
                for word, (start, end) in zip(own, pairwise(edges), strict=True)
            ]
        return Transcript(text, words=tuple(timed))

    def translate(self, clip: Clip, target: str) -> Transcript:
        return Transcript(f"{self.transcribe(clip).text} ({target})")


def _sounds(clip: Clip) -> list[tuple[float, float]]:
    """Where samples that aren't 0 begin and end, seconds."""
    aloud = np.flatnonzero(clip.samples)
    gaps = np.flatnonzero(np.diff(aloud) > clip.rate // 10)
    begins, ends = aloud[[0, *(gaps + 1)]], aloud[[*gaps, -1]]
    return [(begin / clip.rate, (end + 1) / clip.rate) for begin, end in zip(begins, ends, strict=True)]
