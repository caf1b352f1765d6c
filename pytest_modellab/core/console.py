"""Words for a terminal: text that others wrote (transcripts, messages of libraries) made safe, and counts of things."""

from __future__ import annotations

import textwrap
import unicodedata
from pathlib import Path

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


def wrapped(text: str, width: int) -> list[str]:
    """One line, printable, as lines of `width` at most: broken between words, further ones a little deeper.

    Ids and paths are never broken, however long.
    """
    bare = text.lstrip(" ")
    indent = text[: len(text) - len(bare)]
    line = indent + printable(bare)
    if len(line) <= width:
        return [line if bare else ""]
    return textwrap.wrap(
        line,
        width,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def from_here(path: Path) -> str:
    """A path as one would type it from the folder one stands in."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
