"""The negative control: an engine that is wrong on purpose and replaces every model of a session. A gate that it
passes can't fail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from .base import Clip, LoadRequest, Partial, Speech, Transcript, Turn
from .diarizer import SpeakerSegment

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ANSWER = "nobody said any of these words, all of them wrong on purpose"


@dataclass(frozen=True)
class ControlOptions:
    """It accepts the options of any model that it replaces, and needs none."""


class Control:
    """Answers every clip, and every turn of a dialogue, with the same words."""

    tasks: ClassVar[frozenset[str]] = frozenset({"asr", "tts", "chat", "streaming", "diarize"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu", "cuda", "mps"})
    rate: ClassVar[int] = 16_000
    hears: ClassVar[bool] = False
    """What it is told is all the same to it."""
    speaks: ClassVar[bool] = False
    distributions: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str] = ""
    Options: ClassVar[type[Any]] = ControlOptions

    @classmethod
    def load(cls, request: LoadRequest) -> Control:
        return cls()

    def transcribe(self, clip: Clip) -> Transcript:
        return Transcript(ANSWER)

    def diarize(self, clip: Clip) -> Sequence[SpeakerSegment]:
        """One speaker from beginning to end."""
        return [SpeakerSegment(0.0, clip.seconds, "speaker")]

    def start(self, language: str | None) -> ControlStream:
        return ControlStream()

    def respond(self, turn: Turn) -> Iterator[str]:
        yield ANSWER

    def synthesize(self, text: str, language: str | None) -> Iterator[Speech]:
        """Two seconds of a tone."""
        import numpy as np

        tone = 0.1 * np.sin(2 * np.pi * 440 * np.arange(2 * self.rate) / self.rate)
        yield Speech(tone.astype(np.float32), self.rate)

    def facts(self) -> dict[str, str]:
        return {"family": "control: wrong on purpose"}

    def synchronize(self) -> None:
        """Nothing to do: calls are synchronous."""

    def close(self) -> None:
        """Nothing to release."""


class ControlStream:
    """No partial results; the same final text for every utterance."""

    def push(self, samples: NDArray[np.float32]) -> None:
        """The audio is ignored."""

    def partials(self) -> Sequence[Partial]:
        return ()

    def finish(self) -> Transcript:
        return Transcript(ANSWER)

    def close(self) -> None:
        """Nothing to release."""
