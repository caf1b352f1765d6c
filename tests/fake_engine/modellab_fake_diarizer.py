"""A diarizer that is told its answers, by the number of samples of a clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pytest_modellab import Clip, LoadRequest, SpeakerSegment

RATE = 16_000


@dataclass(frozen=True)
class FakeDiarizerOptions:
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    answers: Mapping[str, Sequence[Sequence[Any]]] = field(default_factory=dict)
    """Samples of a clip -> segments: begin and end in seconds, speaker, and text where words are told."""
    fails: bool = False


class FakeDiarizer:
    tasks: ClassVar[frozenset[str]] = frozenset({"diarize"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    rate: ClassVar[int] = RATE
    distributions: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str] = ""
    Options: ClassVar[type[Any]] = FakeDiarizerOptions

    def __init__(self, options: FakeDiarizerOptions) -> None:
        self._options = options

    @classmethod
    def load(cls, request: LoadRequest) -> FakeDiarizer:
        return cls(FakeDiarizerOptions(**request.options))

    def diarize(self, clip: Clip) -> list[SpeakerSegment]:
        if self._options.fails:
            raise RuntimeError("told to fail")
        return [SpeakerSegment(*each) for each in self._options.answers.get(str(len(clip.samples)), [])]

    def synchronize(self) -> None: ...

    def close(self) -> None: ...
