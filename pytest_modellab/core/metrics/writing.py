"""Punctuation and casing, apart from the words: on raw texts, which the word error rate normalises away.

A raw text is cut at white space. The marks before and after a word are taken off it; what is left is compared without
regard to case, and words are aligned by it. Marks and casing are then compared between aligned words.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

# A mark's family: what a pause or the end of a sentence looks like in other scripts.
MARKS = {
    **dict.fromkeys(".。．｡।۔…", "."),
    **dict.fromkeys(",，、､،", ","),
    **dict.fromkeys("?？؟", "?"),
    **dict.fromkeys("!！", "!"),
    **dict.fromkeys(":：", ":"),
    **dict.fromkeys(";；؛", ";"),
}


@dataclass(frozen=True)
class Token:
    """A word as written, without the marks around it, and the mark that follows it ("" for none)."""

    word: str
    mark: str

    @property
    def folded(self) -> str:
        return self.word.casefold()


@dataclass(frozen=True)
class Errors:
    """A number of wrong places, of the number of places compared."""

    wrong: int
    places: int


def tokens(text: str) -> list[Token]:
    """The words of a raw text. A mark that stands apart belongs to the word before it."""
    found: list[Token] = []
    for piece in unicodedata.normalize("NFC", text).replace("’", "'").split():
        # Combining marks belong to the word: the vowel signs of Indic scripts.
        inside = [i for i, character in enumerate(piece) if unicodedata.category(character)[0] in "LNM"]
        tail = piece[inside[-1] + 1 :] if inside else piece
        mark = next((MARKS[character] for character in tail if character in MARKS), "")
        if inside:
            found.append(Token(piece[inside[0] : inside[-1] + 1], mark))
        elif found and mark and not found[-1].mark:
            found[-1] = Token(found[-1].word, mark)
    return found


def is_punctuated(text: Sequence[Token]) -> bool:
    """Whether it has any punctuation mark: without one, a reference can't be used to score punctuation."""
    return any(token.mark for token in text)


def is_mixed_case(text: Sequence[Token]) -> bool:
    """Whether it has upper- and lower-case letters: else a reference can't be used to score casing."""
    letters = "".join(token.word for token in text)
    return any(map(str.isupper, letters)) and any(map(str.islower, letters))


def compare(reference: Sequence[Token], hypothesis: Sequence[Token]) -> tuple[Errors, Errors]:
    """The errors of punctuation and of casing between two texts, whatever the reference is like.

    Punctuation, after Meister et al. 2023, "LibriSpeech-PC: Benchmark for Evaluation of Punctuation and Capitalization
    Capabilities of end-to-end ASR Models": marks missing, put in or of another family, over all places where either
    text has one; but only behind words that answer each other (equal or substituted), so that a lost word isn't held
    against its mark as well. Casing: words that are equal but for their case, over equal words with a cased letter.
    """
    wrong_marks = marks = wrong_case = cased = 0
    for one, other in _paired(reference, hypothesis):
        marks += bool(one.mark or other.mark)
        wrong_marks += one.mark != other.mark
        if one.folded == other.folded and one.word.upper() != one.word.lower():
            cased += 1
            wrong_case += one.word != other.word
    return Errors(wrong_marks, marks), Errors(wrong_case, cased)


def _paired(reference: Sequence[Token], hypothesis: Sequence[Token]) -> list[tuple[Token, Token]]:
    """Tokens that answer each other in the alignment of their words."""
    from .asr import align

    # A word taken off its marks holds no white space, so it stays one word in the alignment.
    pairs = align(*(" ".join(token.folded for token in text) for text in (reference, hypothesis)))
    ones, others = iter(reference), iter(hypothesis)
    found = []
    for _, expected, guess in pairs:
        one = None if expected is None else next(ones)
        other = None if guess is None else next(others)
        if one is not None and other is not None:
            found.append((one, other))
    return found
