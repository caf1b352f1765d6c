"""The part of a record that recognition with word times has: of each utterance, and of the run."""

from __future__ import annotations

from pydantic import Field

from pytest_modellab.core.metrics.measured import HasParts
from pytest_modellab.core.schema_base import Stored


class RecognisedWord(Stored):
    """A word of the answer, as the model wrote it."""

    text: str
    start_s: float | None = Field(description="where it begins in the clip; null where that isn't told")
    end_s: float | None
    probability: float | None = Field(description="of the word, by the model; null where it tells none")
    right: bool | None = Field(default=None, description="whether the reference has it here; null for no word")


class KnownSpan(Stored):
    """A stretch of speech whose time is known: a word, or several."""

    text: str
    start_s: float
    end_s: float


class Boundary(Stored):
    """The error of a word's beginning or end, where a known span begins or ends with the word."""

    word: str = Field(description="of the reference, normalised")
    end: bool = Field(description="whether it is its end")
    error_s: float = Field(description="of the answer, after the known time; negative before it")


class WordTiming(Stored):
    """The words of an answer, held against the speech whose times are known."""

    words: tuple[RecognisedWord, ...]
    spans: tuple[KnownSpan, ...] = Field(default=(), description="what is known of the recording")
    boundaries: tuple[Boundary, ...] = Field(default=(), description="those whose word was found")
    known_boundaries: int = Field(default=0, description="beginnings and ends of spans that have words")
    untimed: int = Field(default=0, description="words, or characters, whose times are missing, or can't be")
    told: int | None = Field(default=None, description="words, or characters, in all; null in older records")
    missing: int = Field(default=0, description="words, or characters, of the text that aren't among the words")
    in_silence: int | None = Field(default=None, description="words in no span; null where no span is known")


class ConfidenceBin(Stored):
    """A bin of the reliability diagram."""

    words: int
    confidence: float = Field(description="mean probability")
    right: float = Field(description="share of the words that are right")


class KeptWords(Stored):
    """The most confident words: what share is kept, from which probability on, and how many of them are wrong."""

    coverage: float
    threshold: float
    wrong: float


class WordsSummary(Stored):
    """All words together: which way their times are off, and their confidence."""

    start_shift_s: float | None = Field(
        default=None, description="median error of beginnings, negative where they are too early; null without any"
    )
    end_shift_s: float | None = Field(default=None, description="the same of ends")

    reliability: tuple[ConfidenceBin, ...] = ()
    kept: tuple[KeptWords, ...] = Field(default=(), description="risk against coverage")


def words_of(found: HasParts) -> WordTiming | None:
    """The words of an utterance that has them."""
    part: WordTiming | None = found.parts.get("words")
    return part


def summary_of(found: HasParts) -> WordsSummary | None:
    """Of a run that has words."""
    part: WordsSummary | None = found.parts.get("words")
    return part
