"""Metrics of hidden errors: loops, truncated ends, missed terms, punctuation, casing, language, the worst slice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pytest_modellab.core.console import counted
from pytest_modellab.core.metrics.aggregate import Ratio, Share, Single
from pytest_modellab.core.metrics.measured import Run, Utterance
from pytest_modellab.core.metrics.metric import SPEAKER, Fault, Metric, Missing, NotCompared
from pytest_modellab.core.metrics.slices import FEWEST_UTTERANCES, FEWEST_WORDS, values
from pytest_modellab.core.metrics.stored import fields
from pytest_modellab.core.metrics.writing import Errors

from .metrics import nobody_speaks
from .record import Slice, transcript_of, worst_slice
from .text_analysis import TextAnalysis, analysis, summed

_TASKS = frozenset({"asr", "tts", "streaming"})
_OF_REPLIES: Mapping[str, Missing] = {"chat": Missing("chat is judged by its replies")}
_RECORDINGS: Mapping[str, Missing] = {
    **_OF_REPLIES,
    "tts": Missing("a text without words is not a recording without speech"),
}
_NO_SLICE = (
    f"no part of the data (by speaker, language, kind, signal-to-noise ratio or duration) holds"
    f" {FEWEST_WORDS} reference words in {FEWEST_UTTERANCES} utterances beside another part"
)
_LANGUAGE = "the language was fixed, the engine reports none, or the data set does not state it"


def _inserted(utterance: Utterance) -> tuple[float, float] | None:
    transcript = utterance.parts.get("asr")
    if transcript is None or not utterance.answered or transcript.words.units:
        return None
    return transcript.words.insertions, utterance.row.audio_s / 60


def _inserted_fault(utterance: Utterance) -> Fault | None:
    found = _inserted(utterance)
    if found is None:
        return None
    note = f"{counted(round(found[0]), 'word')} in {utterance.row.audio_s:.3g} s without speech"
    loop = analysis(utterance).loop
    return Fault.of(f"{note}; {loop}" if loop else note, found[0])


def _looped(utterance: Utterance) -> tuple[float, float] | None:
    texts = analysis(utterance)
    return (bool(texts.loop), 1) if texts.answered else None


def _looped_fault(utterance: Utterance) -> Fault | None:
    texts = analysis(utterance)
    return Fault.of(texts.loop, len(texts.hypothesis) if texts.loop else 0)


def _truncated(utterance: Utterance) -> tuple[float, float] | None:
    texts = analysis(utterance)
    return (texts.truncated, 1) if texts.ends else None


def _truncated_fault(utterance: Utterance) -> Fault | None:
    texts = analysis(utterance)
    lost = texts.lost if texts.ends and texts.truncated else 0
    return Fault.of(f"stops {counted(lost, 'word')} early", lost)


def _length(utterance: Utterance) -> tuple[float, float] | None:
    texts = analysis(utterance)
    return (len(texts.hypothesis), len(texts.reference)) if texts.answered and texts.reference else None


def _length_fault(utterance: Utterance) -> Fault | None:
    texts = analysis(utterance)
    written, said = len(texts.hypothesis), len(texts.reference)
    # Only those on the side that the whole is on.
    sign = 1 if _too_long(utterance.run) else -1
    return Fault.of(f"{counted(written, 'word')} written, {said} said", sign * (written - said) * texts.answered)


def _too_long(run: Run) -> bool:
    """Whether answers have more words than their references."""
    part = run.parts.get("asr")
    return part is not None and (part.length_ratio or 0) > 1


def _found(errors: Callable[[TextAnalysis], Errors]) -> Callable[[Utterance], tuple[float, float]]:
    """Those found, of those said."""

    def contribution(utterance: Utterance) -> tuple[float, float]:
        found = errors(analysis(utterance))
        return found.places - found.wrong, found.places

    return contribution


def _wrong(errors: Callable[[TextAnalysis], Errors]) -> Callable[[Utterance], tuple[float, float]]:
    """Those wrong, of all."""

    def contribution(utterance: Utterance) -> tuple[float, float]:
        found = errors(analysis(utterance))
        return found.wrong, found.places

    return contribution


def _unlisted(key: str) -> Callable[[Run], Missing | None]:
    def missing(run: Run) -> Missing | None:
        part = run.parts.get("asr")
        listed = part is not None and bool(getattr(part, key))
        return nobody_speaks(run) or (None if listed else Missing(f"the data set's spec has no `{key}:`"))

    return missing


def _missed(key: str) -> Callable[[Utterance], Fault | None]:
    def fault(utterance: Utterance) -> Fault | None:
        part, errors = utterance.run.parts.get("asr"), getattr(analysis(utterance), key)
        listed: Sequence[str] = [] if part is None else [each.term for each in getattr(part, key)]
        lost = [(term, each.wrong) for term, each in zip(listed, errors, strict=True) if each.wrong]
        shown = ", ".join(f"`{term}`" if times == 1 else f"`{term}` {times} times" for term, times in lost)
        return Fault.of(f"missed {shown}", sum(times for _, times in lost))

    return fault


def _numbers_fault(utterance: Utterance) -> Fault | None:
    missed = analysis(utterance).numbers
    return Fault.of(f"{missed.wrong} of {counted(missed.places, 'number')} missed", missed.wrong)


def _punctuation_fault(utterance: Utterance) -> Fault | None:
    marks = analysis(utterance).punctuation
    return Fault.of(f"{marks.wrong} of {marks.places} marks wrong", marks.wrong)


def _casing_fault(utterance: Utterance) -> Fault | None:
    words = analysis(utterance).casing
    return Fault.of(f"{words.wrong} of {counted(words.places, 'word')} cased wrong", words.wrong)


def _worst_slice(run: Run) -> Slice | None:
    part = run.parts.get("asr")
    return None if part is None else worst_slice(part.slices)


def _worst_rate(run: Run) -> float | None:
    worst = _worst_slice(run)
    return None if worst is None else worst.wer


def _slice_fault(utterance: Utterance) -> Fault | None:
    worst, row = _worst_slice(utterance.run), utterance.row
    if worst is None:
        return None
    own = values(row).get(worst.by)
    transcript = transcript_of(row)
    errors = transcript.words.errors if transcript is not None and own == worst.value else 0
    return Fault.of(f"{worst.by} {worst.value}", errors)


def _language(utterance: Utterance) -> tuple[float, float] | None:
    texts = analysis(utterance)
    return (texts.right_language, 1) if texts.tells_language else None


def _language_unknown(run: Run) -> Missing | None:
    told = any(
        heard and error is None and spoken is not None
        for heard, error, spoken in fields(run.utterances, "detected_language", "error", "language")
    )
    return nobody_speaks(run) or (None if told else Missing(_LANGUAGE))


def _language_fault(utterance: Utterance) -> Fault | None:
    texts, row = analysis(utterance), utterance.row
    wrong = texts.tells_language and not texts.right_language
    return Fault.of(f"heard {row.detected_language}, spoken {row.language}", int(wrong))


METRICS = (
    Metric(
        name="insertions_per_min",
        title="Insertions",
        unit="/min",
        better="lower",
        doc="Words in the answers to utterances whose reference has no words, per minute of their audio.",
        aggregate=Ratio(method=None, steps=60_000),
        contribution=_inserted,
        cluster=SPEAKER,
        tasks=frozenset({"asr", "streaming"}),
        elsewhere=_RECORDINGS,
        empty="no clip without speech was answered",
        fault=_inserted_fault,
    ),
    Metric(
        name="looped",
        title="Looped",
        unit="%",
        better="lower",
        doc="Share of the answers that hold a loop: up to 40 words four or more times in a row, more than twice as "
        "often as in the reference; or a text that zlib compresses more than 2.4 times, and 1.5 times better than "
        "the reference.",
        aggregate=Share(clustered=True),
        contribution=_looped,
        cluster=SPEAKER,
        tasks=_TASKS,
        elsewhere=_OF_REPLIES,
        empty="no utterance was answered",
        compared="intervals",
        fault=_looped_fault,
    ),
    Metric(
        name="truncated",
        title="Truncated",
        unit="%",
        better="lower",
        doc="Share of the answers that stop three or more words short of their reference, of those whose reference "
        "has more than three.",
        aggregate=Share(clustered=True),
        contribution=_truncated,
        cluster=SPEAKER,
        tasks=_TASKS,
        elsewhere=_OF_REPLIES,
        missing=nobody_speaks,
        empty="no answered utterance has more than three reference words",
        compared="intervals",
        fault=_truncated_fault,
    ),
    Metric(
        name="length_deviation",
        title="Length deviation",
        unit="%",
        better="lower",
        doc="How far the words of all answers, over the words of their references, are from 1, above or below.",
        aggregate=Ratio(method=None, then=lambda ratio: abs(ratio - 1)),
        contribution=_length,
        tasks=_TASKS,
        elsewhere=_OF_REPLIES,
        missing=nobody_speaks,
        empty="no answered utterance has reference words",
        compared=NotCompared("a distance from 1, above or below, has no test"),
        fault=_length_fault,
    ),
    Metric(
        name="glossary_recall",
        title="Glossary recall",
        unit="%",
        better="higher",
        doc="Share of the spoken glossary terms of the data set that are in the answer to the same utterance.",
        aggregate=Share(clustered=True),
        contribution=_found(lambda texts: summed(texts.glossary)),
        cluster=SPEAKER,
        tasks=_TASKS,
        elsewhere=_OF_REPLIES,
        missing=_unlisted("glossary"),
        empty="no term of the data set's `glossary:` is in a reference",
        compared="intervals",
        fault=_missed("glossary"),
    ),
    Metric(
        name="name_recall",
        title="Name recall",
        unit="%",
        better="higher",
        doc="Share of the spoken names of the data set that are in the answer to the same utterance.",
        aggregate=Share(clustered=True),
        contribution=_found(lambda texts: summed(texts.names)),
        cluster=SPEAKER,
        tasks=_TASKS,
        elsewhere=_OF_REPLIES,
        missing=_unlisted("names"),
        empty="no name of the data set's `names:` is in a reference",
        compared="intervals",
        fault=_missed("names"),
    ),
    Metric(
        name="number_recall",
        title="Number recall",
        unit="%",
        better="higher",
        doc="Share of the spoken numbers that are in the answer to the same utterance, in their order.",
        aggregate=Share(clustered=True),
        contribution=_found(lambda texts: texts.numbers),
        cluster=SPEAKER,
        tasks=_TASKS,
        elsewhere=_OF_REPLIES,
        missing=nobody_speaks,
        empty="no reference holds a number",
        compared="intervals",
        fault=_numbers_fault,
    ),
    Metric(
        name="worst_slice_wer",
        title="Worst slice WER",
        unit="%",
        better="lower",
        doc="Highest WER of a part of the data (a speaker, language, kind, band of signal-to-noise ratio or of "
        "duration, attribute of the data set) with at least 100 reference words in 5 utterances.",
        aggregate=Single(_worst_rate),
        tasks=_TASKS,
        elsewhere=_OF_REPLIES,
        missing=nobody_speaks,
        empty=_NO_SLICE,
        compared=NotCompared("the worst part may be another on each side"),
        fault=_slice_fault,
    ),
    Metric(
        name="punctuation_error",
        title="Punctuation error",
        unit="%",
        better="lower",
        doc="Marks missing, put in or of another kind, over the places where reference or answer has one, behind "
        "words that answer each other, in utterances whose reference is punctuated.",
        aggregate=Share(clustered=True),
        contribution=_wrong(lambda texts: texts.punctuation),
        cluster=SPEAKER,
        tasks=_TASKS,
        elsewhere=_OF_REPLIES,
        missing=nobody_speaks,
        empty="no answered utterance has a punctuated reference",
        compared="intervals",
        fault=_punctuation_fault,
        raw=True,
    ),
    Metric(
        name="casing_error",
        title="Casing error",
        unit="%",
        better="lower",
        doc="Recognised words whose capital and small letters differ, over recognised words, in utterances whose "
        "reference has both.",
        aggregate=Share(clustered=True),
        contribution=_wrong(lambda texts: texts.casing),
        cluster=SPEAKER,
        tasks=_TASKS,
        elsewhere=_OF_REPLIES,
        missing=nobody_speaks,
        empty="no answered utterance has a reference of mixed case with a word that was recognised",
        compared="intervals",
        fault=_casing_fault,
        raw=True,
    ),
    Metric(
        name="language_accuracy",
        title="Language accuracy",
        unit="%",
        better="higher",
        doc="Share of the answers whose language, left to the model to detect, was the utterance's.",
        aggregate=Share(clustered=True),
        contribution=_language,
        cluster=SPEAKER,
        tasks=_TASKS,
        elsewhere=_OF_REPLIES,
        missing=_language_unknown,
        empty=_LANGUAGE,
        compared="intervals",
        fault=_language_fault,
    ),
)
