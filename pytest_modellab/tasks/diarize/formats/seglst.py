"""SegLST: a JSON list of segments with `session_id`, `speaker`, `start_time`, `end_time` and `words`, as of CHiME."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..segments import Segment
from .fields import FormatError, milliseconds


def read(text: str) -> dict[str, list[Segment]]:
    """The segments by recording. Raises FormatError."""
    try:
        listed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"it is no JSON: {error}") from error
    if not isinstance(listed, list):
        raise FormatError("it is no list of segments")
    found: dict[str, list[Segment]] = {}
    for number, each in enumerate(listed, 1):
        session, segment = _segment(each, number)
        own = found.setdefault(session, [])
        if segment.end > segment.start:
            own.append(segment)
    return found


def _segment(given: Any, number: int) -> tuple[str, Segment]:
    if not isinstance(given, dict):
        raise FormatError(f"segment {number}: it is no object")
    for key in ("session_id", "speaker", "start_time", "end_time"):
        if key not in given:
            raise FormatError(f"segment {number}: it has no `{key}`")
    # Times may be numbers, or texts with all their digits.
    start, end = (_time(given[key], number, key) for key in ("start_time", "end_time"))
    if end < start:
        raise FormatError(f"segment {number}: it ends before it begins")
    words = given.get("words")
    if not isinstance(words, str | None):
        raise FormatError(f"segment {number}: `words` is no text")
    return str(given["session_id"]), Segment(start, end, str(given["speaker"]), words or None)


def _time(value: Any, number: int, key: str) -> int:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise FormatError(f"segment {number}: `{key}` is no number of seconds")
    try:
        return milliseconds(str(value), number, key)
    except FormatError as error:
        raise FormatError(str(error).replace("line", "segment", 1)) from error


def write(sessions: Mapping[str, Sequence[Segment]]) -> str:
    """The segments as JSON."""
    listed = [
        {
            "session_id": session,
            "speaker": each.speaker,
            "start_time": each.start / 1000,
            "end_time": each.end / 1000,
            **({} if each.words is None else {"words": each.words}),
        }
        for session, segments in sessions.items()
        for each in segments
    ]
    return json.dumps(listed, ensure_ascii=False, indent=1) + "\n"
