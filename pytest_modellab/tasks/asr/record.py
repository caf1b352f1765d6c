"""The ASR part of a record: of each utterance, and of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field

from pytest_modellab.core.metrics.measured import HasParts
from pytest_modellab.core.schema_base import Edits, Range, Stored
from pytest_modellab.core.text import Unit


class Transcript(Stored):
    """The errors of a transcript against the utterance's reference."""

    words: Edits = Field(description="of characters, where words aren't divided by spaces")
    characters: Edits


class Term(Stored):
    """A term of the data set's glossary or names, as the spec writes it."""

    term: str
    said: int = Field(description="its number in the references")
    found: int = Field(description="of these, times the answers have it too")


class Slice(Stored):
    """A slice: the utterances that share a value of an attribute."""

    by: str = Field(description="speaker, language, kind, snr, duration, or an attribute of the data set's utterances")
    value: str
    utterances: int
    words: Edits
    wer: float
    interval: Range | None = None
    meaningful: bool = Field(description="enough words and utterances to speak of")


class LanguageErrors(Stored):
    """The errors in one language of a run."""

    language: str = Field(description="ISO 639, without script and region; empty where it isn't known")
    unit: Unit = Field(description="what its errors are counted in")
    utterances: int
    words: Edits = Field(description="of characters, where those are counted")
    characters: Edits


class TranscriptSummary(Stored):
    """Sums over all utterances; one without an answer counts as all of its words deleted."""

    words: Edits = Field(description="of all utterances")
    characters: Edits
    empty_references: int = Field(description="utterances whose reference normalises to nothing")
    above_half: int = Field(description="utterances with a WER above 50 % (a CER, where there are no words)")
    worst_wer: float | None
    reference_words: int = Field(description="of answered utterances with words")
    hypothesis_words: int
    languages: tuple[LanguageErrors, ...] = Field(default=(), description="sums by language")
    glossary: tuple[Term, ...] = ()
    names: tuple[Term, ...] = ()
    slices: tuple[Slice, ...] = Field(default=(), description="in each way of slicing with at least two parts")

    @property
    def weights(self) -> Mapping[str, float]:
        """By language, what makes its units as many as those of every other; none for a language without any."""
        counted = {each.language: each.words.units for each in self.languages if each.words.units}
        mean = sum(counted.values()) / len(counted) if counted else 0.0
        return {language: mean / units for language, units in counted.items()}

    @property
    def length_ratio(self) -> float | None:
        """Words of the hypotheses over words of the references: above 1 insertions prevail, below 1 deletions."""
        return self.hypothesis_words / self.reference_words if self.reference_words else None


def worst_slice(slices: Sequence[Slice]) -> Slice | None:
    """The part of the data with the highest WER, of those large enough to speak of."""
    return max((each for each in slices if each.meaningful), key=lambda each: each.wer, default=None)


def transcript_of(found: HasParts) -> Transcript | None:
    """The errors of an utterance that has a transcript."""
    part: Transcript | None = found.parts.get("asr")
    return part


def transcripts_of(found: HasParts) -> TranscriptSummary | None:
    """Of a run that has transcripts."""
    part: TranscriptSummary | None = found.parts.get("asr")
    return part
