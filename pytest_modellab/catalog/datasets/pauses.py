"""Where somebody speaks in a recording and where they pause, by the level of the sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .sound_facts import SoundFacts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .recording import Recording

# Counted up whenever the same samples come to have other pauses.
VERSION = 1

RATE = 16_000
"""Hz, of the samples that are looked at."""
HOP_S = 0.01
FRAME_S = 0.02
BELOW_SPEECH_DB = 40.0
"""So far below the recording's loud frames a frame is quiet; final consonants are some 35 dB below vowels."""
ABOVE_NOISE_DB = 10.0
"""A frame no louder than so much above the recording's quietest frames is quiet, too."""
LEAST_RANGE_DB = 20.0
"""Between loud frames and quiet ones; in a recording with less no pause is told from speech."""
SHORTEST_SPEECH_S = 0.08
"""What is shorter, a click, is no speech."""


@dataclass(frozen=True)
class Span:
    """A stretch of speech, seconds from the beginning of the recording."""

    start_s: float
    end_s: float

    @property
    def seconds(self) -> float:
        return self.end_s - self.start_s


def speech(spans: Sequence[Span], gap_s: float) -> list[Span]:
    """The stretches of speech between pauses of so many seconds or more, out of what is loud."""
    found: list[Span] = []
    for span in spans:
        if span.seconds < SHORTEST_SPEECH_S:
            continue
        if found and span.start_s - found[-1].end_s < gap_s:
            found[-1] = Span(found[-1].start_s, span.end_s)
        else:
            found.append(span)
    return found


def loud(samples: NDArray[np.float32]) -> list[Span]:
    """Where samples of shape (n,) at 16 kHz are loud enough for speech."""
    levels = _levels(samples)
    if not len(levels):
        return []
    high, low = np.quantile(levels, (0.95, 0.05))
    least = max(high - BELOW_SPEECH_DB, low + ABOVE_NOISE_DB)
    if least > high - LEAST_RANGE_DB:
        return [Span(0.0, len(samples) / RATE)]
    ends = ((start * HOP_S, (end - 1) * HOP_S + FRAME_S) for start, end in _runs(levels > least))
    return [Span(start_s, min(end_s, len(samples) / RATE)) for start_s, end_s in ends]


def known_speech(recording: Recording, gap_s: float, facts: SoundFacts) -> list[Span]:
    """The speech in a recording, which is looked for once for each content. Raises audio.AudioError."""
    key = ("loud", VERSION, recording.identity)
    found = facts.of(*key)
    if found is None:
        found = [[round(span.start_s, 3), round(span.end_s, 3)] for span in loud(recording.samples(RATE))]
        facts.keep(found, *key)
    return speech([Span(*each) for each in found], gap_s)


def _levels(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Of frames of 20 ms every 10 ms, in dB of full scale, shape (frames,)."""
    size, hop = round(FRAME_S * RATE), round(HOP_S * RATE)
    if len(samples) < size:
        return np.zeros(0)
    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), size)[::hop]
    levels: NDArray[np.float64] = 10 * np.log10(np.maximum(1e-10, np.mean(np.square(frames), axis=1)))
    return levels


def _runs(marks: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where marks are true on end: first place, and the one behind the last."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], marks, [False])).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]
