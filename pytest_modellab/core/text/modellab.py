"""The rules of the scorer `modellab`: Whisper's, mended where they count as an error what nobody would call one.

Texts are cleaned first (`cleaning`). English then follows Whisper's rules; in other languages combining marks are
letters (vowel signs of Indic scripts), points of Arabic and Hebrew are left out, and Turkish and Azeri have their own
capital I. Languages written without spaces are taken apart into characters. A dot alone is no word.
"""

from __future__ import annotations

import re
import unicodedata

from . import cleaning, whisper
from .scripts import apart, lower, unit_of, words_of

VERSION = "1"


def version() -> str:
    """The version of these rules, of the cleaning, and of whisper-normalizer."""
    return f"{VERSION} (cleaning {cleaning.VERSION}, whisper-normalizer {whisper.version()})"


def normalized(text: str, language: str) -> str:
    """`text` by the rules of its language (`en`; "" is unknown)."""
    text = cleaning.cleaned(text)
    if language == "en":
        return " ".join(word for word in whisper.english()(text).split() if word.strip("."))
    # Compatibility forms first: mathematical capitals have no small letters.
    words = words_of(_unbracketed(lower(unicodedata.normalize("NFKC", text), language)))
    return apart(words) if unit_of(language) == "characters" else words


def _unbracketed(text: str) -> str:
    """Without what is in brackets, as in Whisper's rules."""
    return re.sub(r"\(([^)]+?)\)", "", re.sub(r"[<\[][^>\]]*[>\]]", "", text))
