"""The normalizers of Whisper (Radford et al. 2022, "Robust Speech Recognition via Large-Scale Weak Supervision",
appendix C) as published: those of the package openai-whisper, quirks included.

- English: numbers as digits ("one two three" is "123"), contractions expanded, American spelling; fillers, diacritics
  and whatever is in brackets removed. Only the straight apostrophe is known ("won\u2019t" becomes "won t"), and three
  dots at the end leave a word ".".
- other languages: small letters, marks and punctuation as spaces. Words of scripts with combining marks (Devanagari)
  are cut.
- languages written without spaces: every character is a unit, as Whisper's authors scored Chinese, Japanese, Thai, Lao
  and Burmese. Marks, such as the vowels of Thai, are spaces there, too.

The rules are those of the package whisper-normalizer, without four contractions that it added to them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import version as version_of

from .scripts import unit_of

ADDED = (r"\bkinda\b", r"\bsorta\b", r"\bdunno\b", r"\bcause\b")
"""Contractions that whisper-normalizer expands and Whisper doesn't."""


def version() -> str:
    """The version of whisper-normalizer."""
    return version_of("whisper-normalizer")


def normalized(text: str, language: str) -> str:
    """`text` by the rules of its language (`en`; "" is unknown)."""
    if unit_of(language) == "characters":
        return characters()(text)
    return (english() if language == "en" else basic())(text)


@cache
def english() -> Callable[[str], str]:
    """The English normalizer. It reads a table of some 1,700 spellings."""
    from whisper_normalizer.english import EnglishTextNormalizer

    whispers = EnglishTextNormalizer()
    for pattern in ADDED:
        del whispers.replacers[pattern]
    made: Callable[[str], str] = whispers
    return made


@cache
def basic() -> Callable[[str], str]:
    """The normalizer of languages other than English."""
    from whisper_normalizer.basic import BasicTextNormalizer

    made: Callable[[str], str] = BasicTextNormalizer()
    return made


@cache
def characters() -> Callable[[str], str]:
    """The basic normalizer with characters apart, for languages without spaces."""
    from whisper_normalizer.basic import BasicTextNormalizer

    made: Callable[[str], str] = BasicTextNormalizer(split_letters=True)
    return made
