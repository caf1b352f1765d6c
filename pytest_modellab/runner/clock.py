"""Plausibility of the times that a worker reports: it runs third-party code, which may set back its clock."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from typing import Any

SLACK_S = 0.05
"""By which two clocks may differ on one call."""
SLACK = 0.01
"""The same as a share."""


def believed(reply: dict[str, Any], seen_s: float, *, since_start_s: float = math.inf) -> dict[str, Any]:
    """`reply`, or an error in its place where a time in it contradicts the session's own clock.

    `seen_s` is how long the call took by the session's own clock, `since_start_s` how old the worker is, by which its
    processor time is bounded. Times are what is called `seconds` or ends in `_s`; `audio_s` is a length, no time.
    `first_audible_s` is `first_audio_s` and the silence that is played before it, which may last longer than the call.
    """
    most = seen_s * (1 + SLACK) + SLACK_S
    for name, value in _times(reply):
        if name == "cpu_s":
            wrong = _wrong(value, since_start_s * (os.cpu_count() or 1) + 1.0, above=-SLACK_S)
        elif name == "first_audible_s":
            wrong = _wrong(value, math.inf, above=-SLACK_S)
        else:
            wrong = _wrong(value, most, above=0.0 if name in {"seconds", "load_s"} else -SLACK_S)
        if wrong:
            message = f"the worker's clock is wrong: it reported {name} = {value:g}, which is {wrong}"
            message += f"; by this session's clock the call took {seen_s:.3f} s"
            return {"error": {"type": "ClockError", "message": message, "traceback": ""}}
    return reply


def _times(value: Any) -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for name, each in value.items():
            if name == "facts":  # what an engine tells of itself
                continue
            if isinstance(each, int | float) and not isinstance(each, bool):
                if name == "seconds" or (name.endswith("_s") and name != "audio_s"):
                    yield name, float(each)
            else:
                yield from _times(each)
    elif isinstance(value, list):
        for each in value:
            yield from _times(each)


def _wrong(value: float, most: float, *, above: float) -> str:
    if not math.isfinite(value):
        return "no finite time"
    if value <= above:
        return "not above 0" if above == 0.0 else "below 0"
    return "longer than that" if value > most else ""
