"""RTTM: a line for each segment of a speaker, `SPEAKER file 1 onset duration <NA> <NA> speaker <NA> <NA>`.

NIST's "The 2009 (RT-09) Rich Transcription Meeting Recognition Evaluation Plan", appendix A. Lines of other types are
passed over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..segments import Segment
from .fields import Channels, FormatError, lines, milliseconds, name, seconds


def read(text: str) -> dict[str, list[Segment]]:
    """The segments by recording. Raises FormatError."""
    found: dict[str, list[Segment]] = {}
    channels = Channels()
    for number, fields in lines(text):
        if fields[0] != "SPEAKER":
            continue
        if len(fields) < 8:
            raise FormatError(
                f"line {number}: a SPEAKER line has 10 fields, the eighth the speaker; found {len(fields)}"
            )
        start = milliseconds(fields[3], number, "onset")
        end = start + milliseconds(fields[4], number, "duration")
        channels.check(fields[1], fields[7], fields[2], number)
        own = found.setdefault(fields[1], [])
        if end > start:
            own.append(Segment(start, end, fields[7]))
    return found


def write(sessions: Mapping[str, Sequence[Segment]]) -> str:
    """The segments as lines."""
    return "".join(
        f"SPEAKER {name(session)} 1 {seconds(each.start)} {seconds(each.end - each.start)} <NA> <NA>"
        f" {name(each.speaker)} <NA> <NA>\n"
        for session, segments in sessions.items()
        for each in segments
    )
