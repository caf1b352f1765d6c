"""What of a reference will be scored in a way that its writer may not expect."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

from .cleaning import APOSTROPHES, invisible
from .scripts import is_point

_TYPED = frozenset("'`\u00b4")
_NEUTRAL = ("DIGIT", "FULLWIDTH", "IDEOGRAPHIC", "MODIFIER", "COMBINING", "SUPERSCRIPT", "MASCULINE", "FEMININE")
_TOGETHER = {"HIRAGANA": "CJK", "KATAKANA": "CJK", "KATAKANA-HIRAGANA": "CJK", "BOPOMOFO": "CJK"}
"""Scripts that are written together, so that they are no mixture."""

OF_DEFAULT_SCORER = frozenset({"typographic apostrophes", "decomposed characters", "points", "digits"})
"""Kinds that tell what the scorer `modellab` does; others may do otherwise."""


def oddities(text: str, language: str) -> Iterator[tuple[str, str]]:
    """The kind and the detail of each, of a reference in a language (`en`; "" is unknown)."""
    if hidden := invisible(text):
        yield "invisible characters", ", ".join(hidden)
    if typographic := sorted({each for each in text if each in APOSTROPHES} - _TYPED):
        yield "typographic apostrophes", f"{' '.join(typographic)}, scored as '"
    if unicodedata.normalize("NFC", text) != text:
        yield "decomposed characters", "letters and marks apart (NFD), scored as one"
    if points := sum(map(is_point, text)):
        yield "points", f"{points} vowel points or stretched letters, which are left out"
    scripts = _scripts(text)
    if len(scripts) > 1:
        yield "several scripts", ", ".join(f"{script.lower()} {count}" for script, count in scripts.most_common())
    if language != "en" and (numbers := re.findall(r"\d+", text)):
        # Only the English rules write spoken numbers as digits.
        yield "digits", f"{' '.join(numbers[:3])}: a number written as a word in the answer is another word"


def _scripts(text: str) -> Counter[str]:
    """How many letters of each script a text has."""
    found: Counter[str] = Counter()
    for each in text:
        if each.isalpha():
            script = unicodedata.name(each, "UNNAMED").split()[0]
            if script not in _NEUTRAL:
                found[_TOGETHER.get(script, script)] += 1
    return found
