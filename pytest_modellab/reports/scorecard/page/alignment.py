"""Alignment of reference and hypothesis, as runs of words for a template."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_modellab.core.console import printable
from pytest_modellab.core.metrics import asr
from pytest_modellab.core.text import Normalizer
from pytest_modellab.results.record import UtteranceResult

MOST_WORDS = 2_000
"""Of either text: longer ones aren't aligned for the page."""
MOST_PIECES = 400
_LONGEST_WORD = 200


@dataclass(frozen=True)
class Piece:
    """A run of matching words, or one difference with its mark."""

    kind: asr.Kind
    expected: str
    found: str

    @property
    def mark(self) -> str:
        return {"hit": "", "sub": "S", "del": "D", "ins": "I"}[self.kind]


@dataclass(frozen=True)
class Alignment:
    pieces: tuple[Piece, ...]
    note: str = ""
    """What is left out."""


def align(result: UtteranceResult, normalize: Normalizer) -> Alignment:
    """The alignment that the errors were counted by."""
    reference, hypothesis = normalize.pair(result.reference, result.hypothesis or "")
    longest = max(reference.count(" "), hypothesis.count(" ")) + 1
    if longest > MOST_WORDS:
        return Alignment((), f"not aligned here: {longest:,} words, more than {MOST_WORDS:,}")
    pieces = list(_pieces(_pairs(reference, hypothesis)))
    left_out = len(pieces) - MOST_PIECES
    note = f"{left_out:,} more runs of words are left out" if left_out > 0 else ""
    return Alignment(tuple(pieces[:MOST_PIECES]), note)


def _pairs(reference: str, hypothesis: str) -> list[asr.Pair]:
    if not reference:
        return [("ins", None, word) for word in hypothesis.split()]
    return asr.align(reference, hypothesis)


def _pieces(pairs: list[asr.Pair]) -> Iterator[Piece]:
    run: list[str] = []
    for kind, expected, found in pairs:
        if kind == "hit":
            run.append(_word(expected))
            continue
        if run:
            yield Piece("hit", " ".join(run), "")
            run = []
        yield Piece(kind, _word(expected), _word(found))
    if run:
        yield Piece("hit", " ".join(run), "")


def _word(word: str | None) -> str:
    shown = printable(word or "")
    return shown if len(shown) <= _LONGEST_WORD else f"{shown[:_LONGEST_WORD]}…"
