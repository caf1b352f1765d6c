"""Why grades and choices may not last, told of several cases at once."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .grade import NOISY, Grade

_COUNT = re.compile(r"(?<![\w.-])([0-9]{1,18}) ([a-z]+ )?([a-z]+?)s?(?=[,;]|$)")
"""A count with what is counted: `1561 reference words`, `1 speaker`. Not a share such as `10.0 %`."""


def doubts(grades: Iterable[Grade | None]) -> tuple[list[str], bool]:
    """Why grades are provisional, as `in_one` tells it; and whether any was timed on a noisy machine."""
    found = dict.fromkeys(each for one in grades if one for each in one.provisional)
    return in_one(each for each in found if each != NOISY), NOISY in found


def in_one(reasons: Iterable[str]) -> list[str]:
    """Reasons, each once; those that differ by a count alone are one, with the least and the most.

    `60 reference words, fewer than 5000` and `2897 reference words, fewer than 5000` become `60 to 2897 reference
    words, fewer than 5000`.
    """
    alike: dict[str, dict[int, str]] = {}
    for reason in reasons:
        found = _COUNT.search(reason)
        count = int(found.group(1)) if found else 0
        same = _COUNT.sub(r"\2\3", reason, count=1)
        alike.setdefault(same, {})[count] = reason
    return [_ranged(found) for found in alike.values()]


def _ranged(found: dict[int, str]) -> str:
    least, most = min(found), max(found)
    if least == most:
        return found[most]
    return _COUNT.sub(lambda match: f"{least} to {match.group()}", found[most], count=1)
