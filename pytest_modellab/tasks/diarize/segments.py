"""Segments of speakers, and the text that a record holds of them: raw references and raw hypotheses alike.

Each segment is where it begins and ends in seconds, to the millisecond, the speaker's label, and the words, if they are
known; a bar divides them: `0.250 3.812 ann ask not what | 3.000 4.500 bob why not`, a single line wherever it is shown.
Standard library only: the worker imports this.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Span: TypeAlias = "tuple[int, int]"
"""Beginning and end, ms."""
BAR = "|"
"""Between segments. In words and labels it is a `/`."""
MOST_MS = 10**9
"""Of a recording: 11 days."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one speaker's speech, `start` to `end` ms; `words` are raw, None where they aren't known."""

    start: int
    end: int
    speaker: str
    words: str | None = None


def written(segments: Iterable[Segment]) -> str:
    """Segments as text, in the order of their beginning; "" of none."""
    ordered = sorted(segments, key=lambda each: (each.start, each.end, each.speaker))
    return f" {BAR} ".join(map(_told, ordered))


def _told(segment: Segment) -> str:
    words = " ".join((segment.words or "").replace(BAR, "/").split())
    times = f"{segment.start / 1000:.3f} {segment.end / 1000:.3f}"
    return f"{times} {label(segment.speaker)}{' ' if words else ''}{words}"


def label(speaker: str) -> str:
    """A speaker's name without white space; `unknown` of an empty one."""
    return "_".join(speaker.replace(BAR, "/").split()) or "unknown"


def read(text: str | None) -> tuple[Segment, ...]:
    """The segments of a text. What is none is left out: a record may hold anything."""
    return tuple(filter(None, map(_segment, (text or "").split(BAR))))


def _segment(told: str) -> Segment | None:
    begins, _, rest = told.strip().partition(" ")
    ends, _, rest = rest.partition(" ")
    speaker, _, words = rest.partition(" ")
    try:
        start, end = (round(1000 * float(each)) for each in (begins, ends))
    except (ValueError, OverflowError):
        return None
    if not speaker or not 0 <= start < end <= MOST_MS:
        return None
    return Segment(start, end, speaker, words.strip() or None)


def by_speaker(segments: Iterable[Segment], end: int | None = None) -> Mapping[str, Sequence[Span]]:
    """When each speaker speaks, up to `end` ms: what overlaps or touches is one span."""
    found: dict[str, list[Span]] = {}
    for each in sorted(segments, key=lambda segment: (segment.start, segment.end)):
        start, last = each.start, each.end if end is None else min(each.end, end)
        if start >= last:
            continue
        spans = found.setdefault(each.speaker, [])
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], last))
        else:
            spans.append((start, last))
    return found


def spoken(segments: Iterable[Segment]) -> Iterator[str]:
    """The words of segments, in their order."""
    return (each.words for each in segments if each.words)
