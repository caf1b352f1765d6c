"""Diarization errors in milliseconds: what is missed, false alarm or given to the wrong speaker, and Jaccard errors.

The definitions are those of NIST's md-eval and of pyannote.metrics (Bredin 2017), and equal to the latter's: labels are
paired so that the time that pairs share is longest, over what is scored; the Jaccard error rate is that of DIHARD II
(Ryant et al. 2019), by the same pairs; where several pairings have the same time in common, by the best of them. All
arithmetic is in whole milliseconds.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .assignment import best_pairs
from .segments import Segment, Span, by_speaker

_FINEST = 10**6
_FINER = 10**9
"""More than the shares of a thousand pairs come to."""


@dataclass(frozen=True)
class Scored:
    """Which parts of a recording are scored.

    Attributes:
        end: of the recording, ms: all of it is scored but what follows.
        collar: ms on each side of where a reference segment begins or ends that aren't scored.
        overlap: whether speech of several speakers at once is scored.
    """

    end: int
    collar: int = 0
    overlap: bool = True


@dataclass
class ErrorTime:
    """Errors over what is scored of a recording.

    Attributes:
        speech: ms of reference speech, those of each speaker counted.
        missed: ms of it that no speaker of the hypothesis has.
        false_alarm: ms of the hypothesis that no speaker of the reference has.
        confusion: ms of speech that both have, of the wrong speaker.
        speakers: of the reference, who are scored.
        found: speakers of the hypothesis, in the scored time.
        jaccard: the sum of the Jaccard errors of the speakers: 1 less shared over joint time, 1 without a pair.
        pairs: speaker of the hypothesis -> of the reference.
    """

    speech: int = 0
    missed: int = 0
    false_alarm: int = 0
    confusion: int = 0
    speakers: int = 0
    found: int = 0
    jaccard: float = 0.0
    pairs: Mapping[str, str] = field(default_factory=dict)

    @property
    def errors(self) -> int:
        """All of them, ms."""
        return self.missed + self.false_alarm + self.confusion


def error_time(reference: Sequence[Segment], hypothesis: Sequence[Segment], scored: Scored) -> ErrorTime:
    """The errors of a hypothesis. Nothing hangs on how its speakers are called, or on the order of segments."""
    true, given = by_speaker(reference, scored.end), by_speaker(hypothesis, scored.end)
    # In an order of their own, so that pairs with the same time are told apart the same way whatever the labels are.
    truth, guess = _in_time(true), _in_time(given)
    found = ErrorTime()
    own, others = dict.fromkeys(truth, 0), dict.fromkeys(guess, 0)
    shared = [[0] * len(truth) for _ in guess]
    both = 0
    for length, speaking, heard in _stretches(true, given, truth, guess, scored):
        found.speech += length * len(speaking)
        found.missed += length * max(0, len(speaking) - len(heard))
        found.false_alarm += length * max(0, len(heard) - len(speaking))
        both += length * min(len(speaking), len(heard))
        for j in speaking:
            own[truth[j]] += length
        for i in heard:
            others[guess[i]] += length
            for j in speaking:
                shared[i][j] += length
    pairs = best_pairs(_weights(shared, [own[name] for name in truth], [others[name] for name in guess]))
    found.confusion = both - sum(shared[i][j] for i, j in pairs)
    found.pairs = {guess[i]: truth[j] for i, j in pairs}
    found.speakers, found.found = (sum(length > 0 for length in each.values()) for each in (own, others))
    found.jaccard = float(found.speakers)
    for i, j in pairs:
        joint = own[truth[j]] + others[guess[i]] - shared[i][j]
        found.jaccard -= shared[i][j] / joint
    return found


def _in_time(spans: Mapping[str, Sequence[Span]]) -> list[str]:
    """Speakers by when they speak."""
    return sorted(spans, key=lambda name: tuple(spans[name]))


def _weights(shared: Sequence[Sequence[int]], own: Sequence[int], others: Sequence[int]) -> list[list[int]]:
    """What pairs are chosen by: the time in common and, where that is the same, its share of the time of either."""
    return [
        [both * _FINER + (_FINEST * both // (own[j] + others[i] - both) if both else 0) for j, both in enumerate(row)]
        for i, row in enumerate(shared)
    ]


def _stretches(
    true: Mapping[str, Sequence[Span]],
    given: Mapping[str, Sequence[Span]],
    truth: Sequence[str],
    guess: Sequence[str],
    scored: Scored,
) -> list[tuple[int, list[int], list[int]]]:
    """The scored stretches in which nobody begins or ends: ms, and who speaks by reference and by hypothesis."""
    collars = [
        (edge - scored.collar, edge + scored.collar)
        for spans in true.values()
        for span in spans
        for edge in span
        if scored.collar
    ]
    spans = [span for each in (true, given) for spans in each.values() for span in spans] + collars
    edges = sorted({0, scored.end, *(min(max(0, edge), scored.end) for span in spans for edge in span)})
    unscored = by_speaker(Segment(max(0, a), b, "collar") for a, b in collars).get("collar", ())
    found = []
    for start, end in itertools.pairwise(edges):
        speaking = [j for j, name in enumerate(truth) if _within(start, true[name])]
        if _within(start, unscored) or (len(speaking) > 1 and not scored.overlap):
            continue
        found.append((end - start, speaking, [i for i, name in enumerate(guess) if _within(start, given[name])]))
    return found


def _within(moment: int, spans: Sequence[Span]) -> bool:
    """Whether a moment lies in one of the spans, which are in order."""
    place = bisect_right(spans, (moment, float("inf"))) - 1
    return place >= 0 and spans[place][0] <= moment < spans[place][1]
