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


_STEP = 512
"""Samples of which the network tells at once whether they are speech."""


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


def last_stretch(samples: NDArray[np.float32], threshold: float, gap_s: float) -> tuple[float, float]:
    """The stretch of speech that reaches up to the end of samples, or to `gap_s` before it: seconds, and its level.

    Pauses of up to `gap_s` are part of it. Its level is the root mean square of what is speech; (0, 0) where there is
    none. Samples are as for `speech_end`.
    """
    import numpy as np
    from faster_whisper.vad import get_vad_model

    whole = len(samples) // _STEP
    if not whole:
        return 0.0, 0.0
    recent = samples[len(samples) - whole * _STEP :].astype(np.float32)
    voiced = np.flatnonzero(np.asarray(get_vad_model()(recent)).reshape(-1) >= threshold)
    most = gap_s * RATE / _STEP
    if not len(voiced) or whole - 1 - voiced[-1] > most:
        return 0.0, 0.0
    breaks = np.flatnonzero(np.diff(voiced) - 1 > most)
    own = voiced[breaks[-1] + 1 :] if len(breaks) else voiced
    power = np.square(recent.reshape(whole, _STEP)[own], dtype=np.float64).mean()
    return float((own[-1] - own[0] + 1) * _STEP / RATE), float(np.sqrt(power))
