"""Quality of a stream of partial results: delay of the first and of each word, stability, lag."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise, takewhile

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


def first_right(partials: Iterable[Shown], reference: Sequence[str]) -> Shown | None:
    """The earliest partial that is right so far; None where none is.

    A partial is right so far if fewer than half of its words are wrong against that beginning of the reference which it
    is closest to: a partial of one or two words must have all of them right. One without a word is none.

    Its `at_s` is the first-partial latency: counted from where the clip begins, its leading silence included, so that
    it doesn't rest on an estimate of where the speech begins. It holds the wait for the audio itself: no recogniser can
    be quicker than the first word is spoken.
    """
    return next((each for each in partials if each.words and _edits(each.words, reference) < len(each.words) / 2), None)


def _edits(words: Sequence[str], reference: Sequence[str]) -> int:
    """The edit distance (Levenshtein) of `words` to the closest beginning of the reference."""
    # A beginning of more than twice the words is farther away than no word at all.
    reference = reference[: 2 * len(words)]
    row = list(range(len(reference) + 1))
    for i, word in enumerate(words, 1):
        above, row = row, [i]
        for j, other in enumerate(reference, 1):
            row.append(min(above[j - 1] + (word != other), above[j] + 1, row[j - 1] + 1))
    return min(row)


def emission_delay(
    partials: Sequence[Shown], final: Sequence[str], final_at_s: float, spoken_s: float, reference: int
) -> float | None:
    """How long after its time a word of the final text was shown for good, mean over its words; seconds.

    A word is shown for good by the first partial from which on the text up to it doesn't change any more, or by the
    final text. Its time is that of a speaker of even pace: of n words over `spoken_s` seconds, word i (from 0) is due
    at i / n * spoken_s. n is the number of words of the final text or of the `reference`, the larger, so that words
    that are made up don't shorten the delay. The mean ends with the first word that is shown when all has been spoken,
    since those after it waited for nothing more. That is length-adaptive average lagging (LAAL; Papi et al. 2022,
    "Over-Generation Cannot Be Rewarded") by the clock, computation included. A recogniser that shows nothing before the
    final text has `final_at_s`.

    None where the final text has no word. Times are seconds since the first sample was spoken.
    """
    common = (_common(each.words, final) for each in reversed(partials))
    kept = reversed(list(accumulate(common, min)))  # by all that come after, too
    shown_at: list[float] = []
    for each, words in zip(partials, kept, strict=True):
        shown_at += [each.at_s] * (words - len(shown_at))
    shown_at += [final_at_s] * (len(final) - len(shown_at))
    pace = spoken_s / max(len(final), reference, 1)
    delays = []
    for i, at_s in enumerate(shown_at):
        delays.append(at_s - i * pace)
        if at_s >= spoken_s:
            break
    return sum(delays) / len(delays) if delays else None


def _common(words: Sequence[str], others: Sequence[str]) -> int:
    """The number of words with which both begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(words, others, strict=False)))


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
        changed += len(earlier) - _common(earlier, later)
    return changed


def kept_up(late_s: float) -> bool:
    """Whether a stream that was `late_s` behind the speaker at most has kept up with them."""
    return late_s <= BEHIND_S
