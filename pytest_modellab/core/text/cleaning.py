"""Cleaning of texts before they are normalized: what a reader doesn't see, and how typographers write what keys do.

It belongs to the scorer `modellab` alone. Its rules have a version, which is part of that scorer's.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

VERSION = "1"

APOSTROPHES = "\u2018\u2019\u201b\u02bb\u02bc\u02bd\u02b9\uff07\u0060\u00b4\u2032\u05f3\ua78b\ua78c"
"""Characters that are written for an apostrophe: typographic quotes, modifier letters, accents that stand alone."""
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2e3a\u2e3b\ufe58\ufe63\uff0d"
_CHILLU = {
    "\u0d23": "\u0d7a",
    "\u0d28": "\u0d7b",
    "\u0d30": "\u0d7c",
    "\u0d32": "\u0d7d",
    "\u0d33": "\u0d7e",
    "\u0d15": "\u0d7f",
}
"""Malayalam consonants whose form without a vowel has a letter of its own since Unicode 5.1."""
_CHILLU_OF_OLD = re.compile(f"([{''.join(_CHILLU)}])\u0d4d\u200d")
_INVISIBLE_MARKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\ufe0e\ufe0f")
_DOTS = re.compile(r"\.(?:\s?\.)+|\u2026|\u22ef|\u2025")
_TABLE = {
    **{ord(each): "'" for each in APOSTROPHES},
    **{ord(each): "-" for each in _DASHES},
    ord("\u0130"): "i",
}


def cleaned(text: str) -> str:
    """`text` in NFC without invisible characters, with plain apostrophes and dashes, and without runs of dots.

    Invisible are format characters (zero-width space and joiners, bidirectional marks, byte order marks, soft hyphens),
    control characters, variation selectors and fillers. The dotted capital I is an i in every language. Decimal digits
    of all scripts become those of ASCII.
    """
    text = _CHILLU_OF_OLD.sub(lambda found: _CHILLU[found[1]], unicodedata.normalize("NFC", text))
    text = _DOTS.sub(" ", text.translate(_TABLE))
    return "".join(map(_character, text))


@cache
def _character(each: str) -> str:
    category = unicodedata.category(each)
    if category == "Nd":
        return str(unicodedata.digit(each))
    if each.isspace():
        return " "
    return "" if category in {"Cf", "Cc", "Cs", "Co", "Cn"} or each in _INVISIBLE_MARKS else each


def invisible(text: str) -> list[str]:
    """The invisible characters of a text, by name: `ZERO WIDTH SPACE`."""
    found = dict.fromkeys(each for each in text if not each.isspace() and not _character(each))
    return [unicodedata.name(each, f"U+{ord(each):04X}") for each in found]
