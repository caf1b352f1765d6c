"""The part of a record that translation has: of each utterance, and of the run."""

from __future__ import annotations

from pydantic import Field

from pytest_modellab.core.metrics.measured import HasParts
from pytest_modellab.core.schema_base import Stored


class Counts(Stored):
    """What sacrebleu counts of one translation against its reference; corpus scores are made of the sums."""

    bleu: tuple[int, ...] = Field(description="length, the reference's, then matches and n-grams of 1 to 4 words")
    chrf: tuple[int, ...] = Field(description="of each order from 1 to 6: n-grams, the reference's, matches")
    edits: float = Field(description="of TER, in which the shift of a phrase is one")
    reference_words: float = Field(description="by TER's tokens")


class Translated(Stored):
    """The translation of one utterance."""

    target: str = Field(description="the language of its reference")
    counts: Counts | None = Field(default=None, description="null where sacrebleu isn't installed")


class TranslationSummary(Stored):
    """How translations are scored."""

    target: str = Field(description="the language of the references")
    signatures: dict[str, str] = Field(
        default_factory=dict, description="sacrebleu's, by metric: tokenizer, case, smoothing, version"
    )
    unscored: str | None = Field(default=None, description="why there are no scores")


def counts_of(found: HasParts) -> Counts | None:
    """What is counted of an utterance that is scored."""
    part: Translated | None = found.parts.get("translate")
    return None if part is None else part.counts


def translations_of(found: HasParts) -> TranslationSummary | None:
    """How a run's translations are scored."""
    part: TranslationSummary | None = found.parts.get("translate")
    return part
