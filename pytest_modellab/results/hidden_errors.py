"""What the word error rate hides, counted over a run's utterances. A function of raw texts and the data set's spec."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from pytest_modellab.core.language import primary_language
from pytest_modellab.core.metrics import asr, hidden_errors, writing
from pytest_modellab.core.metrics.slices import FEWEST_UTTERANCES, FEWEST_WORDS, By, values
from pytest_modellab.core.schema_base import Edits, Share, ranged
from pytest_modellab.core.stats.intervals import error_rate_interval, share_interval, wilson_interval
from pytest_modellab.core.text import Normalizer
from pytest_modellab.tasks.asr.record import BeyondWer, Slice, Term

from .record import UtteranceResult

NONE = writing.Errors(0, 0)


@dataclass(frozen=True)
class Looked:
    """One utterance looked at. What does not apply to it counts none of none."""

    result: UtteranceResult
    reference: list[str]
    hypothesis: list[str]
    loop: str
    """What repeats, in words; "" where nothing does."""
    lost: int
    """Words at the end of the reference that the answer stops short of."""
    numbers: writing.Errors
    """Missed, of those said."""
    punctuation: writing.Errors
    casing: writing.Errors
    glossary: tuple[writing.Errors, ...]
    """By term: missed, of those said."""
    names: tuple[writing.Errors, ...]

    @property
    def answered(self) -> bool:
        return self.result.error is None

    @property
    def truncated(self) -> bool:
        return self.lost >= hidden_errors.LOST_WORDS

    @property
    def ends(self) -> bool:
        """Whether it is long enough to tell a lost end from a lost utterance."""
        return self.answered and len(self.reference) > hidden_errors.LOST_WORDS

    @property
    def tells_language(self) -> bool:
        return self.answered and bool(self.reference) and self.result.language is not None

    @property
    def right_language(self) -> bool:
        heard, spoken = (primary_language(tag) for tag in (self.result.detected_language, self.result.language))
        return bool(heard) and heard == spoken


@dataclass(frozen=True)
class Terms:
    """What the data set's spec lists: terms as written, each with its normalised words."""

    glossary: Mapping[str, Sequence[str]]
    names: Mapping[str, Sequence[str]]

    @classmethod
    def cut(cls, glossary: Iterable[str], names: Iterable[str], normalize: Normalizer) -> Terms:
        return cls(*({term: normalize(term).split() for term in terms} for terms in (glossary, names)))


def look(result: UtteranceResult, normalize: Normalizer, terms: Terms) -> Looked:
    """Everything about one utterance. One without an answer has missed every number and term, and is left out else."""
    reference = normalize(result.reference).split()
    hypothesis = normalize(result.hypothesis or "").split()
    answered = result.error is None

    def missed(words: Sequence[str]) -> writing.Errors:
        said = hidden_errors.count_term(words, reference)
        return writing.Errors(max(0, said - hidden_errors.count_term(words, hypothesis)), said)

    said = hidden_errors.numbers(reference)
    punctuation, casing = _writing(result) if answered else (NONE, NONE)
    return Looked(
        result=result,
        reference=reference,
        hypothesis=hypothesis,
        loop=_loop(result, reference, hypothesis) if answered else "",
        lost=hidden_errors.lost_end(reference, hypothesis) if answered else 0,
        numbers=writing.Errors(len(said) - hidden_errors.in_order(said, hidden_errors.numbers(hypothesis)), len(said)),
        punctuation=punctuation,
        casing=casing,
        glossary=tuple(map(missed, terms.glossary.values())),
        names=tuple(map(missed, terms.names.values())),
    )


def _loop(result: UtteranceResult, reference: Sequence[str], hypothesis: Sequence[str]) -> str:
    found = hidden_errors.loop(reference, hypothesis)
    if found is not None:
        return str(found)
    # On raw texts, as Whisper does: what repeats may be symbols, of which normalising leaves nothing.
    raw = result.hypothesis or ""
    if hidden_errors.compresses_like_a_loop(result.reference, raw):
        return f"the text compresses {hidden_errors.compression_ratio(raw):.1f} times"
    return ""


def _writing(result: UtteranceResult) -> tuple[writing.Errors, writing.Errors]:
    reference = writing.tokens(result.reference)
    punctuated, mixed = writing.is_punctuated(reference), writing.is_mixed_case(reference)
    if not punctuated and not mixed:
        return NONE, NONE
    marks, case = writing.compare(reference, writing.tokens(result.hypothesis or ""))
    return marks if punctuated else NONE, case if mixed else NONE


