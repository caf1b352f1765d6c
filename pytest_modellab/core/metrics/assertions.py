"""Which words of a reply are asserted: not denied, not left in doubt, not asked.

The lists are English; replies in other languages are asserted as a whole, but for their questions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

_SENTENCE = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|\n+")
_ABBREVIATED = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|st|vs|prof|jr|sr|no|approx|e\.g|i\.e|[a-z])|\b[a-z]\.[a-z])\.$", re.IGNORECASE
)
_CLAUSE = re.compile(r"[,;:()—–]\s+|\s+[-—–]\s+|\s+(?=(?:but|although|though|however|because)\b)", re.IGNORECASE)
_MINUS = re.compile(r"(?<![\w.])[-−](?=\d)")
_CLOCK = re.compile(r"\bo['’]\s?clock\b", re.IGNORECASE)

NEGATIONS = (
    "not",
    "never",
    "no",
    "neither",
    "nor",
    "none",
    "without",
    "rather than",
    "instead of",
    "wrong",
    "incorrect",
)
"""What denies the words behind it in the same clause."""
NO_NEGATIONS = ("no doubt", "not only", "without doubt", "without a doubt", "no question", "why not", "do not worry")
DOUBTS = (
    *("whether", "if", "might", "may be", "could be", "could have been", "perhaps", "maybe", "possibly", "not sure"),
    *("unsure", "not certain", "uncertain", "not know", "no idea", "cannot say", "can not say", "cannot tell"),
    *("can not tell", "either", "depends", "some say", "some people say", "i have heard"),
)
"""What leaves in doubt the words of the same clause that come behind it."""
_DENIED_AFTER = re.compile(r"^(?:is|was|are|were|be|does|did|do|can|could|will|would|has|had|should) (?:not|never)\b")
_DENIED_LATER = re.compile(r"\b(?:is|was|are|were) (?:wrong|incorrect|false)\b")


@dataclass(frozen=True)
class Word:
    """A normalized word of a reply, the number of its clause, and whether its sentence is a question."""

    text: str
    clause: int
    asked: bool


def read(reply: str, normalize: Callable[[str], str]) -> list[Word]:
    """The normalized words of a reply in order; words of marks alone are left out.

    A minus before a digit is read as the word, and "o'clock" as no zero.
    """
    text = _CLOCK.sub("oclock", _MINUS.sub("minus ", reply))
    words: list[Word] = []
    clause = 0
    for sentence in _sentences(text):
        asked = sentence.rstrip("\"'”’)] \n").endswith("?")
        for part in _CLAUSE.split(sentence):
            found = [word for word in normalize(part).split() if any(each.isalnum() for each in word)]
            words += [Word(word, clause, asked) for word in found]
            clause += 1
    return words


def occurrences(phrase: Sequence[str], words: Sequence[Word]) -> Iterator[int]:
    """The places where the words of `phrase` stand one after the other."""
    n = len(phrase)
    if n:
        texts = [word.text for word in words]
        yield from (i for i in range(len(words) - n + 1) if texts[i : i + n] == [*phrase])


def asserted(place: int, length: int, words: Sequence[Word], *, english: bool) -> bool:
    """Whether `length` words from `place` on are asserted."""
    first = words[place]
    if first.asked:
        return False
    if not english:
        return True
    before = " ".join(word.text for word in words[:place] if word.clause == first.clause)
    after = " ".join(word.text for word in words[place + length :] if word.clause == words[place + length - 1].clause)
    if _DENIED_AFTER.match(after) or _DENIED_LATER.search(after) or after.startswith("or ") or before.endswith(" or"):
        return False
    for phrase in NO_NEGATIONS:
        before = re.sub(rf"\b{phrase}\b", " ", before)
    return not any(re.search(rf"\b{phrase}\b", before) for phrase in (*NEGATIONS, *DOUBTS))


def _sentences(text: str) -> Iterator[str]:
    kept = ""
    for piece in _SENTENCE.split(text):
        kept = f"{kept} {piece}".strip()
        if not _ABBREVIATED.search(kept):
            yield kept
            kept = ""
    if kept:
        yield kept
