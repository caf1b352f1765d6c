"""An utterance: a recording with its reference, or a text to be spoken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_modellab.core import audio
from pytest_modellab.engines.base import Clip

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .recording import Recording
    from .turn import TurnOf


class DatasetError(Exception):
    """A data set that can't be used; the message lists every problem with its place."""


@dataclass(frozen=True)
class Span:
    """A stretch of speech: the text that is said in it, raw, and where it begins and ends in the recording, seconds."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Utterance:
    """One recording with its reference; or a text to be spoken, of which there may be a person's reading."""

    id: str
    text: str
    recording: Recording | None
    speaker: str | None = None
    language: str | None = None
    kind: str | None = None
    """What sort of speech or recording it is (read, whispered, babble ...), for figures by kind."""
    snr_db: float | None = None
    """Signal-to-noise ratio, where it is known."""
    turn: TurnOf | None = None
    """Of a dialogue: what went before, and what a right reply is like."""
    prompt: str | None = None
    """What a model is given to speak, where that isn't `text`, by which it is judged."""
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What else the data set says of it, such as the speaker's age or the device."""

    spans: tuple[Span, ...] = ()
    """Where its words are said, as far as the data set has it."""

    @property
    def spoken_text(self) -> str:
        """The input text of speech synthesis."""
        return self.text if self.prompt is None else self.prompt

    @property
    def seconds(self) -> float:
        """Length in seconds, as far as it is known without decoding. Raises audio.AudioError."""
        with self._named():
            return self.sound.seconds

    def samples(self, rate: int) -> NDArray[np.float32]:
        """Mono float32 of shape (n,) at `rate` Hz. Raises audio.AudioError."""
        with self._named():
            return self.sound.samples(rate)

    @property
    def sound(self) -> Recording:
        """Its recording. Raises audio.AudioError where there is none."""
        if self.recording is None:
            raise audio.AudioError("it is a text without a recording")
        return self.recording

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except audio.AudioError as error:
            raise audio.AudioError(f"utterance {self.id}: {error}") from error

    def clip(self, rate: int) -> Clip:
        return Clip(self.samples(rate), rate, self.language)
