"""Words for a terminal: text that others wrote (transcripts, messages of libraries) made safe, and counts of things."""

from __future__ import annotations

import unicodedata

# Marks that turn the reading direction, so that a line reads otherwise than it is.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# Control characters, halves of surrogate pairs (which can't be encoded), line and paragraph separators.
_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})


def printable(text: str) -> str:
    """`text` on one line, each character that a terminal would obey rather than show as U+FFFD."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if c in _BIDI or unicodedata.category(c) in _CATEGORIES else c for c in text
    )


def counted(number: int, noun: str) -> str:
    """`1 utterance`, `2 utterances`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def printable_lines(text: str) -> str:
    """`text` with its line ends kept, and every line printable."""
    return "\n".join(map(printable, text.split("\n")))
