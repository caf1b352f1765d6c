"""Names beside the points of a drawing, where they have room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

LETTERS = 10.5
"""Points; of names and of the titles of axes."""
DOT = 5.0
_LETTER_WIDTH = 0.58
"""Of a letter, in heights: browsers draw the names in a face of their own."""

Box = tuple[float, float, float, float]
"""Left, bottom, right and top, in points."""


def around(x: float, y: float) -> Box:
    """What a point itself takes."""
    return x - DOT, y - DOT, x + DOT, y + DOT


def places(x: float, y: float, text: str, frame: Box, taken: Sequence[Box]) -> Iterator[tuple[str, Box]]:
    """Where a text has room around a point, beside it first."""
    wide, high, gap = len(text) * LETTERS * _LETTER_WIDTH, LETTERS * 1.2, DOT + 3
    beside, over = (
        (x + gap, x - gap - wide),
        (y - high / 2, y + gap, y - gap - high, y + 2.2 * gap, y - 2.2 * gap - high),
    )
    tried = [(left, bottom) for bottom in over for left in beside]
    tried += [(x - wide / 2, bottom) for bottom in over[1:]]
    for left, bottom in tried:
        box = left, bottom, left + wide, bottom + high
        inside = box[0] >= frame[0] and box[2] <= frame[2] and box[1] >= frame[1] and box[3] <= frame[3]
        if inside and not any(_overlap(box, other) for other in taken):
            yield text, box


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
