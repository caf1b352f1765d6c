"""An utterance, a data set, and the fingerprint of all that can change a score."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from .. import audio
from ..catalog.specs import DatasetSpec
from ..engines.base import Clip
from ..text import divided_by_spaces, for_language
from .recording import Recording
from .turn import TurnOf

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class DatasetError(Exception):
    """A data set that can't be used as it stands; the text lists every problem with its place."""


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

    @property
    def spoken_text(self) -> str:
        """What a model is given to speak."""
        return self.text if self.prompt is None else self.prompt

    @property
    def seconds(self) -> float:
        """Length, as far as it can be told without decoding. Raises audio.AudioError."""
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


@dataclass(frozen=True)
class Dataset:
    """A prepared data set: every file is here, and is the one that was meant."""

    spec: DatasetSpec
    utterances: tuple[Utterance, ...]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over everything that can change a score: ids, texts, speakers, languages, audio bytes."""
        rows = [
            [u.id, u.text, u.speaker, u.language, *(u.recording.identity if u.recording else ("prompt", u.spoken_text))]
            for u in self.utterances
        ]
        return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()

    @property
    def normalizer(self) -> str:
        """Name of the text normalizer: the spec's, or by language; also where only the utterances tell that."""
        language = self.spec.language
        if language is None and not any(divided_by_spaces(utterance.language) for utterance in self.utterances):
            language = self.utterances[0].language
        return self.spec.normalizer or for_language(language)

    def only(self, places: Sequence[int]) -> Dataset:
        """The utterances at these places, under the normalizer of all."""
        spec = self.spec.model_copy(update={"normalizer": self.normalizer})
        return Dataset(spec, tuple(self.utterances[place] for place in places))

    def first(self, count: int | None) -> Dataset:
        return self if count is None else Dataset(self.spec, self.utterances[:count])
