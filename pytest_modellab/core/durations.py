"""The remaining time of a run, estimated from the utterances already done."""

from __future__ import annotations

EARLIEST_S = 5.0
EARLIEST_SHARE = 0.05
"""Of work, and of the audio: before both are done, how long the rest takes is a guess."""


class RemainingTime:
    """The remaining time of one run: a cost per utterance plus a cost per second of audio, fitted as utterances finish.

    With the audio alone, a few short clips would inflate the estimate; with utterances alone, a few long ones would.
    """

    def __init__(self, now: float, audio_left_s: float) -> None:
        self._last, self._left = now, audio_left_s
        self._count = 0
        self._took = self._audio = 0.0
        # Sums of (audio - mean)^2 and of time x (audio - mean), brought up to date with each utterance (Welford 1962).
        self._square = self._product = 0.0

    def note(self, now: float, audio_left_s: float) -> None:
        """One more utterance is done."""
        self.took(now - self._last, max(0.0, self._left - audio_left_s))
        self._last, self._left = now, audio_left_s

    def took(self, seconds: float, audio_s: float) -> None:
        """One more utterance is done, with a known duration."""
        before = self._took / self._count if self._count else 0.0
        apart = audio_s - (self._audio / self._count if self._count else 0.0)
        self._count += 1
        self._took += seconds
        self._audio += audio_s
        now_apart = audio_s - self._audio / self._count
        self._square += apart * now_apart
        self._product += (seconds - before) * now_apart
        self._left = max(0.0, self._left - audio_s)

    def left_s(self, utterances: int) -> float | None:
        """How long the rest will take; None where it is too early to tell."""
        took, audio, count = self._took, self._audio, self._count
        if took < EARLIEST_S or audio <= 0 or audio < EARLIEST_SHARE * (audio + self._left):
            return None
        mean = audio / count
        if self._square < count * (0.1 * mean) ** 2:  # all of one length: nothing tells the two apart
            share = 0.5
        else:
            slope = self._product / self._square
            share = min(1.0, max(0.0, slope * audio / took))
        # The part of the time that goes by audio, and the part that goes by utterances.
        return took * (share * self._left / audio + (1 - share) * utterances / count)
