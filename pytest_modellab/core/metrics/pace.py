"""How fast a text was spoken, by its letters: rates at which nobody reads, and texts of which a part wasn't spoken."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..text import Unit

FEWEST_LETTERS = 20
_LONG = (("\u3040", "\u30ff", 2), ("\u3400", "\u9fff", 3), ("\uac00", "\ud7a3", 3))
"""The first and last of a range of characters, and how many letters of an alphabet one counts for."""
SLOWEST, QUICKEST = 5.0, 22.0
"""Letters per second of speech. Of 876 prompts that people read in five languages 99 % lie between 8.4 and 19
(docs/tts.md). English is hard to follow beyond 275 words a minute (Foulke & Sticht 1969, "Review of research on the
intelligibility and comprehension of accelerated speech"): 22 letters a second at 4.7 letters a word."""
TOO_FAST, TOO_SLOW = (f"letters a second: {told}" for told in ("too fast", "too slow"))
FEWEST_PACES = 5
HURRIED = 1.35
"""Times the median pace: of three voices on 31 texts the quickest was 1.25."""


def letters(text: str) -> int:
    """Letters of `text`: a digit, a syllable of Hangul and a Chinese character count for three, a kana for two, since
    it takes as long to speak them."""
    return sum(_letters_of(each) for each in text)


def _letters_of(character: str) -> int:
    if character.isdigit():
        return 3
    return next((many for first, last, many in _LONG if first <= character <= last), int(character.isalpha()))


def pace(text: str, seconds: float, silence: float | None) -> float | None:
    """Letters of `text` per second of voice, pauses left out. None for fewer than 20."""
    count = letters(text)
    voiced_s = seconds * (1 - (silence or 0.0))
    return count / voiced_s if count >= FEWEST_LETTERS and voiced_s > 0 else None


def units_spoken(text: str, unit: Unit) -> int:
    """Words of a text as it is written, or its letters; 0 where digits don't tell how many are spoken."""
    if any(each.isdigit() for each in text):
        return 0
    if unit == "characters":
        return sum(each.isalpha() for each in text)
    return sum(any(each.isalnum() for each in word) for word in text.split())


def odd_rate(text: str, speech_s: float | None) -> str:
    """A fault in words where a text was spoken more quickly or slowly than people read; "" for none.

    Only of texts of 20 letters or more without digits.
    """
    count = letters(text)
    if not speech_s or count < FEWEST_LETTERS or any(each.isdigit() for each in text):
        return ""
    rate = count / speech_s
    if SLOWEST <= rate <= QUICKEST:
        return ""
    return f"{rate:.1f} {TOO_FAST if rate > QUICKEST else TOO_SLOW}"


def hurried(paces: Sequence[float | None]) -> list[float | None]:
    """The ratio of each utterance's pace to the median pace of the voice, where it exceeds normal variation.

    A high ratio shows that a part of the text wasn't spoken. None for all where there are fewer than five.
    """
    known = [each for each in paces if each is not None]
    if len(known) < FEWEST_PACES:
        return [None] * len(paces)
    usual = median(known)
    return [each / usual if each is not None and each > HURRIED * usual else None for each in paces]
