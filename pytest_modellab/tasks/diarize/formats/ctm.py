"""CTM: a line for each word, `file channel begin duration word [confidence]`. The channel stands for the speaker.

Words of a channel that follow each other within 0.3 s, NIST's pause between two segments, are one segment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..segments import Segment
from .fields import FormatError, lines, milliseconds, name, seconds

PAUSE_MS = 300


def read(text: str) -> dict[str, list[Segment]]:
    """The segments by recording. Raises FormatError."""
    words: dict[str, list[Segment]] = {}
    for number, fields in lines(text):
        if len(fields) < 5:
            raise FormatError(
                f"line {number}: a line has file, channel, begin, duration and word; found {len(fields)} fields"
            )
        session, channel, begins, lasts, word, *_ = fields
        start = milliseconds(begins, number, "begin")
        end = start + milliseconds(lasts, number, "duration")
        words.setdefault(session, []).append(Segment(start, end, channel, word))
    return {session: _joined(own) for session, own in words.items()}


def _joined(words: Sequence[Segment]) -> list[Segment]:
    """The words of each channel as segments."""
    found: list[Segment] = []
    newest: dict[str, int] = {}
    for each in sorted(words, key=lambda word: word.start):
        place = newest.get(each.speaker)
        if place is not None and each.start - found[place].end <= PAUSE_MS:
            last = found[place]
            found[place] = Segment(
                last.start, max(last.end, each.end), last.speaker, f"{last.words or ''} {each.words}".strip()
            )
        else:
            newest[each.speaker] = len(found)
            found.append(each)
    return [each for each in found if each.end > each.start]


def write(sessions: Mapping[str, Sequence[Segment]]) -> str:
    """The words of the segments as lines, the time of a segment shared among its words by their letters."""
    found = []
    for session, segments in sessions.items():
        for each in segments:
            words = (each.words or "").split()
            letters, before, at = sum(map(len, words)), 0, each.start
            for word in words:
                before += len(word)
                end = each.start + (each.end - each.start) * before // letters
                found.append(f"{name(session)} {name(each.speaker)} {seconds(at)} {seconds(end - at)} {word}\n")
                at = end
    return "".join(found)
