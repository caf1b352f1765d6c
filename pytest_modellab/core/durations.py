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
        self._seen: list[tuple[float, float]] = []

    def note(self, now: float, audio_left_s: float) -> None:
        """One more utterance is done."""
        self.took(now - self._last, max(0.0, self._left - audio_left_s))
        self._last, self._left = now, audio_left_s

    def took(self, seconds: float, audio_s: float) -> None:
        """One more utterance is done, with a known duration."""
        self._seen.append((seconds, audio_s))
        self._left = max(0.0, self._left - audio_s)

    def left_s(self, utterances: int) -> float | None:
        """How long the rest will take; None where it is too early to tell."""
        took, audio = (sum(column) for column in zip(*self._seen, strict=True)) if self._seen else (0.0, 0.0)
        if took < EARLIEST_S or audio <= 0 or audio < EARLIEST_SHARE * (audio + self._left):
            return None
        count = len(self._seen)
        mean = audio / count
        square = sum((seconds - mean) ** 2 for _, seconds in self._seen)
        if square < count * (0.1 * mean) ** 2:  # all of one length: nothing tells the two apart
            share = 0.5
        else:
            slope = sum(time * (seconds - mean) for time, seconds in self._seen) / square
            share = min(1.0, max(0.0, slope * audio / took))
        # The part of the time that goes by audio, and the part that goes by utterances.
        return took * (share * self._left / audio + (1 - share) * utterances / count)
