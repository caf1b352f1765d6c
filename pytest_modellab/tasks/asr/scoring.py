"""Scoring of transcripts against references: the ASR parts of utterances and runs, for every task with transcripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from pytest_modellab.core.metrics import asr
from pytest_modellab.core.metrics.aggregate import Column, Ratio
from pytest_modellab.core.metrics.measured import Row
from pytest_modellab.core.metrics.slices import FEWEST_UTTERANCES, FEWEST_WORDS, OWN, values
from pytest_modellab.core.metrics.writing import Errors
from pytest_modellab.core.schema_base import Edits, edits, ranged
from pytest_modellab.core.text import Normalizer, TextRules

from ..scoring import Parts, Scoring
from .record import LanguageErrors, Slice, Term, Transcript, TranscriptSummary
from .text_analysis import Terms, analyse, summed


class AsrScoring(Scoring):
    """The scoring of speech recognition."""

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
    # To analyse texts takes most of the time of scoring: only where there are terms to look for.
    listed = terms.glossary or terms.names
    texts = [analyse(row, rules.of(row.language), terms) for row in rows] if listed else []
    return _sums(rows, rules).model_copy(
        update={
            "glossary": _terms(terms.glossary, [each.glossary for each in texts]),
            "names": _terms(terms.names, [each.names for each in texts]),
            "slices": slices(rows),
        }
    )


def totals(rows: Sequence[Row], rules: TextRules) -> TranscriptSummary | None:
    """Sums alone, over the rows that have a transcript; None where none has."""
    scored = [row for row in rows if "asr" in row.parts]
    return _sums(scored, rules) if scored else None


def _sums(rows: Sequence[Row], rules: TextRules) -> TranscriptSummary:
    counts: list[Transcript] = [row.parts["asr"] for row in rows]
    rates = [rate for each in counts if (rate := each.words.rate) is not None]
    spoken = [row.parts["asr"].words for row in rows if row.error is None and row.parts["asr"].words.units]
    return TranscriptSummary(
        words=_total([each.words for each in counts]),
        characters=_total([each.characters for each in counts]),
        empty_references=len(counts) - len(rates),
        above_half=sum(rate > 0.5 for rate in rates),
        worst_wer=max(rates, default=None),
        reference_words=sum(each.units for each in spoken),
        hypothesis_words=sum(each.hits + each.substitutions + each.insertions for each in spoken),
        languages=_by_language(rows, rules),
    )


def _by_language(rows: Sequence[Row], rules: TextRules) -> tuple[LanguageErrors, ...]:
    found: dict[str, list[Transcript]] = {}
    for row in rows:
        found.setdefault(rules.of(row.language).language, []).append(row.parts["asr"])
    return tuple(
        LanguageErrors(
            language=language,
            unit=rules.of(language).unit,
            utterances=len(parts),
            words=_total([each.words for each in parts]),
            characters=_total([each.characters for each in parts]),
        )
        for language, parts in sorted(found.items())
    )


def _total(counts: Sequence[Edits]) -> Edits:
    return Edits(
        substitutions=sum(each.substitutions for each in counts),
        deletions=sum(each.deletions for each in counts),
        insertions=sum(each.insertions for each in counts),
        hits=sum(each.hits for each in counts),
    )


def _terms(terms: Sequence[str], by_utterance: Sequence[Sequence[Errors]]) -> tuple[Term, ...]:
    sums = [summed(each) for each in zip(*by_utterance, strict=True)]
    return tuple(
        Term(term=term, said=each.places, found=each.places - each.wrong)
        for term, each in zip(terms, sums, strict=True)
    )


def slices(rows: Sequence[Row]) -> tuple[Slice, ...]:
    """The parts of a run in every way of slicing that has at least two, the order of slicings fixed, parts by name.

    Utterances without reference words, and in each slicing those whose part isn't known, are in none. An attribute is a
    way of slicing only where two of its parts are large enough to speak of: a number of each utterance is none.
    """
    import numpy as np

    spoken = [row for row in rows if row.parts["asr"].words.units]
    column = Column(
        rows=np.arange(len(spoken)),
        values=np.array([row.parts["asr"].words.errors for row in spoken], dtype=np.float64),
        of=np.array([row.parts["asr"].words.units for row in spoken], dtype=np.float64),
        clusters=[row.speaker for row in spoken],
    )
    parts: dict[str, dict[str, list[int]]] = {}
    for place, row in enumerate(spoken):
        for by, value in values(row).items():
            if value is not None:
                parts.setdefault(by, {}).setdefault(value, []).append(place)
    return tuple(
        _slice(by, value, [spoken[place] for place in places], column.at(np.array(places)))
        for by in (*OWN, *sorted(parts.keys() - set(OWN)))
        if len(parts.get(by, {})) > 1 and (by in OWN or _several_meaningful(parts[by].values(), spoken))
        for value, places in sorted(parts[by].items())
    )


def _several_meaningful(parts: Iterable[Sequence[int]], rows: Sequence[Row]) -> bool:
    """Whether at least two parts are large enough to speak of."""
    words = [sum(rows[i].parts["asr"].words.units for i in part) for part in parts if len(part) >= FEWEST_UTTERANCES]
    return len([each for each in words if each >= FEWEST_WORDS]) > 1


def _slice(by: str, value: str, rows: Sequence[Row], column: Column) -> Slice:
    total, rate = _total([row.parts["asr"].words for row in rows]), Ratio().value(column)
    assert rate is not None  # utterances without words are in no slice
    return Slice(
        by=by,
        value=value,
        utterances=len(rows),
        words=total,
        wer=rate,
        interval=ranged(Ratio().interval(column)),
        meaningful=total.units >= FEWEST_WORDS and len(rows) >= FEWEST_UTTERANCES,
    )
