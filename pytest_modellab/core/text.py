"""Text normalisation before scoring.

The same answers score 33, 17 or 10 % WER depending on the normaliser alone, so a score is only comparable together
with the name and the version of its normaliser. Those of Whisper (Radford et al. 2022, "Robust Speech Recognition via
Large-Scale Weak Supervision", appendix C) are the field's common ground, and are used here as they are,
quirks included, so that figures can be set beside published ones:

- `whisper-english` writes numbers as digits ("one two three" is the one word "123"), expands contractions,
  spells the American way and drops fillers, diacritics and whatever stands in brackets. It knows only the
  straight apostrophe ("won’t" becomes "won t"), and three dots at the very end leave a word "." behind.
- `whisper-basic` only lowers the case and replaces marks and punctuation by spaces. It cuts the words of
  scripts written with combining marks (Devanagari, Thai ...) and does not cut those of scripts without spaces
  (Chinese, Japanese, Thai ...).
- `characters` is for scripts without spaces, as Whisper's authors scored Chinese, Japanese, Thai, Lao and Burmese:
  `whisper-basic`, then every character (extended grapheme cluster, Unicode Standard Annex #29) apart. Marks are kept,
  which is the package's own remedy: they are the vowels of Thai. Digits and numerals, simplified and traditional
  characters stay as different as they are written.
- `none` leaves the text as written.

All four are given NFC, and fold whitespace to single spaces. Whisper's lower-case and contraction rules run
before its own Unicode normalisation, so that "señor" with a combining tilde would come out as "senator or".
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

from .language import primary_language

CHARACTERS = "characters"
"""The normaliser under which characters are the units, and there are no words."""

NAMES = ("whisper-english", "whisper-basic", CHARACTERS, "none")

# Written without spaces between words: Chinese and its languages, Japanese, Thai, Lao, Khmer, Burmese, Tibetan,
# Dzongkha. (Korean and Vietnamese have spaces.)
_WITHOUT_SPACES = frozenset({"zh", "cmn", "yue", "wuu", "nan", "hak", "ja", "th", "lo", "km", "my", "bo", "dz"})


@dataclass(frozen=True)
class Normalizer:
    """A named text normalisation; get one from `normalizer`.

    Attributes:
        name: one of `NAMES`.
        version: of whisper-normalizer. Scores under different versions are not comparable.
    """

    name: str
    version: str

    def __call__(self, text: str) -> str:
        """`text` normalised: single spaces between words, none at either end, "" where nothing is left."""
        return " ".join(_transform(self.name)(unicodedata.normalize("NFC", text)).split())


@cache
def normalizer(name: str) -> Normalizer:
    """The normaliser of this name, in the installed version.

    Raises:
        ValueError: the name is not one of `NAMES`.
    """
    if name not in NAMES:
        raise ValueError(f"no normalizer {name!r}: choose from {', '.join(NAMES)}")
    return Normalizer(name, version("whisper-normalizer"))


def divided_by_spaces(language: str | None) -> bool:
    """Whether a language (`en`, `zh-Hant`; None is unknown) is written with spaces, so that words can be counted."""
    return primary_language(language) not in _WITHOUT_SPACES


def for_language(language: str | None) -> str:
    """The normaliser's name for a language tag (`en`, `en-US`, `en_GB`); None is an unknown language."""
    if not divided_by_spaces(language):
        return CHARACTERS
    return "whisper-english" if primary_language(language) == "en" else "whisper-basic"


@cache
def _transform(name: str) -> Callable[[str], str]:
    # Cached: the English one reads a table of some 1700 spellings.
    if name == "whisper-english":
        from whisper_normalizer.english import EnglishTextNormalizer

        english: Callable[[str], str] = EnglishTextNormalizer()
        return english
    if name == "whisper-basic":
        from whisper_normalizer.basic import BasicTextNormalizer

        basic: Callable[[str], str] = BasicTextNormalizer()
        return basic
    if name == CHARACTERS:
        from whisper_normalizer.basic import BasicTextNormalizer

        characters: Callable[[str], str] = BasicTextNormalizer(split_letters=True, preserve_marks=True)
        return characters
    return str
