"""STM: a line for each segment with its words, `file channel speaker begin end [<label>] words`, as sclite reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..segments import Segment
from .fields import Channels, FormatError, lines, milliseconds, name, seconds

_GAP = "inter_segment_gap"
"""NIST's name of nobody, for the time between segments."""
_NOT_SCORED = "ignore_time_segment_in_scoring"


def read(text: str) -> dict[str, list[Segment]]:
    """The segments by recording. Raises FormatError."""
    found: dict[str, list[Segment]] = {}
    channels = Channels()
    for number, fields in lines(text):
        if len(fields) < 5:
            raise FormatError(
                f"line {number}: a line has file, channel, speaker, begin and end; found {len(fields)} fields"
            )
        session, channel, speaker, begins, ends, *words = fields
        start, end = milliseconds(begins, number, "begin"), milliseconds(ends, number, "end")
        if end < start:
            raise FormatError(f"line {number}: it ends before it begins")
        if words and _is_label(words[0]):
            words = words[1:]
        if [each.lower() for each in words] == [_NOT_SCORED]:
            raise FormatError(f"line {number}: time that isn't scored can't be told apart here; remove the line")
        own = found.setdefault(session, [])
        if end > start and not (speaker == _GAP and not words):
            channels.check(session, speaker, channel, number)
            own.append(Segment(start, end, speaker, " ".join(words) or None))
    return found


def _is_label(field: str) -> bool:
    return field.startswith("<") and field.endswith(">")


def write(sessions: Mapping[str, Sequence[Segment]]) -> str:
    """The segments as lines; with an empty label where the first word would be read as one."""
    found = []
    for session, segments in sessions.items():
        for each in segments:
            words = (each.words or "").split()
            label = ["<>"] if words and _is_label(words[0]) else []
            fields = name(session), "1", name(each.speaker), seconds(each.start), seconds(each.end), *label, *words
            found.append(" ".join(fields) + "\n")
    return "".join(found)
