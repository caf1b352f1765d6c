"""An utterance, a data set, and the fingerprint of all that can change a score."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from .. import audio
from ..catalog.specs import DatasetSpec
from ..engines.base import Clip
from ..text import for_language

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Durations in manifests are rounded: a piece may end this much past its file.
PIECE_TOLERANCE_S = 0.05


class DatasetError(Exception):
    """A data set that can't be used as it stands; the text lists every problem with its place."""


@dataclass(frozen=True)
class Utterance:
    """One recording with its reference. `offset` and `duration` (seconds) cut a piece out of the file."""

    id: str
    text: str
    path: Path
    sha256: str
    speaker: str | None = None
    language: str | None = None
    kind: str | None = None
    """What sort of speech or recording it is (read, whispered, babble ...), for figures by kind."""
    snr_db: float | None = None
    """Signal-to-noise ratio, where it is known."""
    offset: float = 0.0
    duration: float | None = None

    @property
    def seconds(self) -> float:
        """Length by the file's header. Raises audio.AudioError."""
        return self.duration if self.duration is not None else audio.probe(self.path) - self.offset

    def samples(self, rate: int) -> NDArray[np.float32]:
        """Mono float32 of shape (n,) at `rate` Hz. Raises audio.AudioError."""
        samples = audio.load(self.path, rate)
        if self.offset or self.duration is not None:
            start = round(self.offset * rate)
            whole_s = len(samples) / rate
            if self.duration is not None and self.offset + self.duration > whole_s + PIECE_TOLERANCE_S:
                raise audio.AudioError(
                    f"{self.path}: utterance {self.id} is said to end at {self.offset + self.duration:.2f} s,"
                    f" but the file ends at {whole_s:.2f} s; correct `offset` and `duration`"
                )
            end = None if self.duration is None else start + round(self.duration * rate)
            samples = samples[start:end]
            if not len(samples):
                raise audio.AudioError(f"{self.path}: nothing left from {self.offset} s on (utterance {self.id})")
        return samples

    def clip(self, rate: int) -> Clip:
        return Clip(self.samples(rate), rate, self.language)


@dataclass(frozen=True)
class Dataset:
    """A prepared data set: every file is here, and is the one that was meant."""

    spec: DatasetSpec
    utterances: tuple[Utterance, ...]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over everything that can change a score: ids, references, speakers, languages, audio bytes."""
        rows = [[u.id, u.text, u.speaker, u.language, u.sha256, u.offset, u.duration] for u in self.utterances]
        return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()

    @property
    def normalizer(self) -> str:
        """Name of the text normalizer: the spec's, or by language."""
        return self.spec.normalizer or for_language(self.spec.language)

    def first(self, count: int | None) -> Dataset:
        return self if count is None else Dataset(self.spec, self.utterances[:count])
