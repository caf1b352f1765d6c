"""The difference of two texts word by word, as Markdown: ~~left out~~ and **said instead**."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from pytest_modellab.core.escaping import plain

_AROUND = 4
"""Equal words that are shown on each side of a difference."""
_MOST = 60
"""Words in all; a longer difference is cut."""


def word_diff(reference: str, answer: str) -> str:
    """`the ~~quick~~ **quack** brown fox`. Words that differ in case or punctuation alone are equal.

    "" where none differs. It is for reading: what counts as an error is the scorer's own alignment.
    """
    words = reference.split()[: 10 * _MOST], answer.split()[: 10 * _MOST]
    first, second = ([_bare(word) for word in side] for side in words)
    if first == second:
        return ""
    parts: list[str] = []
    for kind, i, j, k, m in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.extend(_folded(words[1][k:m], at_start=k == 0, at_end=m == len(second)))
        else:
            parts.extend(_marked("~~", words[0][i:j]))
            parts.extend(_marked("**", words[1][k:m]))
        if len(parts) > _MOST:
            return f"{' '.join(parts[:_MOST])} …"
    return " ".join(parts)


def _bare(word: str) -> str:
    return "".join(filter(str.isalnum, word.casefold())) or word


def _marked(mark: str, words: Sequence[str]) -> Iterator[str]:
    if words:
        yield f"{mark}{plain(' '.join(words))}{mark}"


def _folded(words: Sequence[str], *, at_start: bool, at_end: bool) -> Iterator[str]:
    """Equal words, of a long run those next to the differences."""
    before, after = (0 if at_start else _AROUND), (0 if at_end else _AROUND)
    if len(words) <= before + after + 1:
        yield from map(plain, words)
        return
    yield from map(plain, words[:before])
    yield "…"
    yield from map(plain, words[len(words) - after :])
