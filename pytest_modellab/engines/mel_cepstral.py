"""Mel-cepstral distortion: the spectral distance of synthesized speech from a person's reading of the same text."""

from __future__ import annotations

import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from .base import Clip, LoadRequest
from .predictor import Predictor


@dataclass(frozen=True)
class MelCepstralOptions:
    """The library's own defaults; it has none."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}


class MelCepstral:
    """See <https://github.com/jasminsternkopf/mel_cepstral_distance>; Kubichek 1993, "Mel-cepstral distance measure for
    objective speech quality assessment", aligned by dynamic time warping."""

    tasks: ClassVar[frozenset[str]] = frozenset()
    devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    rate: ClassVar[int] = 16_000
    distributions: ClassVar[tuple[str, ...]] = ("mel-cepstral-distance", "scipy")
    extra: ClassVar[str] = "quality"
    Options: ClassVar[type[Any]] = MelCepstralOptions

    @classmethod
    def load(cls, request: LoadRequest) -> MelCepstral:
        import mel_cepstral_distance  # noqa: F401  # missing libraries must be reported while loading

        return cls()

    def compare(self, clip: Clip, reading: Clip) -> float:
        """Decibels: 0 for the same samples, 13 between Kokoro and espeak-ng, 9 between Kokoro and white noise."""
        from mel_cepstral_distance import compare_audio_files

        with tempfile.TemporaryDirectory() as folder:
            first, second = (_write(Path(folder) / name, each) for name, each in (("a.wav", clip), ("b.wav", reading)))
            distance, _ = compare_audio_files(first, second)
        return float(distance)

    def synchronize(self) -> None:
        """Nothing to do: calls are synchronous."""

    def close(self) -> None:
        """Nothing to release."""


PREDICTOR = Predictor(
    MelCepstral,
    title="MCD",
    unit="dB",
    better="lower",
    doc="Mel-cepstral distortion between the speech and a person's reading of the same text, aligned in time; "
    "mean over the utterances. Another voice is far away even if it is better: for one voice's versions.",
    compares_with="reading",
    scale=(0.0, None),
    evidence="how far a voice's spectrum is from one reading; with listeners only across versions of the same voice",
)


def _write(path: Path, clip: Clip) -> Path:
    import numpy as np

    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(clip.rate)
        file.writeframes((np.clip(clip.samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path
