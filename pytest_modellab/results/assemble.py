"""A record out of what the journal holds. Scoring is a function of the raw texts and the references."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.core.hardware import hardware
from pytest_modellab.core.metrics import asr, speed
from pytest_modellab.core.schema_base import Failure, Range, edits, ranged
from pytest_modellab.core.stats.intervals import (
    error_rate_interval,
    quantile_interval,
    time_ratio_interval,
    wilson_interval,
)
from pytest_modellab.core.text import CHARACTERS, Normalizer, normalizer
from pytest_modellab.core.version import __version__
from pytest_modellab.tasks.chat import scoring as chat_scoring
from pytest_modellab.tasks.streaming import record as streaming_record
from pytest_modellab.tasks.streaming.record import Streamed, StreamingSummary
from pytest_modellab.tasks.tts import scoring as speech_scoring
from pytest_modellab.tasks.tts.record import Judge, Speech

from . import hidden_errors
from .record import AsrSummary, MemoryUse, NormalizerRef, Pass, Price, Provenance, Record, Timing, UtteranceResult
from .shard_ref import ShardOf

if TYPE_CHECKING:
    from pytest_modellab.catalog.cases import Case
    from pytest_modellab.catalog.datasets import Dataset, Utterance

    from .facts import Memory, RunFacts


@dataclass(frozen=True)
class Heard:
    """What judges made of speech, by utterance id."""

    judge: Judge
    texts: Mapping[str, str]
    quality: Mapping[str, Mapping[str, float]]
    missing: Mapping[str, str]
    """Predictor -> why it said nothing."""


@dataclass(frozen=True)
class Judged:
    """What others made of the answers."""

    heard: Heard | None = None
    """What judges heard of speech."""
    graded: Mapping[str, str] = field(default_factory=dict)
    """What the grader said of replies, by utterance id."""


@dataclass(frozen=True)
class Origin:
    """Where a record comes from, apart from the run itself."""

    inputs: dict[str, Any]
    key: str
    judging: str
    """What the figures depend on beside the answers."""
    commit: str | None
    dirty: bool | None
    session: str
    model_size: int | None
    """Bytes of the model's files; None where it needs none."""
    shard: ShardOf | None = None
    """Which part of the data set was run; None for all of it."""


def assemble(
    case: Case,
    dataset: Dataset,
    limited_to: int | None,
    answers: Mapping[str, Mapping[str, Any]],
    timed: Mapping[str, float],
    facts: RunFacts,
    origin: Origin,
    *,
    times: Mapping[str, Mapping[str, Any]] | None = None,
    judged: Judged | None = None,
) -> Record:
    """Score `answers` (journal lines by utterance id) and put the record together.

    `timed` holds the seconds of those utterances that were answered with the machine to themselves, `times` what else
    of them counts only then. `judged` is what judges and graders made of the answers.
    """
    normalize, price = normalizer(dataset.normalizer), case.device.price
    heard, graded = (None, {}) if judged is None else (judged.heard, judged.graded)
    chats = case.task == "chat"
    scored: list[asr.Scored] = []
    results: list[UtteranceResult] = []
    for utterance in dataset.utterances:
        answer = answers[utterance.id]
        part = answer["part"] or {}
        text = part.get("heard") if chats else answer["text"] if heard is None else heard.texts.get(utterance.id)
        each = score(case.task, utterance.text, text, normalize)
        scored.append(each)
        results.append(
            UtteranceResult(
                id=utterance.id,
                reference=utterance.text,
                hypothesis=text,
                detected_language=answer.get("language"),
                audio_s=answer["audio_s"],
                processing_s=timed.get(utterance.id),
                error=None if answer["error"] is None else Failure(**answer["error"]),
                speaker=utterance.speaker,
                language=utterance.language,
                kind=utterance.kind,
                snr_db=utterance.snr_db,
                words=edits(each.words),
                characters=edits(each.characters),
                cut_from=answer.get("cut_from"),
                prompt=utterance.prompt if utterance.prompt != utterance.text else None,
                streamed=_streamed(case, utterance, answer, {} if facts.no_speed else times or {}, normalize),
                speech=None if chats else _speech(utterance.id, answer, times or {}, heard),
                reply=None
                if not chats
                else chat_scoring.reply_of(
                    utterance.id,
                    utterance.text,
                    utterance.turn,
                    answer["part"],
                    (times or {}).get(utterance.id, {}),
                    transcript=heard.texts.get(utterance.id) if heard is not None else None,
                    graded=graded.get(utterance.id),
                    normalize=normalize,
                ),
            )
        )
    if heard is not None and not chats:
        results = speech_scoring.paced(results)
    return Record(
        id=secrets.token_hex(4),
        case=CaseRef(task=case.task, model=case.model.id, device=case.device.id, dataset=case.dataset.id),
        title=case.model.title or case.model.id,
        limited_to=limited_to,
        shard=origin.shard,
        failure=facts.failure,
        loaded=dict(facts.loaded),
        ran_on=facts.elsewhere,
        normalizer=NormalizerRef(name=normalize.name, version=normalize.version),
        summary=summarize(results, scored, words=normalize.name != CHARACTERS),
        chat=chat_scoring.summarize(results) if chats else None,
        timing=timing(results, facts),
        memory=_memory(facts.memory, origin.model_size),
        price=None if price is None else Price(per_hour=price.per_hour, currency=price.currency),
        provenance=Provenance(
            inputs=origin.inputs,
            key=origin.key,
            judging=origin.judging,
            commit=origin.commit,
            dirty=origin.dirty,
            lab=__version__,
            hardware=hardware(),
            session=origin.session,
            created=datetime.now(UTC).isoformat(timespec="milliseconds"),
            resumed=facts.resumed,
            worker_restarts=facts.restarts,
        ),
        utterances=tuple(results),
        findings=facts.findings,
        streaming=_streaming(case, results, facts),
        beyond=None
        if chats
        else hidden_errors.count(
            results, normalize, hidden_errors.Terms.cut(case.dataset.glossary, case.dataset.names, normalize)
        ),
        speech=None if heard is None or chats else speech_scoring.summarize(results, heard.judge, dict(heard.missing)),
    )