def count(results: Sequence[UtteranceResult], normalize: Normalizer, terms: Terms) -> BeyondWer:
    """The record's part of all utterances."""
    looked = [look(result, normalize, terms) for result in results]
    answered = [each for each in looked if each.answered]
    quiet = [each for each in answered if not each.reference]
    spoken = [each for each in answered if each.reference]
    ends = [each for each in answered if each.ends]
    detected = [each for each in answered if each.tells_language]
    if not any(each.result.detected_language for each in detected):
        detected = []
    glossary, names = ([each.glossary for each in looked], [each.names for each in looked])
    return BeyondWer(
        quiet=len(quiet),
        quiet_s=sum(each.result.audio_s for each in quiet),
        inserted=sum(len(each.hypothesis) for each in quiet),
        reference_words=sum(len(each.reference) for each in spoken),
        hypothesis_words=sum(len(each.hypothesis) for each in spoken),
        looped=_of_utterances(bool(each.loop) for each in answered),
        truncated=_of_utterances(each.truncated for each in ends),
        numbers=_recall(results, [each.numbers for each in looked]),
        glossary=_terms(tuple(terms.glossary), glossary),
        glossary_found=_recall(results, [_sum(each) for each in glossary]),
        names=_terms(tuple(terms.names), names),
        names_found=_recall(results, [_sum(each) for each in names]),
        punctuation=_errors(results, [each.punctuation for each in looked]),
        casing=_errors(results, [each.casing for each in looked]),
        language=_of_utterances(each.right_language for each in detected),
        slices=slices(results),
    )


def _of_utterances(flags: Iterable[bool]) -> Share:
    found = list(flags)
    return Share(count=sum(found), of=len(found), interval=ranged(wilson_interval(sum(found), len(found))))


def _recall(results: Sequence[UtteranceResult], missed: Sequence[writing.Errors]) -> Share:
    found = [each.places - each.wrong for each in missed]
    places = [each.places for each in missed]
    interval = share_interval(found, places, [result.speaker for result in results])
    return Share(count=sum(found), of=sum(places), interval=ranged(interval))


def _errors(results: Sequence[UtteranceResult], errors: Sequence[writing.Errors]) -> Share:
    wrong, places = [each.wrong for each in errors], [each.places for each in errors]
    interval = share_interval(wrong, places, [result.speaker for result in results])
    return Share(count=sum(wrong), of=sum(places), interval=ranged(interval))


def _sum(errors: Sequence[writing.Errors]) -> writing.Errors:
    return writing.Errors(sum(each.wrong for each in errors), sum(each.places for each in errors))


def _terms(terms: Sequence[str], by_utterance: Sequence[Sequence[writing.Errors]]) -> tuple[Term, ...]:
    sums = [_sum(each) for each in zip(*by_utterance, strict=True)]
    return tuple(
        Term(term=term, said=each.places, found=each.places - each.wrong)
        for term, each in zip(terms, sums, strict=True)
    )


def slices(results: Sequence[UtteranceResult]) -> tuple[Slice, ...]:
    """The parts of a run in every way of slicing that has at least two, the order of slicings fixed, parts by name.

    Utterances without reference words, and in each slicing those whose part isn't known, are in none.
    """
    parts: dict[By, dict[str, list[UtteranceResult]]] = {}
    for result in results:
        if result.words.units:
            found = values(result.speaker, result.language, result.kind, result.snr_db, result.audio_s)
            for by, value in found.items():
                if value is not None:
                    parts.setdefault(by, {}).setdefault(value, []).append(result)
    return tuple(
        _slice(by, value, chosen)
        for by in ("speaker", "language", "kind", "snr", "duration")
        if len(parts.get(by, {})) > 1
        for value, chosen in sorted(parts[by].items())
    )


def _slice(by: By, value: str, results: Sequence[UtteranceResult]) -> Slice:
    counts = [
        asr.Counts(each.words.substitutions, each.words.deletions, each.words.insertions, each.words.hits)
        for each in results
    ]
    total = sum(counts, asr.Counts())
    assert total.rate is not None  # utterances without words are in no slice
    interval = error_rate_interval(
        [each.errors for each in counts], [each.reference for each in counts], [each.speaker for each in results]
    )
    return Slice(
        by=by,
        value=value,
        utterances=len(results),
        words=Edits(**asdict(total)),
        wer=total.rate,
        interval=ranged(interval),
        meaningful=total.reference >= FEWEST_WORDS and len(results) >= FEWEST_UTTERANCES,
    )
