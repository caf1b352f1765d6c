"""What can be told of synthetic speech from its samples alone: length, level, pauses, and what no voice does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import audio
from . import bandwidth

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FRAME_S = 0.02
EDGE_FRAME_S = 0.005
"""For the first and the last audible sample of a clip."""
QUIET_DB = -40.0
"""A frame this far below the speech's own level (the 95th percentile of its frames) is a pause."""
END_S = 0.01
CUT_DB = -20.0
"""A voice that stops within this of its own level, in the last hundredth of a second, was cut off: it fades else."""
LONGEST_PAUSE_S = 1.0
"""What a pause has beyond this is no speech: it doesn't count for `speech_rtf`."""
MOST_SILENCE_S = 1.0
"""Longer silence before or behind the speech is a fault."""
MOST_PAUSE_S = 3.0
"""A longer pause is a fault."""
INAUDIBLE_DBFS = -60.0
"""What peaks below is silence, to which no recogniser is asked to listen: some write words where there are none."""


@dataclass(frozen=True)
class SpeechAnalysis:
    """One piece of speech.

    Attributes:
        seconds: its length.
        audible: whether anything in it is louder than -60 dBFS.
        silence: share of its frames that are pauses, before, within and after; None where nothing is audible.
        longest_pause_s: the longest pause within, seconds.
        loudness_lufs: integrated loudness (ITU-R BS.1770-4), where pyloudnorm is installed and 0.4 s or more is spoken.
        speech_s: its length without leading and trailing silence, and without what pauses have beyond a second; None
            where nothing is audible.
        leading_s, trailing_s: silence before and behind the speech, seconds; None where nothing is audible.
        bandwidth_hz: up to where its spectrum reaches; None where nothing is audible.
        faults: what is wrong with it, in words: clipping, silence, an offset, a length that no text of this size
            has, an end that is cut off, a bandwidth of less than half of what its sample rate allows. Empty for speech
            without remark.
    """

    seconds: float
    audible: bool
    silence: float | None
    longest_pause_s: float | None
    loudness_lufs: float | None
    faults: list[str]
    speech_s: float | None = None
    leading_s: float | None = None
    trailing_s: float | None = None
    bandwidth_hz: float | None = None


def analyse_speech(samples: NDArray[np.float32], rate: int | None, text: str) -> SpeechAnalysis:
    """Look at what was said for `text`: samples of shape (n,) at `rate` Hz; none at all (no rate) are silence."""
    import numpy as np

    speaks = any(character.isalnum() for character in text)
    if rate is None or not len(samples):
        return SpeechAnalysis(0.0, False, None, None, None, ["nothing was said"] if speaks else [])
    seconds = len(samples) / rate
    audible = bool(np.abs(samples).max() > 10 ** (INAUDIBLE_DBFS / 20))
    faults = [finding.message for finding in audio.check(samples, rate, text if speaks else "")]
    if not audible:
        return SpeechAnalysis(seconds, False, None, None, None, faults)
    levels = _levels(samples, round(FRAME_S * rate))
    level = float(np.quantile(levels, 0.95))
    quiet = levels < level + QUIET_DB
    if _ends_aloud(samples, rate, level):
        faults.append("it is cut off: the speech stops at full level")
    aloud = np.flatnonzero(~quiet)
    leading_s, trailing_s = float(aloud[0]) * FRAME_S, max(0.0, seconds - float(aloud[-1] + 1) * FRAME_S)
    pauses = [frames * FRAME_S for frames in _pauses(quiet)]
    faults += _silences(leading_s, trailing_s, pauses)
    reach_hz = bandwidth.bandwidth_hz(samples, rate)
    faults += [each for each in (bandwidth.narrow(reach_hz, rate),) if each]
    beyond_s = sum(max(0.0, pause - LONGEST_PAUSE_S) for pause in pauses)
    return SpeechAnalysis(
        seconds,
        True,
        float(quiet.mean()),
        max(pauses, default=0.0),
        _lufs(samples, rate),
        faults,
        max(FRAME_S, seconds - leading_s - trailing_s - beyond_s),
        leading_s,
        trailing_s,
        reach_hz,
    )


def _silences(leading_s: float, trailing_s: float, pauses: Sequence[float]) -> list[str]:
    """Silences that no listener expects."""
    longest = max(pauses, default=0.0)
    found = [
        (leading_s, MOST_SILENCE_S, "of silence before the speech"),
        (trailing_s, MOST_SILENCE_S, "of silence behind the speech"),
        (longest, MOST_PAUSE_S, "of silence within the speech"),
    ]
    return [f"{seconds:.1f} s {where}" for seconds, most, where in found if seconds > most]


def _ends_aloud(samples: NDArray[np.float32], rate: int, level: float) -> bool:
    end = samples[-max(1, round(END_S * rate)) :]
    return _level(end) > level + CUT_DB


def audible_part(samples: NDArray[np.float32], rate: int) -> tuple[float, float] | None:
    """Where the audible part of speech begins and ends, seconds: samples of shape (n,) at `rate` Hz.

    Frames of 5 ms count as audible that are less than 40 dB below the speech's own level, the 95th percentile of them.
    None where nothing is louder than -60 dBFS.
    """
    import numpy as np

    if not len(samples) or np.abs(samples).max() <= 10 ** (INAUDIBLE_DBFS / 20):
        return None
    size = max(1, round(EDGE_FRAME_S * rate))
    levels = _levels(samples, size)
    aloud = np.flatnonzero(levels >= float(np.quantile(levels, 0.95)) + QUIET_DB)
    return float(aloud[0]) * size / rate, min(len(samples), float(aloud[-1] + 1) * size) / rate


def _levels(samples: NDArray[np.float32], size: int) -> NDArray[np.float64]:
    """RMS of each whole frame of `size` samples, dB against full scale; of all, where there is less than one."""
    import numpy as np

    count = len(samples) // size
    if count == 0:
        return np.array([_level(samples)])
    frames = samples[: count * size].reshape(count, size).astype(np.float64)
    levels: NDArray[np.float64] = 10 * np.log10(np.maximum(np.square(frames).mean(axis=1), 1e-20))
    return levels


def _level(samples: NDArray[np.float32]) -> float:
    import numpy as np

    return 10 * math.log10(max(float(np.mean(np.square(samples, dtype=np.float64))), 1e-20))


def _pauses(quiet: NDArray[np.bool_]) -> list[int]:
    """The frames of each pause that has speech on either side."""
    found: list[int] = []
    run = 0
    begun = False
    for pause in quiet:
        if pause:
            run += 1
        else:
            if begun and run:
                found.append(run)
            begun, run = True, 0
    return found


def _lufs(samples: NDArray[np.float32], rate: int) -> float | None:
    try:
        import pyloudnorm
    except ImportError:
        return None
    if len(samples) < 0.4 * rate:  # the measure's own block
        return None
    loudness = float(pyloudnorm.Meter(rate).integrated_loudness(samples))
    return loudness if math.isfinite(loudness) else None
