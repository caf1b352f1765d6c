"""A threshold on silence: a turn is over once nobody has spoken for so long, by Silero VAD; the floor for others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from . import silero_vad
from .base import Clip, LoadRequest


@dataclass(frozen=True)
class SilenceThresholdOptions:
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    silence_s: float = 0.5
    """Seconds without speech after which a turn counts as finished."""

    def __post_init__(self) -> None:
        if not 0 < self.silence_s <= 30:
            raise ValueError("silence_s must be above 0 and at most 30")


class SilenceThreshold:
    """The network is the one in faster-whisper's package. See <https://github.com/snakers4/silero-vad>."""

    tasks: ClassVar[frozenset[str]] = frozenset({"turn"})
    devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    rate: ClassVar[int] = silero_vad.RATE
    distributions: ClassVar[tuple[str, ...]] = silero_vad.SileroVad.distributions
    needs_weights: ClassVar[bool] = False
    extra: ClassVar[str] = silero_vad.SileroVad.extra
    Options: ClassVar[type[Any]] = SilenceThresholdOptions

    threshold = 0.5

    def __init__(self, options: SilenceThresholdOptions) -> None:
        self._silence_s = options.silence_s

    @classmethod
    def load(cls, request: LoadRequest) -> SilenceThreshold:
        silero_vad.prepare()
        return cls(SilenceThresholdOptions(**request.options))

    def ended(self, clip: Clip) -> float:
        """Silence over silence and threshold: no probability, but rising with the silence, to a half at the threshold.

        A clip without any speech is silent throughout.
        """
        end_s = silero_vad.speech_end(clip.samples)
        silence_s = clip.seconds - (end_s or 0.0)
        return silence_s / (silence_s + self._silence_s)

    def synchronize(self) -> None:
        """Nothing to wait for: calls are synchronous."""

    def close(self) -> None:
        """Nothing to release."""
