"""Conversion of records of `modellab.record/1` to the current schema; their values stay as stated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pytest_modellab.core.metrics.aggregate import Single
from pytest_modellab.core.metrics.metric import Metric
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.schema_base import Range, Share
from pytest_modellab.tasks.asr.record import Transcript, TranscriptSummary
from pytest_modellab.tasks.chat.record import ChatSummary
from pytest_modellab.tasks.streaming.record import StreamingSummary
from pytest_modellab.tasks.tts.record import SpeechSummary

from .record import NOT_MEASURED_YET, Record, Summary, Timing, UtteranceResult, Value
from .record_v1 import AsrSummary, HiddenErrors, RecordV1
from .record_v1 import UtteranceResult as UtteranceV1

_SHARES: Mapping[str, str] = {
    "looped": "looped",
    "truncated": "truncated",
    "glossary_recall": "glossary_found",
    "number_recall": "numbers",
    "name_recall": "names_found",
    "punctuation_error": "punctuation",
    "casing_error": "casing",
    "language_accuracy": "language",
}
"""Metric -> the field of `HiddenErrors` with its share."""
_RATIOS: Mapping[str, Callable[[HiddenErrors], float | None]] = {
    "insertions_per_min": lambda part: part.inserted / (part.quiet_s / 60) if part.quiet_s else None,
    "length_deviation": lambda part: (
        abs(part.hypothesis_words / part.reference_words - 1) if part.reference_words else None
    ),
    "worst_slice_wer": lambda part: max((each.wer for each in part.slices if each.meaningful), default=None),
}
"""Metric -> its value."""


def migrated(old: RecordV1) -> Record:
    """The record in the types of today."""
    record = Record(
        id=old.id,
        case=old.case,
        title=old.title,
        limited_to=old.limited_to,
        shard=old.shard,
        failure=old.failure,
        loaded=old.loaded,
        ran_on=old.ran_on,
        normalizer=old.normalizer,
        summary=_summary(old),
        parts=_run_parts(old),
        timing=Timing(**{name: getattr(old.timing, name) for name in Timing.model_fields if hasattr(old.timing, name)}),
        memory=old.memory,
        price=old.price,
        provenance=old.provenance,
        utterances=tuple(map(_utterance, old.utterances)),
        findings=old.findings,
        seal=old.seal,
    )
    return record.model_copy(update={"values": {} if old.shard is not None else _values(old, record)})


def _summary(old: RecordV1) -> Summary:
    # Of a record that was read without its utterances only its words tell whether somebody speaks.
    spoken = sum(bool(each.reference.strip()) for each in old.utterances)
    if not old.utterances and old.summary.words.units:
        spoken = old.summary.utterances
    summary = old.summary
    return Summary(utterances=summary.utterances, answered=summary.answered, spoken=spoken, audio_s=summary.audio_s)


def _utterance(old: UtteranceV1) -> UtteranceResult:
    # Of a dialogue only what the model tells that it heard was scored.
    scored = old.reply is None or old.hypothesis is not None
    parts = {
        "asr": Transcript(words=old.words, characters=old.characters) if scored else None,
        "tts": old.speech,
        "streaming": old.streamed,
        "chat": old.reply,
    }
    # What was added later wasn't kept then.
    same = {name: getattr(old, name) for name in UtteranceResult.model_fields.keys() & UtteranceV1.model_fields.keys()}
    return UtteranceResult(**same, parts={task: part for task, part in parts.items() if part is not None})


def _run_parts(old: RecordV1) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    if old.chat is None or any(each.hypothesis is not None for each in old.utterances) or old.summary.words.units:
        parts["asr"] = _transcripts(old.summary, old.beyond)
    if old.speech is not None:
        unrated = {name: why for name, why in old.speech.missing.items() if name in old.speech.judge.quality}
        parts["tts"] = SpeechSummary(
            judge=old.speech.judge,
            unrated=unrated,
            loudness_lufs=old.speech.loudness_lufs,
            sample_rates=old.speech.sample_rates,
        )
    if old.streaming is not None:
        parts["streaming"] = StreamingSummary(chunk_s=old.streaming.chunk_s, pace=old.streaming.pace)
    if old.chat is not None:
        parts["chat"] = ChatSummary(**{name: getattr(old.chat, name) for name in ChatSummary.model_fields})
    return parts


def _transcripts(summary: AsrSummary, beyond: HiddenErrors | None) -> TranscriptSummary:
    return TranscriptSummary(
        words=summary.words,
        characters=summary.characters,
        empty_references=summary.empty_references,
        above_half=summary.above_half,
        worst_wer=summary.worst_wer,
        reference_words=beyond.reference_words if beyond is not None else 0,
        hypothesis_words=beyond.hypothesis_words if beyond is not None else 0,
        glossary=beyond.glossary if beyond is not None else (),
        names=beyond.names if beyond is not None else (),
        slices=beyond.slices if beyond is not None else (),
    )


def _values(old: RecordV1, record: Record) -> dict[str, Value]:
    task = record.case.task
    return {
        name: _value(metric, old, record)
        for name, metric in METRICS.items()
        if metric.why_elsewhere(task) is None and _was_measured(name, old)
    }


def _was_measured(name: str, old: RecordV1) -> bool:
    """Whether the version knew a metric: others are missing for they came later."""
    return (
        name in _SHARES
        or name in _RATIOS
        or name == "cost_per_audio_hour"
        or _holder(name, old) is not None
        or (isinstance(METRICS[name].aggregate, Single))
    )


def _holder(name: str, old: RecordV1) -> object | None:
    """The part of the record with a field of this name."""
    parts = (old.summary, old.timing, old.speech, old.chat, old.streaming)
    return next((part for part in parts if part is not None and name in type(part).model_fields), None)


def _value(metric: Metric, old: RecordV1, record: Record) -> Value:
    value, interval = _stated(metric, old, record)
    if value is not None:
        return Value(value=value, interval=interval)
    if old.beyond is None and (metric.name in _SHARES or metric.name in _RATIOS):
        return Value(value=None, missing=NOT_MEASURED_YET)
    missing = metric.missing(record) or metric.why_empty(record)
    stated = _stated_reason(metric.name, old)
    return Value(value=None, missing=stated or missing.why, possible=missing.possible)


def _stated_reason(name: str, old: RecordV1) -> str | None:
    """Why a metric of one task is missing, in the record's own words."""
    part = old.speech or old.chat or old.streaming
    return None if part is None else part.missing.get(name)


def _stated(metric: Metric, old: RecordV1, record: Record) -> tuple[float | None, Range | None]:
    """Value and interval as the record has them."""
    name, beyond = metric.name, old.beyond
    if name in _SHARES:
        share: Share | None = None if beyond is None else getattr(beyond, _SHARES[name])
        return (None, None) if share is None else (share.ratio, share.interval)
    if name in _RATIOS:
        return (None if beyond is None else _RATIOS[name](beyond)), None
    if name == "cost_per_audio_hour":
        rtf, per_hour = old.timing.rtf, None if old.price is None else old.price.per_hour
        return (None if rtf is None or per_hour is None else rtf * per_hour), None
    holder = _holder(name, old)
    if holder is not None:
        return getattr(holder, name), getattr(holder, f"{name}_interval", None)
    return (metric.aggregate.read(record) if isinstance(metric.aggregate, Single) else None), None
