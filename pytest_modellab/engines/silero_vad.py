"""Silero VAD: where speech is and ends, by the network that faster-whisper's package carries, on CPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from .base import Clip, LoadRequest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RATE = 16_000
SHORTEST_PAUSE_MS = 100
"""Silence between two pieces of speech; the library's own default for whole clips."""


@dataclass(frozen=True)
class SileroVadOptions:
    """It has no options."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}


class SileroVad:
    """See <https://github.com/snakers4/silero-vad>."""

    tasks: ClassVar[frozenset[str]] = frozenset()
    devices: ClassVar[frozenset[str]] = frozenset({"cpu"})
    rate: ClassVar[int] = RATE
    distributions: ClassVar[tuple[str, ...]] = ("faster-whisper", "onnxruntime")
    extra: ClassVar[str] = "faster-whisper"
    Options: ClassVar[type[Any]] = SileroVadOptions

    @classmethod
    def load(cls, request: LoadRequest) -> SileroVad:
        prepare()
        return cls()

    def score(self, clip: Clip) -> float:
        """Where the last speech of a clip ends, in seconds from its beginning; -1 where there is none."""
        end_s = speech_end(clip.samples)
        return -1.0 if end_s is None else end_s

    def synchronize(self) -> None:
        """Nothing to do: calls are synchronous."""

    def close(self) -> None:
        """Nothing to release."""


def prepare() -> None:
    """Load the network, so that no later call has to."""
    from faster_whisper.vad import get_vad_model

    get_vad_model()


def speech_end(samples: NDArray[np.float32]) -> float | None:
    """Where the last speech ends, in seconds; None where there is none.

    Args:
        samples: shape (n,), full scale 1, 16 kHz.
    """
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    if not len(samples):
        return None
    options = VadOptions(min_silence_duration_ms=SHORTEST_PAUSE_MS, speech_pad_ms=0)
    found = get_speech_timestamps(samples, options, RATE)
    return float(min(found[-1]["end"], len(samples)) / RATE) if found else None


def speech(samples: NDArray[np.float32], threshold: float, shortest_pause_s: float) -> list[tuple[int, int]]:
    """Where speech is: the first sample of each stretch, and the first one behind it.

    Args:
        samples: shape (n,), full scale 1, 16 kHz.
        threshold: probability of speech from which on it is taken for it.
        shortest_pause_s: silence between two stretches.
    """
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    if not len(samples):
        return []
    pause_ms = round(1000 * shortest_pause_s)
    options = VadOptions(threshold=threshold, min_silence_duration_ms=pause_ms, speech_pad_ms=0)
    found = get_speech_timestamps(samples, options, RATE)
    return [(int(each["start"]), min(int(each["end"]), len(samples))) for each in found]
