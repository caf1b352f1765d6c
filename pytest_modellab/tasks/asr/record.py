"""What a record holds of transcripts beyond their error rates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from pytest_modellab.core.schema_base import Edits, Range, Share, Stored


class Term(Stored):
    """A term of the data set's glossary or names, as the spec writes it."""

    term: str
    said: int = Field(description="times it stands in the references")
    found: int = Field(description="of these, times the answers have it too")


class Slice(Stored):
    """The utterances that have something in common."""

    by: Literal["speaker", "language", "kind", "snr", "duration"]
    value: str
    utterances: int
    words: Edits
    wer: float
    interval: Range | None = None
    meaningful: bool = Field(description="enough words and utterances to speak of")


class BeyondWer(Stored):
    """Errors that the word error rate hides, as counts; defined in `core.metrics.hidden_errors` and `.writing`."""

    quiet: int = Field(description="answered utterances whose reference has no words")
    quiet_s: float = Field(description="their audio, seconds")
    inserted: int = Field(description="words in the answers to them")
    reference_words: int = Field(description="of answered utterances with words")
    hypothesis_words: int
    looped: Share = Field(description="of answered utterances")
    truncated: Share = Field(description="of answered utterances with more than three words")
    numbers: Share = Field(description="found, of those in the references")
    glossary: tuple[Term, ...] = ()
    glossary_found: Share
    names: tuple[Term, ...] = ()
    names_found: Share
    punctuation: Share = Field(description="wrong places, of all with a mark, in punctuated references")
    casing: Share = Field(description="wrongly cased words, in references of mixed case")
    language: Share = Field(description="rightly detected, of answered utterances whose language is known")
    slices: tuple[Slice, ...] = Field(default=(), description="in each way of slicing with at least two parts")

    @property
    def length_ratio(self) -> float | None:
        """Words of the answers over words of their references: above 1 the model writes too much, below too little."""
        return self.hypothesis_words / self.reference_words if self.reference_words else None


def worst_slice(slices: Sequence[Slice]) -> Slice | None:
    """The part of the data with the highest WER, of those large enough to speak of."""
    return max((each for each in slices if each.meaningful), key=lambda each: each.wer, default=None)
