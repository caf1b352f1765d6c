"""Which utterances are behind a figure that WER hides, the worst first, each with what is wrong in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_modellab.core.metrics.definitions import METRICS
from pytest_modellab.core.metrics.slices import values
from pytest_modellab.core.metrics.writing import Errors
from pytest_modellab.core.text import normalizer
from pytest_modellab.tasks.tts.record import PREDICTORS

from .hidden_error_values import FIGURES, worst_slice
from .hidden_errors import Looked, Terms, look
from .record import BeyondWer, Record, UtteranceResult


@dataclass(frozen=True)
class Culprit:
    """An utterance and its share in a failing figure; `weight` is what they are ordered by."""

    result: UtteranceResult
    note: str
    weight: float
    raw: bool = False
    """Whether it is the raw texts that differ, and not their words."""


def culprits(record: Record, metric: str) -> list[Culprit]:
    """The utterances behind a metric of speech or of `BeyondWer`; [] for any other, or where none stands out."""
    if metric == "flawed" or metric in PREDICTORS:
        return sorted(_spoken(record, metric), key=lambda culprit: -culprit.weight)
    part = record.beyond
    if part is None or metric not in FIGURES:
        return []
    normalize = normalizer(record.normalizer.name)
    terms = Terms.cut([each.term for each in part.glossary], [each.term for each in part.names], normalize)
    found = [_culprit(look(result, normalize, terms), metric, part) for result in record.utterances]
    return sorted((each for each in found if each is not None), key=lambda culprit: -culprit.weight)


def _spoken(record: Record, metric: str) -> Iterator[Culprit]:
    """What was said with a fault; or everything that was rated, the worst with the most weight."""
    for result in record.utterances:
        if result.speech is None:
            continue
        if metric == "flawed":
            faults = result.speech.faults
            if faults:
                yield Culprit(result, "; ".join(faults), len(faults))
        elif metric in result.speech.quality:
            score, measure = result.speech.quality[metric], METRICS[metric]
            sign = 1 if measure.better == "lower" else -1
            yield Culprit(result, f"{measure.title} {measure.format(score)}", sign * score)


def _culprit(looked: Looked, metric: str, part: BeyondWer) -> Culprit | None:
    note, weight = _note(looked, metric, part)
    raw = metric in {"punctuation_error", "casing_error"}
    return Culprit(looked.result, note, weight, raw) if weight > 0 else None


def _note(looked: Looked, metric: str, part: BeyondWer) -> tuple[str, int]:
    """What is wrong in the utterance, and how much; 0 for nothing."""
    said, written = len(looked.reference), len(looked.hypothesis)
    match metric:
        case "insertions_per_min":
            made_up = written if looked.answered and not said else 0
            note = f"{_count(made_up, 'word')} in {looked.result.audio_s:.3g} s in which nobody speaks"
            return f"{note}; {looked.loop}" if looked.loop else note, made_up
        case "looped":
            return looked.loop, written if looked.loop else 0
        case "truncated":
            lost = looked.lost if looked.ends and looked.truncated else 0
            return f"stops {_count(lost, 'word')} early", lost
        case "length_deviation":
            # Only those on the side that the whole is on.
            sign = 1 if (part.length_ratio or 0) > 1 else -1
            return f"{_count(written, 'word')} written, {said} said", sign * (written - said) * looked.answered
        case "glossary_recall":
            return _missed([each.term for each in part.glossary], looked.glossary)
        case "name_recall":
            return _missed([each.term for each in part.names], looked.names)
        case "number_recall":
            missed = looked.numbers
            return f"{missed.wrong} of {_count(missed.places, 'number')} missed", missed.wrong
        case "punctuation_error":
            return f"{looked.punctuation.wrong} of {looked.punctuation.places} marks wrong", looked.punctuation.wrong
        case "casing_error":
            return f"{looked.casing.wrong} of {_count(looked.casing.places, 'word')} cased wrong", looked.casing.wrong
        case "worst_slice_wer":
            return _in_slice(looked.result, part)
        case _:
            wrong = part.language.of > 0 and looked.tells_language and not looked.right_language
            return f"heard {looked.result.detected_language}, spoken {looked.result.language}", int(wrong)


def _missed(terms: Sequence[str], errors: Sequence[Errors]) -> tuple[str, int]:
    lost = [(term, each.wrong) for term, each in zip(terms, errors, strict=True) if each.wrong]
    shown = ", ".join(f"`{term}`" if times == 1 else f"`{term}` {times} times" for term, times in lost)
    return f"missed {shown}", sum(times for _, times in lost)


def _in_slice(result: UtteranceResult, part: BeyondWer) -> tuple[str, int]:
    worst = worst_slice(part)
    if worst is None:
        return "", 0
    own = values(result.speaker, result.language, result.kind, result.snr_db, result.audio_s)[worst.by]
    errors = result.words.substitutions + result.words.deletions + result.words.insertions
    return f"{worst.by} {worst.value}", errors if own == worst.value else 0


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
