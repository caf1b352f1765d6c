"""Words of an answer against speech whose times are known: which are right, and how far their boundaries are off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_modellab.core.metrics.asr import align
from pytest_modellab.core.text import Normalizer

from .record import Boundary, KnownSpan, RecognisedWord

TOLERANCE_S = 0.2
"""A word this far from all speech is in silence: recognisers round, and speech fades."""
_CLOCK_S = 0.02
"""So much may a time lie beyond the clip, or before the end of the word before: models count in frames."""


@dataclass(frozen=True)
class Token:
    """A word as it is scored, and the place of the raw word, or of the span, that it is of.

    `first` and `last`: whether it is of the first, and of the last raw word there.
    """

    text: str
    place: int
    first: bool = True
    last: bool = True


@dataclass(frozen=True)
class Aligned:
    """Whether each raw word is right, and the boundaries of known spans whose words were found."""

    right: dict[int, bool]
    boundaries: tuple[Boundary, ...]
    known: int


def held_against(
    reference: str, spans: Sequence[KnownSpan], words: Sequence[RecognisedWord], normalize: Normalizer
) -> Aligned:
    """Align the words of an answer with the reference, word by word, as they are scored.

    Each raw word is normalised alone, on both sides, so that it is known what becomes of it: a number that a normalizer
    makes of several words stays several.

    Args:
        reference: raw.
        spans: what is known of the recording; their texts are the reference's, in its order, or they are left out.
        words: of the answer, raw.
        normalize: of the utterance's language.
    """
    texts = [each.text for each in spans]
    expected = list(_tokens(texts, normalize)) if texts else list(_tokens([reference], normalize))
    found = list(_tokens([each.text for each in words], normalize))
    pairs = align(" ".join(each.text for each in expected), " ".join(each.text for each in found))
    hits: dict[int, int] = {}
    right: dict[int, bool] = {}
    i = j = 0
    for kind, wanted, given in pairs:
        if kind == "hit":
            hits[i] = j
        if given is not None:
            place = found[j].place
            right[place] = right.get(place, True) and kind == "hit"
        i, j = i + (wanted is not None), j + (given is not None)
    edges = list(_edges(expected)) if texts else []
    boundaries = tuple(_boundaries(edges, expected, found, hits, spans, words))
    return Aligned(right, boundaries, len(edges))


def _tokens(texts: Sequence[str], normalize: Normalizer) -> Iterator[Token]:
    for place, text in enumerate(texts):
        words = [raw for raw in text.split() if any(map(str.isalnum, raw))]
        for i, raw in enumerate(words):
            normal = normalize(raw)
            units = normal.replace(" ", "") if normalize.unit == "characters" else normal.split()
            yield from (Token(each, place, i == 0, i + 1 == len(words)) for each in units)


def _edges(expected: Sequence[Token]) -> Iterator[tuple[int, bool]]:
    """The places of the first and the last token of each span, and whether it is the last.

    A span that begins or ends with a word of which nothing is scored, a filler, tells no time of the next one.
    """
    for i, token in enumerate(expected):
        if token.first and (i == 0 or expected[i - 1].place != token.place):
            yield i, False
        if token.last and (i + 1 == len(expected) or expected[i + 1].place != token.place):
            yield i, True


def _boundaries(
    edges: Sequence[tuple[int, bool]],
    expected: Sequence[Token],
    found: Sequence[Token],
    hits: dict[int, int],
    spans: Sequence[KnownSpan],
    words: Sequence[RecognisedWord],
) -> Iterator[Boundary]:
    """Of words that were found, and have a time."""
    for i, last in edges:
        if i not in hits:
            continue
        word, span = words[found[hits[i]].place], spans[expected[i].place]
        told, known = (word.end_s, span.end_s) if last else (word.start_s, span.start_s)
        if told is not None:
            yield Boundary(word=expected[i].text, end=last, error_s=told - known)


def missing(text: str, words: Sequence[RecognisedWord], normalize: Normalizer) -> int:
    """How many words of a text aren't among its words with times, in their order."""
    written, timed = (
        " ".join(each.text for each in _tokens(texts, normalize)) for texts in ([text], [each.text for each in words])
    )
    return sum(kind != "hit" and wanted is not None for kind, wanted, _ in align(written, timed)) if written else 0


def untimed(words: Sequence[RecognisedWord], seconds: float, normalize: Normalizer) -> tuple[int, int]:
    """How many words have no time, or one that can't be; and how many there are. Characters where those are counted.

    A time can't be that begins outside of the clip of `seconds`, before the word before it, or ends before it begins.
    """
    wrong = whole = 0
    latest_s = 0.0
    for word in words:
        size = len(list(_tokens([word.text], normalize))) if normalize.unit == "characters" else 1
        whole += size
        start_s, end_s = word.start_s, word.end_s
        if start_s is None:
            wrong += size
            continue
        ends = start_s if end_s is None else end_s
        if start_s < latest_s - _CLOCK_S or ends < start_s or ends > seconds + _CLOCK_S:
            wrong += size
        latest_s = max(latest_s, start_s)
    return wrong, whole


def in_silence(words: Sequence[RecognisedWord], spans: Sequence[KnownSpan]) -> int:
    """How many words with a time overlap no span, give or take TOLERANCE_S."""
    return sum(
        word.start_s is not None
        and not any(
            word.start_s <= span.end_s + TOLERANCE_S
            and (word.start_s if word.end_s is None else word.end_s) >= span.start_s - TOLERANCE_S
            for span in spans
        )
        for word in words
    )