def score(task: str, reference: str, hypothesis: str | None, normalize: Normalizer) -> asr.Scored:
    """What counts as errors of an utterance: in a dialogue, of what the model tells that it heard, if it does."""
    if task == "chat" and hypothesis is None:
        return asr.Scored(normalize(reference), "", asr.Counts(), asr.Counts())
    return asr.score(reference, hypothesis, normalize)


def _speech(
    id: str, answer: Mapping[str, Any], times: Mapping[str, Mapping[str, Any]], heard: Heard | None
) -> Speech | None:
    if heard is None or answer["part"] is None:
        return None
    return Speech(**{**answer["part"], **times.get(id, {}), "quality": dict(heard.quality.get(id, {}))})


def _streamed(
    case: Case,
    utterance: Utterance,
    answer: Mapping[str, Any],
    times: Mapping[str, Mapping[str, Any]],
    normalize: Normalizer,
) -> Streamed | None:
    if case.task != "streaming" or answer["part"] is None:
        return None
    timed = times.get(utterance.id, {})
    return streaming_record.scored(answer["part"], timed, utterance.text, answer["text"], normalize)


def _streaming(case: Case, results: Sequence[UtteranceResult], facts: RunFacts) -> StreamingSummary | None:
    if case.task != "streaming":
        return None
    spec = case.dataset.streaming
    return streaming_record.summarize(results, spec.chunk_s, spec.pace, facts.no_speed)


def summarize(results: Sequence[UtteranceResult], scored: Sequence[asr.Scored], *, words: bool = True) -> AsrSummary:
    """Corpus figures. An utterance the engine failed on counts as all of its words deleted.

    Without `words`, where no spaces divide them, there is no WER.
    """
    corpus = asr.corpus(scored)
    answered = sum(result.error is None for result in results)
    speakers = [result.speaker for result in results]

    def interval(counts: Sequence[asr.Counts]) -> Range | None:
        return ranged(error_rate_interval([c.errors for c in counts], [c.reference for c in counts], speakers))

    return AsrSummary(
        utterances=len(results),
        answered=answered,
        success_rate=answered / len(results),
        audio_s=sum(result.audio_s for result in results),
        words=edits(corpus.words),
        characters=edits(corpus.characters),
        wer=corpus.wer if words else None,
        cer=corpus.cer,
        wer_interval=interval([each.words for each in scored]) if words else None,
        cer_interval=interval([each.characters for each in scored]),
        success_rate_interval=ranged(wilson_interval(answered, len(results))),
        empty_references=sum(not each.reference for each in scored),
        above_half=corpus.above_half,
        worst_wer=corpus.worst_wer,
    )


def _memory(memory: Memory, model_size: int | None) -> MemoryUse:
    peaks = [peak for peak in (memory.load_rss, memory.peak_rss) if peak is not None]
    return MemoryUse(
        peak_rss=max(peaks, default=None),
        method=memory.method,
        sampled_rss=memory.sampled_rss,
        load_rss=memory.load_rss,
        device=memory.device,
        torch_peak=memory.torch_peak,
        model_size=model_size,
    )


def timing(results: Sequence[UtteranceResult], facts: RunFacts) -> Timing:
    """Speed of those utterances that were answered and timed."""
    timed = [(r.processing_s, r.audio_s) for r in results if r.error is None and r.processing_s is not None]
    conditions = facts.conditions
    common = Timing(
        load_s=facts.load_s,
        first_call_s=facts.first_call_s,
        processing_s=None,
        rtf=None,
        rtfx=None,
        latency_p50_s=None,
        latency_p95_s=None,
        others=conditions.others,
        throttled=conditions.throttled,
        load_average=conditions.load_average,
        noisy=conditions.noisy,
        loading_others=conditions.loading_others,
        noisy_loading=conditions.noisy_loading,
        no_speed=facts.no_speed or (None if timed else "no utterance was answered"),
        passes=tuple(Pass.model_validate(each) for each in conditions.passes),
    )
    if common.no_speed:
        return common
    return retimed(
        common.model_copy(update={"clip5_calls_s": tuple(conditions.clip_s), "spread": conditions.spread}), results
    )


def retimed(measured: Timing, results: Sequence[UtteranceResult]) -> Timing:
    """`measured` with all that is a function of the times of `results` and of the calls on the fixed clip."""
    timed = [(r.processing_s, r.audio_s) for r in results if r.error is None and r.processing_s is not None]
    seconds, audio = [processing for processing, _ in timed], [each for _, each in timed]
    quartiles = [speed.quantile(seconds, q) or 0.0 for q in (0.25, 0.75)]
    rtf = speed.rtf(seconds, audio)
    return measured.model_copy(
        update={
            "processing_s": sum(seconds),
            "rtf": rtf,
            "rtfx": 1 / rtf if rtf else None,
            "latency_p50_s": speed.quantile(seconds, 0.5),
            "latency_p95_s": speed.quantile(seconds, 0.95),
            "latency_iqr_s": quartiles[1] - quartiles[0],
            "rtf_interval": ranged(time_ratio_interval(seconds, audio)),
            "latency_p50_s_interval": ranged(quantile_interval(seconds, 0.5)),
            "latency_p95_s_interval": ranged(quantile_interval(seconds, 0.95)),
            "clip5_s": speed.quantile(measured.clip5_calls_s, 0.5),
        }
    )
