"""Text for a terminal: untrusted text (transcripts, messages of libraries) made safe, and counts with their nouns."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from .variables import TERM

# Control characters, halves of surrogate pairs (which can't be encoded), line and paragraph separators; and marks that
# turn the reading direction, so that a line reads otherwise than it is.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """`text` on one line, control characters replaced by U+FFFD."""
    return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", text)


def counted(number: float, noun: str) -> str:
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


def dumb() -> bool:
    """Whether the terminal can't write over what it shows."""
    return TERM.get() == "dumb"


def shortened(text: str, width: int) -> str:
    """The first line of `text`, printable, cut at `width` columns with `...`."""
    line = printable(text.splitlines()[0] if text else "")
    return line if len(line) <= width else f"{line[: max(0, width - 3)].rstrip()}..."


_PLAIN_SIGNS = str.maketrans({"≤": "<=", "≥": ">=", "…": "...", "×": "x", "–": "-", "\N{REPLACEMENT CHARACTER}": "?"})


def encodable(text: str, encoding: str | None) -> str:
    """`text` in the characters of an encoding: common signs in ASCII, else an escape such as `\\xe9`."""
    known = encoding or "ascii"
    try:
        text.encode(known)
    except UnicodeEncodeError:
        return text.translate(_PLAIN_SIGNS).encode(known, "backslashreplace").decode(known)
    except LookupError:
        return text.translate(_PLAIN_SIGNS).encode("ascii", "backslashreplace").decode("ascii")
    return text


def from_here(path: Path) -> str:
    """A path relative to the current folder, where it lies inside."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
