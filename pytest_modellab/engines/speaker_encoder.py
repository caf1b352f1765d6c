"""Resemblyzer: speaker similarity of two recordings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from .base import Clip, LoadRequest
from .predictor import Predictor

LEAST_S = 0.5


@dataclass(frozen=True)
class SpeakerEncoderOptions:
    """The number of threads."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    cpu_threads: int = 2


class SpeakerEncoder:
    """See <https://github.com/resemble-ai/Resemblyzer>; Wan et al. 2018, "Generalized End-to-End Loss for Speaker
    Verification"."""

    tasks: ClassVar[frozenset[str]] = frozenset()
    devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = ("resemblyzer", "librosa", "torch")
    extra: ClassVar[str] = "quality"
    Options: ClassVar[type[Any]] = SpeakerEncoderOptions

    def __init__(self, encoder: Any, prepare: Any) -> None:
        self._encoder = encoder
        self._prepare = prepare

    @classmethod
    def load(cls, request: LoadRequest) -> SpeakerEncoder:
        import torch
        from resemblyzer import VoiceEncoder, preprocess_wav

        torch.set_num_threads(SpeakerEncoderOptions(**request.options).cpu_threads)
        return cls(VoiceEncoder("cpu", verbose=False), preprocess_wav)

    def compare(self, clip: Clip, other: Clip) -> float:
        """Cosine of the two embeddings: some 0.8 to 0.95 for one voice, 0.5 to 0.7 for two.

        Raises ValueError for less than half a second of speech.
        """
        first, second = (self._embedded(each) for each in (clip, other))
        return float(first @ second)

    def _embedded(self, clip: Clip) -> Any:
        samples = self._prepare(clip.samples, clip.rate)
        if len(samples) < LEAST_S * self.rate:
            raise ValueError(f"{len(samples) / self.rate:.2f} s of speech are too short to tell a voice by")
        return self._encoder.embed_utterance(samples)  # of unit length

    def synchronize(self) -> None:
        """Nothing to do: calls are synchronous."""

    def close(self) -> None:
        del self._encoder


PREDICTOR = Predictor(
    SpeakerEncoder,
    title="Voice similarity",
    unit="1",
    better="higher",
    doc="Whether all utterances have the same voice: mean cosine of speaker embeddings (Wan et al. 2018), of each "
    "with the first, of the first with the second.",
    compares_with="utterance",
    scale=(-1.0, 1.0),
    evidence="whether two recordings have the same speaker: it was trained for verification, not on listeners' ratings",
    weights={"resemblyzer/pretrained.pt": "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"},
)
