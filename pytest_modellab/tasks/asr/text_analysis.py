"""Analysis of the texts of one utterance: hidden errors as counts. A function of raw texts and terms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pytest_modellab.core.language_tags import canonical_language
from pytest_modellab.core.metrics import hidden_errors, writing
from pytest_modellab.core.metrics.measured import Row, Run, Utterance
from pytest_modellab.core.text import Normalizer

NONE = writing.Errors(0, 0)


@dataclass(frozen=True)
class Terms:
    """The terms of the data set's spec, as written, each once."""

    glossary: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, glossary: Iterable[str], names: Iterable[str]) -> Terms:
        return cls(*(tuple(dict.fromkeys(terms)) for terms in (glossary, names)))


@dataclass(frozen=True)
class TextAnalysis:
    """The texts of one utterance, normalised and compared. Counts that don't apply are 0 of 0.

    Attributes:
        reference, hypothesis: normalised words.
        answered: whether the engine returned a result.
        loop: the repeated phrase; "" where nothing repeats.
        times: how many times the answer says the whole reference, at least once.
        lost: number of words at the end of the reference that the answer lacks.
        numbers: missed, of those said.
        punctuation, casing: wrong places, of all.
        glossary, names: by term: missed, of those said.
        tells_language, right_language: whether the language of the answer can be judged, and is the utterance's.
    """

    reference: list[str]
    hypothesis: list[str]
    answered: bool
    loop: str
    times: int
    lost: int
    numbers: writing.Errors
    punctuation: writing.Errors
    casing: writing.Errors
    glossary: tuple[writing.Errors, ...]
    names: tuple[writing.Errors, ...]
    tells_language: bool
    right_language: bool

    @property
    def truncated(self) -> bool:
        return self.lost >= hidden_errors.LOST_WORDS

    @property
    def ends(self) -> bool:
        """Whether it is long enough to tell a lost end from a lost utterance."""
        return self.answered and len(self.reference) > hidden_errors.LOST_WORDS


def analysis(utterance: Utterance) -> TextAnalysis:
    """The texts of an utterance under its run's normalizer and terms, analysed once for all metrics."""
    return utterance.derived(_analysed)


def _analysed(row: Row, run: Run) -> TextAnalysis:
    part = run.parts.get("asr")
    listed = ((), ()) if part is None else (part.glossary, part.names)
    terms = Terms.of(*([each.term for each in terms] for terms in listed))
    return analyse(row, run.rules.of(row.language), terms)


@lru_cache(maxsize=64)
def _words(terms: tuple[str, ...], normalize: Normalizer) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(normalize(term).split()) for term in terms)


def analyse(row: Row, normalize: Normalizer, terms: Terms) -> TextAnalysis:
    """Everything about one utterance. One without an answer has missed every number and term, and is left out else."""
    reference, hypothesis = (text.split() for text in normalize.pair(row.reference, row.hypothesis or ""))
    answered = row.error is None

    def missed(words: Sequence[str]) -> writing.Errors:
        said = hidden_errors.count_term(words, reference)
        return writing.Errors(max(0, said - hidden_errors.count_term(words, hypothesis)), said)

    said = hidden_errors.numbers(reference)
    punctuation, casing = _writing(row) if answered else (NONE, NONE)
    heard, spoken = canonical_language(row.detected_language), canonical_language(row.language)
    return TextAnalysis(
        reference=reference,
        hypothesis=hypothesis,
        answered=answered,
        loop=_loop(row, reference, hypothesis) if answered else "",
        times=hidden_errors.times_said(reference, hypothesis),
        lost=hidden_errors.lost_end(reference, hypothesis) if answered else 0,
        numbers=writing.Errors(len(said) - hidden_errors.in_order(said, hidden_errors.numbers(hypothesis)), len(said)),
        punctuation=punctuation,
        casing=casing,
        glossary=tuple(map(missed, _words(terms.glossary, normalize))),
        names=tuple(map(missed, _words(terms.names, normalize))),
        tells_language=answered and bool(reference) and row.language is not None,
        right_language=heard != "" and heard == spoken,
    )


def times_said(row: Row, normalize: Normalizer) -> int:
    """How many times the answer says the whole reference, at least once."""
    return hidden_errors.times_said(*(text.split() for text in normalize.pair(row.reference, row.hypothesis or "")))


def summed(errors: Sequence[writing.Errors]) -> writing.Errors:
    """Errors of several terms together."""
    return writing.Errors(sum(each.wrong for each in errors), sum(each.places for each in errors))


def _loop(row: Row, reference: Sequence[str], hypothesis: Sequence[str]) -> str:
    found = hidden_errors.loop(reference, hypothesis)
    if found is not None:
        return str(found)
    # On raw texts, as Whisper does: what repeats may be symbols, of which normalising leaves nothing.
    raw = row.hypothesis or ""
    if hidden_errors.compresses_like_a_loop(row.reference, raw):
        return f"the text compresses {hidden_errors.compression_ratio(raw):.1f} times"
    return ""


def _writing(row: Row) -> tuple[writing.Errors, writing.Errors]:
    reference = writing.tokens(row.reference)
    punctuated, mixed = writing.is_punctuated(reference), writing.is_mixed_case(reference)
    if not punctuated and not mixed:
        return NONE, NONE
    marks, case = writing.compare(reference, writing.tokens(row.hypothesis or ""))
    return marks if punctuated else NONE, case if mixed else NONE
