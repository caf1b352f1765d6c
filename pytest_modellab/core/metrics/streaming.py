"""Quality of a stream of partial results: delay of the first, stability, lag."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise, takewhile

BEHIND_S = 1.0
"""So far behind the speaker a stream may be at any moment and still keep up."""


@dataclass(frozen=True)
class Shown:
    """A partial result as a user sees it.

    Attributes:
        at_s: seconds since the first sample was spoken.
        audio_s: seconds of audio that had been handed over by then.
        words: its words, normalised as those of the final text are.
    """

    at_s: float
    audio_s: float
    words: Sequence[str]


@dataclass(frozen=True)
class FirstPartial:
    """The first partial with at least one word."""

    at_s: float
    audio_s: float


def first_partial(partials: Iterable[Shown]) -> FirstPartial | None:
    """The earliest partial that has a word; None where none has.

    Its `at_s` is the first-partial latency: counted from where the clip begins, its leading silence included, so that
    it doesn't rest on an estimate of where the speech begins. It holds the wait for the audio itself: no recogniser can
    be quicker than the first word is spoken.
    """
    found = next((partial for partial in partials if partial.words), None)
    return None if found is None else FirstPartial(found.at_s, found.audio_s)


def changed_words(partials: Iterable[Shown], final: Sequence[str]) -> int:
    """Words that were shown and then taken back or replaced, each time counted anew.

    Of each partial, the words behind what it has in common with the next one (the last: with the final text): from the
    first word that changes on, a reader has to read again.

    Over the words of the final texts this is the unstable partial word ratio (UPWR) of Shangguan et al. 2020,
    "Analyzing the Quality and Stability of a Streaming End-to-End On-Device Speech Recognizer" (Interspeech): unstable
    words of all partials over the words of the final hypotheses. It may exceed 1.
    """
    changed = 0
    for earlier, later in pairwise(chain((partial.words for partial in partials), [final])):
        kept = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(earlier, later, strict=False)))
        changed += len(earlier) - kept
    return changed


def kept_up(late_s: float) -> bool:
    """Whether a stream that was `late_s` behind the speaker at most has kept up with them."""
    return late_s <= BEHIND_S
