"""How languages are written: what is counted, which marks are letters, what the small letters are."""

from __future__ import annotations

import unicodedata
from typing import Literal

Unit = Literal["words", "characters"]
"""What errors are counted in."""

WITHOUT_SPACES = frozenset({"zh", "cmn", "yue", "wuu", "nan", "hak", "ja", "th", "lo", "km", "my", "bo", "dz"})
"""Languages written without spaces between words: Chinese and its languages, Japanese, Thai, Lao, Khmer, Burmese,
Tibetan, Dzongkha. Korean and Vietnamese have spaces."""
DOTLESS_I = frozenset({"tr", "az"})
"""Languages in which I is the capital of \u0131, and \u0130 that of i."""


def unit_of(language: str) -> Unit:
    """What errors are counted in, in a language (`zh`; "" is unknown)."""
    return "characters" if language in WITHOUT_SPACES else "words"


def lower(text: str, language: str) -> str:
    """The text in the small letters of its language."""
    if language in DOTLESS_I:
        text = text.replace("\u0130", "i").replace("I", "\u0131")
    return text.lower()


def is_point(mark: str) -> bool:
    """Whether a character is a point of Arabic or Hebrew: a vowel or reading mark that ordinary writing leaves out."""
    if mark == "\u0640":
        return True  # the tatweel, which only stretches a word
    return unicodedata.category(mark) == "Mn" and unicodedata.name(mark, "").startswith(("ARABIC ", "HEBREW "))


def words_of(text: str) -> str:
    """A text in NFKC without points, with spaces for punctuation and symbols. All other marks are letters."""
    return "".join(map(_letter, unicodedata.normalize("NFKC", text)))


def _letter(each: str) -> str:
    if is_point(each):
        return ""
    return " " if unicodedata.category(each)[0] in "SP" else each


def apart(text: str) -> str:
    """The characters of a text with spaces between: extended grapheme clusters (Unicode Standard Annex #29)."""
    import regex

    return " ".join(regex.findall(r"\X", text))
