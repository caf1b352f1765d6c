"""Whether the speaker of a cut has finished, as its reference says."""

from __future__ import annotations

from collections.abc import Iterable

_FINISHED = frozenset({"finished", "complete", "true", "1"})
_UNFINISHED = frozenset({"unfinished", "incomplete", "false", "0"})
EXPECTED = "`finished` or `unfinished` (also complete and incomplete, true and false, 1 and 0)"


def finished(reference: str) -> bool | None:
    """Whether the reference says that the speaker has finished; None where it says neither."""
    word = reference.strip().lower()
    return True if word in _FINISHED else False if word in _UNFINISHED else None


def wrong(references: Iterable[tuple[str, str]]) -> str:
    """What is wrong with references, by utterance id; "" for nothing."""
    found = [f"{id} has {text!r:.60}" for id, text in references if finished(text) is None]
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return f"a reference is {EXPECTED}; {', '.join(found[:3])}{more}" if found else ""
