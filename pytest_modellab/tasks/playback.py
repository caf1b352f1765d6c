"""Playback of speech as it comes: when a listener hears the first of it, and how long it stalls. Runs in the worker."""

from __future__ import annotations

from typing import Any

import numpy as np

AUDIBLE_DB = -60.0
"""A sample is audible from this level on, relative to the peak of its own piece; a piece, relative to full scale."""


class Playback:
    """A listener who plays every piece as soon as it is there.

    Attributes:
        first_piece_s: when the first piece with a sample in it was there; None where none came.
        first_audible_s: when its listener hears the first audible sample: leading silence counts. None where all is
            silent.
        stalled_s: how long the listener waits for more between the first piece and the last.
    """

    def __init__(self) -> None:
        self.first_piece_s: float | None = None
        self.first_audible_s: float | None = None
        self.stalled_s = 0.0
        self._played_s = 0.0
        """Until when there is something to play."""

    def add(self, samples: Any, rate: int, now_s: float) -> None:
        """A piece of shape (n,) at `rate` Hz that is there at `now_s`, seconds since the request."""
        if not len(samples):
            return
        if self.first_piece_s is None:
            self.first_piece_s = self._played_s = now_s
        self.stalled_s += max(0.0, now_s - self._played_s)
        begins_s = max(now_s, self._played_s)
        if self.first_audible_s is None and (place := first_audible(samples)) is not None:
            self.first_audible_s = begins_s + place / rate
        self._played_s = begins_s + len(samples) / rate

    def times(self) -> dict[str, float | None]:
        """The times, as replies have them."""
        return {
            "first_audio_s": self.first_piece_s,
            "first_audible_s": self.first_audible_s,
            "stalled_s": None if self.first_piece_s is None else self.stalled_s,
        }


def first_audible(samples: Any) -> int | None:
    """The place of the first audible sample; None where there is none."""
    level = np.abs(np.asarray(samples, dtype=np.float64))
    peak = float(level.max(initial=0.0))
    ratio = 10 ** (AUDIBLE_DB / 20)
    return int(np.argmax(level >= peak * ratio)) if np.isfinite(peak) and peak > ratio else None
