"""Scoring of transcripts against references: the ASR parts of utterances and runs, for every task with transcripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel

from pytest_modellab.core.metrics import asr
from pytest_modellab.core.metrics.aggregate import Column, Ratio
from pytest_modellab.core.metrics.measured import Row
from pytest_modellab.core.metrics.slices import FEWEST_UTTERANCES, FEWEST_WORDS, OWN, parts_by
from pytest_modellab.core.metrics.stored import field, labels
from pytest_modellab.core.schema_base import edits, ranged
from pytest_modellab.core.text import Normalizer, TextRules

from ..scoring import Parts, Scoring
from .counts import Counts, counts_of, total
from .record import LanguageErrors, Slice, Term, Transcript, TranscriptSummary
from .text_analysis import Terms, analyse

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class AsrScoring(Scoring):
    """The scoring of speech recognition."""

    by_row: ClassVar[bool] = True
    utterance_part: ClassVar[type[BaseModel] | None] = Transcript
    run_part: ClassVar[type[BaseModel] | None] = TranscriptSummary

    def score(self, rows: Sequence[Row], rules: TextRules) -> list[Parts]:
        return [{"asr": transcript(row.reference, row.hypothesis, rules.of(row.language))} for row in rows]

    def summarize(self, rows: Sequence[Row], before: Mapping[str, Any], rules: TextRules, terms: Terms) -> Parts:
        return {"asr": summary(rows, rules, terms)}


def transcript(reference: str, hypothesis: str | None, normalize: Normalizer) -> Transcript:
    """The errors of a hypothesis; None, where there was no answer, counts as all words deleted."""
    scored = asr.score(reference, hypothesis, normalize)
    return Transcript(words=edits(scored.words), characters=edits(scored.characters))


def summary(rows: Sequence[Row], rules: TextRules, terms: Terms) -> TranscriptSummary:
    """Sums over all utterances, terms one by one, and the parts of the data."""
    counts, _ = counts_of(rows)
    glossary, names = _terms(rows, rules, terms)
    return _sums(rows, rules, counts).model_copy(update={"glossary": glossary, "names": names, "slices": slices(rows)})


def totals(rows: Sequence[Row], rules: TextRules) -> TranscriptSummary | None:
    """Sums alone, over the rows that have a transcript; None where none has."""
    scored = [row for row in rows if "asr" in row.parts]
    return _sums(scored, rules, counts_of(scored)[0]) if scored else None


def _sums(rows: Sequence[Row], rules: TextRules, counts: Counts) -> TranscriptSummary:
    import numpy as np

    errors, units = counts.errors, counts.units
    rates = errors[units > 0] / units[units > 0]
    answered = np.fromiter((error is None for error in field(rows, "error")), dtype=bool)
    spoken = counts.words[answered & (units > 0)].sum(axis=0, dtype=np.int64).tolist()
    substitutions, deletions, insertions, hits = spoken
    return TranscriptSummary(
        words=total(counts.words),
        characters=total(counts.characters),
        empty_references=len(counts) - len(rates),
        above_half=int((rates > 0.5).sum()),
        worst_wer=float(rates.max()) if len(rates) else None,
        reference_words=substitutions + deletions + hits,
        hypothesis_words=hits + substitutions + insertions,
        languages=_by_language(rows, rules, counts),
    )


def _by_language(rows: Sequence[Row], rules: TextRules, counts: Counts) -> tuple[LanguageErrors, ...]:
    from pytest_modellab.core.stats.labels import Labels

    language_of = cache(lambda tag: rules.of(tag).language)
    return tuple(
        LanguageErrors(
            language=language,
            unit=rules.of(language).unit,
            utterances=len(own),
            words=total(counts.words[own]),
            characters=total(counts.characters[own]),
        )
        for language, own in Labels.of(map(language_of, field(rows, "language"))).places()
    )


def _terms(rows: Sequence[Row], rules: TextRules, terms: Terms) -> tuple[tuple[Term, ...], tuple[Term, ...]]:
    """The terms of the glossary and the names, each with how often it was said and found."""
    listed = (*terms.glossary, *terms.names)
    said, found = [0] * len(listed), [0] * len(listed)
    # To analyse texts takes most of the time of scoring: only where there are terms to look for.
    for row in rows if listed else ():
        texts = analyse(row, rules.of(row.language), terms)
        for i, each in enumerate((*texts.glossary, *texts.names)):
            said[i] += each.places
            found[i] += each.places - each.wrong
    told = [Term(term=term, said=said[i], found=found[i]) for i, term in enumerate(listed)]
    return tuple(told[: len(terms.glossary)]), tuple(told[len(terms.glossary) :])


def slices(rows: Sequence[Row]) -> tuple[Slice, ...]:
    """The parts of a run in every way of slicing that has at least two, the order of slicings fixed, parts by name.

    Utterances without reference words, and in each slicing those whose part isn't known, are in none. An attribute is a
    way of slicing only where two of its parts are large enough to speak of: a number of each utterance is none.
    """
    import numpy as np

    every, _ = counts_of(rows)
    spoken = np.flatnonzero(every.units)
    counts = every.at(spoken)
    column = Column(
        rows=spoken,
        values=counts.errors.astype(np.float64),
        of=counts.units.astype(np.float64),
        clusters=labels(rows, "speaker").at(spoken),
    )
    attributes = {name for each in field(rows, "attributes") for name in each}
    found: list[Slice] = []
    for by in (*OWN, *sorted(attributes - set(OWN))):
        parts = list(parts_by(rows, by).at(spoken).places())
        if len(parts) > 1 and (by in OWN or _several_meaningful([own for _, own in parts], counts)):
            found += [_slice(by, value, counts.at(own), column.at(own)) for value, own in parts]
    return tuple(found)


def _several_meaningful(parts: Iterable[NDArray[np.intp]], counts: Counts) -> bool:
    """Whether at least two parts are large enough to speak of."""
    words = [int(counts.units[own].sum()) for own in parts if len(own) >= FEWEST_UTTERANCES]
    return len([each for each in words if each >= FEWEST_WORDS]) > 1


def _slice(by: str, value: str, counts: Counts, column: Column) -> Slice:
    words, rate = total(counts.words), Ratio().value(column)
    assert rate is not None  # utterances without words are in no slice
    return Slice(
        by=by,
        value=value,
        utterances=len(counts),
        words=words,
        wer=rate,
        interval=ranged(Ratio().interval(column)),
        meaningful=words.units >= FEWEST_WORDS and len(counts) >= FEWEST_UTTERANCES,
    )
