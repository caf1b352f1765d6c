"""How a recording is scored, as the attributes of its utterance say it: a collar, and whether overlap is."""

from __future__ import annotations

from collections.abc import Mapping

COLLAR, OVERLAP = "collar_s", "overlap"
"""The attributes. Without them there is no collar, and overlap is scored."""
SCORED, LEFT_OUT = "scored", "left out"
MOST_COLLAR_S = 5.0


def attributes(collar_s: float, overlap: str) -> dict[str, str]:
    """As attributes of an utterance."""
    return {COLLAR: f"{collar_s:g}", OVERLAP: overlap}


def collar_of(attributes: Mapping[str, str]) -> float:
    """Seconds; 0 where nothing is said of it, or no number within its bounds."""
    try:
        collar_s = float(attributes.get(COLLAR, "0"))
    except ValueError:
        return 0.0
    return collar_s if 0 <= collar_s <= MOST_COLLAR_S else 0.0


def overlap_of(attributes: Mapping[str, str]) -> bool:
    """Whether speech of several speakers at once is scored."""
    return attributes.get(OVERLAP) != LEFT_OUT
