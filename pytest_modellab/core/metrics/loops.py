"""Runs of inserted words, folded for a person: a phrase that is repeated stands once, with the number of times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from .asr import Pair

LONGEST_PHRASE = 12
"""Words of a phrase that is looked for."""
FEWEST_TIMES = 3
MOST_WORDS = 12
"""Inserted words in a row, of no loop, that are shown."""


def folded(pairs: Iterable[Pair]) -> list[Pair]:
    """An alignment whose insertions are folded: `thanks x58` for so many in a row, `... 40 words` for the rest."""
    found: list[Pair] = []
    for inserted, group in groupby(pairs, key=lambda pair: pair[0] == "ins"):
        if inserted:
            found += [("ins", None, text) for text in folded_words([word or "" for _, _, word in group])]
        else:
            found += group
    return found


def folded_words(words: Sequence[str]) -> list[str]:
    """Words in a row as what is shown of them: words, repeated phrases, and how many are left out."""
    shown: list[str] = []
    single = 0
    for phrase, times in _phrases(words):
        if times > 1:
            shown.append(f"{' '.join(phrase)} x{times}")
        elif (single := single + 1) <= MOST_WORDS:
            shown += phrase
    if single > MOST_WORDS:
        shown.append(f"... {single - MOST_WORDS} words")
    return shown


def _phrases(words: Sequence[str]) -> Iterator[tuple[Sequence[str], int]]:
    """Phrases from the beginning on, each with how often it stands there in a row: once, or often enough."""
    place = 0
    while place < len(words):
        best, times = 1, 1
        for length in range(1, LONGEST_PHRASE + 1):
            found = _times(words, place, length)
            if found >= FEWEST_TIMES and found * length > best * times:
                best, times = length, found
        yield words[place : place + best], times
        place += best * times


def _times(words: Sequence[str], place: int, length: int) -> int:
    phrase = words[place : place + length]
    times = 1
    while words[place + times * length : place + (times + 1) * length] == phrase and phrase:
        times += 1
    return times
