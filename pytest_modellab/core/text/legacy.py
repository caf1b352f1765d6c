"""The normalizers that records named before there were scorers: one for a whole data set, whatever its language.

They are kept as they were, so that old records come to the same values: on NFC, by the package whisper-normalizer with
its own contractions.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cache

from ..language_tags import canonical_language
from . import whisper
from .normalizer import Scorer
from .scripts import Unit, unit_of


@cache
def _english() -> Callable[[str], str]:
    from whisper_normalizer.english import EnglishTextNormalizer

    made: Callable[[str], str] = EnglishTextNormalizer()
    return made


@cache
def _characters() -> Callable[[str], str]:
    """Whisper's, with marks kept."""
    from whisper_normalizer.basic import BasicTextNormalizer

    made: Callable[[str], str] = BasicTextNormalizer(split_letters=True, preserve_marks=True)
    return made


def _fixed(normalize: Callable[[], Callable[[str], str]], unit: Unit, doc: str) -> Scorer:
    return Scorer(
        normalize=lambda text, language: normalize()(unicodedata.normalize("NFC", text)),
        version=whisper.version,
        unit=lambda language: unit,
        doc=doc,
    )


LEGACY_DEFAULTS = frozenset({"whisper-english", "whisper-basic", "characters"})
"""Those that a data set had by its language."""


def for_language(language: str | None) -> str:
    """The normalizer that a data set in a language had by default, before there were scorers."""
    primary = canonical_language(language)
    if unit_of(primary) == "characters":
        return "characters"
    return "whisper-english" if primary == "en" else "whisper-basic"


WHISPER_ENGLISH = _fixed(_english, "words", "whisper-normalizer's English rules for every language.")
WHISPER_BASIC = _fixed(whisper.basic, "words", "whisper-normalizer's basic rules for every language.")
CHARACTERS = _fixed(_characters, "characters", "Characters as units in every language.")
NONE = _fixed(lambda: str, "words", "The text as written.")
