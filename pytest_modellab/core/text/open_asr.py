"""The rules of the Open ASR Leaderboard, written anew from what its scoring code does (revision d1e99b25, August 2026).

- English: Whisper's rules with more fillers, `'s` expanded behind pronouns and question words alone, other spellings,
  variants of names and some compounds made one, and single letters in a row joined (`b b c` is `bbc`).
- other languages: Whisper's basic rules; then digits are spelt out by num2words, where it knows the language.
- compounds: words that are written apart on one side and together on the other are no error. kaldialign counts so; in
  languages other than English they are joined before it counts.

The board has no rules for scripts without spaces. There Whisper's are used, and a note says so in the documentation.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import SequenceMatcher
from functools import cache
from importlib.metadata import version as version_of
from itertools import groupby
from pathlib import Path

from . import whisper
from .scripts import unit_of

REVISION = "d1e99b25"
_FILLERS = "hmm mm mhm mmm uh um ah aha ahh ahm eh ehehe em hm huh hum mhum uhm umm uhuh"
_IS = r"\b(it|he|she|what|that|who|here|there|how|when|where|why|this)'s\b"
_SPELLINGS = {
    **{"ok": "okay", "kay": "okay", "etcetera": "etc", "mm": "hmm", "flyer": "flier"},
    **{"archaeology": "archeology", "archaeological": "archeological", "snowploughs": "snowplows"},
    **{
        "cancellation": "cancelation",
        "cancellations": "cancelations",
        "pummelled": "pummeled",
        "pummelling": "pummeling",
    },
    **{"travelogue": "travelog", "travelogues": "travelogs"},
}
_UNSPELT = ("archeological", "cancelation", "cancelations", "flyer / flier", "travelog", "travelogs")
"""Spellings of Whisper's table that the board's doesn't have."""
_COMPOUNDS = {
    **{"et cetera": "etc", "al right": "alright", "all right": "alright", "how ever": "however", "o k": "okay"},
    **{"wi fi": "wifi", "hi fi": "hifi", "lo fi": "lofi", "sci fi": "scifi", "e mail": "email", "e book": "ebook"},
    **{"e commerce": "ecommerce", "x ray": "xray", "t shirt": "tshirt", "a m": "am", "p m": "pm"},
}


def version() -> str:
    """The board's revision, and the versions of the packages that the rules use."""
    used = ", ".join(f"{name} {version_of(name)}" for name in ("whisper-normalizer", "num2words", "kaldialign"))
    return f"{REVISION} ({used})"


def normalized(text: str, language: str) -> str:
    """`text` by the board's rules for its language (`en`; "" is unknown)."""
    if unit_of(language) == "characters":
        return whisper.characters()(text)
    return _english()(text) if language == "en" else _spelt_out(_other(text), language)


@cache
def _english() -> Callable[[str], str]:
    from whisper_normalizer.basic import remove_symbols_and_diacritics
    from whisper_normalizer.english import EnglishNumberNormalizer, EnglishSpellingNormalizer, EnglishTextNormalizer

    published = EnglishTextNormalizer()
    contractions = {
        _IS if pattern == r"'s\b" else pattern: r"\1 is" if pattern == r"'s\b" else expansion
        for pattern, expansion in published.replacers.items()
        if pattern not in whisper.ADDED
    }
    spellings = {**EnglishSpellingNormalizer().mapping, **_SPELLINGS}
    for word in _UNSPELT:
        spellings.pop(word, None)
    names = _names()
    numbers = EnglishNumberNormalizer()
    fillers = re.compile(rf"\b({_FILLERS.replace(' ', '|')})\b")

    def normalize(text: str) -> str:
        text = _unbracketed(text.lower())
        text = re.sub(r"\s+'", "'", fillers.sub("", text))
        for pattern, expansion in contractions.items():
            text = re.sub(pattern, expansion, text)
        text = re.sub(r"(\d),(\d)", r"\1\2", text)
        text = re.sub(r"\.([^0-9]|$)", r" \1", text)
        text = remove_symbols_and_diacritics(text, keep=".%$\u00a2\u20ac\u00a3")
        for apart, joined in _COMPOUNDS.items():
            text = re.sub(rf"\b{apart}\b".replace(" ", r"\s+"), joined, text)
        words = (spellings.get(word, word) for word in numbers(text).split())
        text = _acronyms([names.get(word, word) for word in words])
        text = re.sub(r"[.$\u00a2\u20ac\u00a3]([^0-9])", r" \1", text)
        return re.sub(r"([^0-9])%", r"\1 ", text)

    return normalize


@cache
def _names() -> dict[str, str]:
    """Variants of English names -> the one that the board makes of them."""
    lines = Path(__file__).with_name("open_asr_names.txt").read_text(encoding="utf-8").splitlines()
    return {
        variant: name for name, _, variants in (line.partition(": ") for line in lines) for variant in variants.split()
    }


def _unbracketed(text: str) -> str:
    return re.sub(r"\(([^)]+?)\)", "", re.sub(r"[<\[][^>\]]*[>\]]", "", text))


def _acronyms(words: list[str]) -> str:
    """Runs of single letters and digits as one word: of two, or of three where an `a` or `i` is among them."""
    joined: list[str] = []
    for single, run in groupby(words, key=lambda word: len(word) == 1 and word.isalnum()):
        letters = [*run]
        least = 3 if {"a", "i"} & {*letters} else 2
        joined += ["".join(letters)] if single and len(letters) >= least else letters
    return " ".join(joined)


def _other(text: str) -> str:
    from whisper_normalizer.basic import remove_symbols

    text = re.sub(r"[^\w\s]", "", remove_symbols(_unbracketed(text.lower())).lower())
    return " ".join(text.split())


def _spelt_out(text: str, language: str) -> str:
    """Digits as words. Groups of thousands that a space divides are one number."""
    import num2words

    def words(found: re.Match[str]) -> str:
        try:
            return str(num2words.num2words(int(found[0]), lang=language))
        except Exception:
            return found[0]

    return re.sub(r"\d+", words, re.sub(r"(\d)\s+(\d{3})\b", r"\1\2", text))


def with_joined_compounds(reference: str, hypothesis: str) -> tuple[str, str]:
    """Both texts with the words joined that differ only in where they are divided."""
    ours, theirs = reference.split(), hypothesis.split()
    left: list[str] = []
    right: list[str] = []
    for tag, i, j, k, n in SequenceMatcher(None, ours, theirs).get_opcodes():
        before, after = "".join(ours[i:j]), "".join(theirs[k:n])
        same = tag != "equal" and before == after
        left += [before] if same else ours[i:j]
        right += [after] if same else theirs[k:n]
    return " ".join(left), " ".join(right)
