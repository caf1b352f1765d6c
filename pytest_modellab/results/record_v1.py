"""The types of `modellab.record/1`, which stored values per task and not by metric. They are frozen."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.core.redaction import redacted
from pytest_modellab.core.schema_base import (
    Edits,
    Failure,
    FallbackDevice,
    Finding,
    Range,
    RecordId,
    Share,
    Stored,
    volatile,
)
from pytest_modellab.tasks.asr.record import Slice, Term
from pytest_modellab.tasks.chat.record import Reply
from pytest_modellab.tasks.streaming.record import Streamed
from pytest_modellab.tasks.tts.record import Judge, Speech

from .record import MemoryUse, NormalizerRef, Pass, Price, Provenance
from .shard_ref import ShardOf

SCHEMA = "modellab.record/1"


class UtteranceResult(Stored):
    """One utterance: raw texts and scores."""

    id: str
    reference: str
    hypothesis: str | None = Field(description="raw; null where there is no answer")
    detected_language: str | None = Field(default=None, description="null where it was fixed, or the engine is silent")
    audio_s: float
    processing_s: float | None = volatile(default=None)
    error: Failure | None = None
    speaker: str | None = None
    language: str | None = None
    kind: str | None = Field(default=None, description="what sort of speech or recording, where the data set says")
    snr_db: float | None = None
    words: Edits = Field(description="of characters, where words aren't divided by spaces")
    characters: Edits
    cut_from: int | None = Field(
        default=None, description="characters of the longest text in the answer, where it was cut to what is kept"
    )
    prompt: str | None = Field(default=None, description="what the model was given to speak, if not the reference")
    reply: Reply | None = Field(default=None, description="how it answered, in a dialogue")
    speech: Speech | None = Field(default=None, description="what it said; null where it was not to speak, or failed")
    streamed: Streamed | None = Field(default=None, description="how it went as a stream; null where it was none")


class AsrSummary(Stored):
    """Corpus values: sums over all utterances; one without an answer counts as all of its words deleted."""

    utterances: int
    answered: int
    success_rate: float
    audio_s: float
    words: Edits
    characters: Edits
    wer: float | None = Field(description="null where no reference has a word, or words aren't divided by spaces")
    cer: float | None
    wer_interval: Range | None = Field(default=None, description="null where there is too little to estimate from")
    cer_interval: Range | None = None
    success_rate_interval: Range | None = None
    empty_references: int = Field(description="utterances whose reference normalises to nothing")
    above_half: int = Field(description="utterances with a WER above 50 % (a CER, where there are no words)")
    worst_wer: float | None


class HiddenErrors(Stored):
    """Hidden errors, as counts; defined in `core.metrics.hidden_errors` and `.writing`."""

    quiet: int = Field(description="answered utterances whose reference has no words")
    quiet_s: float = Field(description="their audio, seconds")
    inserted: int = Field(description="words in the answers to them")
    reference_words: int = Field(description="of answered utterances with words")
    hypothesis_words: int
    looped: Share = Field(description="of answered utterances")
    truncated: Share = Field(description="of answered utterances with more than three words")
    numbers: Share = Field(description="found, of those in the references")
    glossary: tuple[Term, ...] = ()
    glossary_found: Share
    names: tuple[Term, ...] = ()
    names_found: Share
    punctuation: Share = Field(description="wrong places, of all with a mark, in punctuated references")
    casing: Share = Field(description="wrongly cased words, in references of mixed case")
    language: Share = Field(description="rightly detected, of answered utterances whose language is known")
    slices: tuple[Slice, ...] = Field(default=(), description="in each way of slicing with at least two parts")


class Timing(Stored):
    """Seconds. Load, first call and warm calls are separate; RTF is sum of processing over sum of audio, warm."""

    load_s: float | None = Field(description="cold: importing the library and loading the weights")
    first_call_s: float | None = Field(description="the first utterance, once, before any is timed")
    processing_s: float | None
    rtf: float | None
    rtfx: float | None
    latency_p50_s: float | None
    latency_p95_s: float | None
    latency_iqr_s: float | None = Field(default=None, description="third quartile minus first, over the utterances")
    rtf_interval: Range | None = None
    latency_p50_s_interval: Range | None = None
    latency_p95_s_interval: Range | None = None
    clip5_s: float | None = Field(default=None, description="median call on a fixed clip of 5 s")
    clip5_calls_s: tuple[float, ...] = Field(default=(), description="these calls, spread over what was timed")
    spread: float | None = Field(default=None, description="of these calls: (slowest - fastest) / median")
    others: float | None = Field(default=None, description="share of all processors that others kept busy meanwhile")
    throttled: int | None = Field(
        default=None, description="throttling events meanwhile; null where they aren't reported"
    )
    load_average: float | None = Field(default=None, description="of the minute before, our own work included")
    noisy: str | None = Field(default=None, description="why these times can't be relied on, else null")
    loading_others: float | None = Field(default=None, description="as `others`, in loading and the first call")
    noisy_loading: str | None = Field(default=None, description="as `noisy`, of load_s and first_call_s besides")
    no_speed: str | None = Field(description="why there is no speed, else null")
    passes: tuple[Pass, ...] = ()


class SpeechSummary(Stored):
    """Figures of all utterances of a record."""

    judge: Judge
    first_audio_p50_s: float | None = volatile()
    first_audio_p95_s: float | None = volatile()
    first_audio_p50_s_interval: Range | None = volatile(default=None)
    first_audio_p95_s_interval: Range | None = volatile(default=None)
    flawed: float | None
    flawed_interval: Range | None = None
    loudness_lufs: float | None = Field(description="median")
    sample_rates: tuple[int, ...]
    judge_wer: float | None
    distillmos: float | None = None
    distillmos_interval: Range | None = None
    dnsmos: float | None = None
    dnsmos_interval: Range | None = None
    mcd: float | None = None
    mcd_interval: Range | None = None
    voice_similarity: float | None = None
    voice_similarity_interval: Range | None = None
    missing: dict[str, str] = Field(default_factory=dict, description="metric -> why it is null")


class StreamingSummary(Stored):
    """Figures of all utterances of a record."""

    chunk_s: float = Field(description="audio handed over at once")
    pace: float | None = Field(description="times as fast as it is spoken; null: as fast as it is taken")
    first_partial_p50_s: float | None = volatile()
    first_partial_p95_s: float | None = volatile()
    first_partial_p50_s_interval: Range | None = volatile(default=None)
    first_partial_p95_s_interval: Range | None = volatile(default=None)
    early_partials: float | None = volatile()
    early_partials_interval: Range | None = volatile(default=None)
    final_p50_s: float | None = volatile()
    final_p95_s: float | None = volatile()
    final_p50_s_interval: Range | None = volatile(default=None)
    final_p95_s_interval: Range | None = volatile(default=None)
    unstable_words: float | None
    unstable_words_interval: Range | None = None
    offline_wer: float | None = Field(description="of characters, where words aren't divided by spaces")
    offline_wer_interval: Range | None = None
    streaming_loss: float | None
    late_max_s: float | None = volatile()
    kept_up: float | None = volatile()
    kept_up_interval: Range | None = volatile(default=None)
    reconnects: float | None = volatile()
    backpressure_s: float | None = volatile()
    missing: dict[str, str] = volatile(default_factory=dict, description="metric -> why it is null")


class ChatSummary(Stored):
    """Figures of all turns of a record; a turn on which the model failed counts as wrong and as missed."""

    turns: int
    dialogues: int
    judged: Share = Field(description="right, of turns with anything to judge by")
    answer_accuracy: float | None
    answer_accuracy_interval: Range | None = None
    context_kept: float | None
    context_kept_interval: Range | None = None
    missed_replies: float | None
    missed_replies_interval: Range | None = None
    replies_to_noise: float | None
    replies_to_noise_interval: Range | None = None
    reply_words: float | None = Field(description="median")
    agreement_wer: float | None
    agreement_wer_interval: Range | None = None
    undecided: Share = Field(description="judgements of the grader that were neither yes nor no, of those asked for")
    first_token_p50_s: float | None = volatile()
    first_token_p95_s: float | None = volatile()
    first_audio_p50_s: float | None = volatile()
    first_audio_p95_s: float | None = volatile()
    onset_p50_s: float | None = volatile()
    onset_p95_s: float | None = volatile()
    first_token_p50_s_interval: Range | None = volatile(default=None)
    first_token_p95_s_interval: Range | None = volatile(default=None)
    first_audio_p50_s_interval: Range | None = volatile(default=None)
    first_audio_p95_s_interval: Range | None = volatile(default=None)
    onset_p50_s_interval: Range | None = volatile(default=None)
    onset_p95_s_interval: Range | None = volatile(default=None)
    missing: dict[str, str] = Field(default_factory=dict, description="metric -> why it is null")


class RecordV1(Stored):
    """One run of one case."""

    schema_: Literal["modellab.record/1"] = Field(alias="schema")
    id: RecordId = volatile()
    case: CaseRef
    title: str
    limited_to: int | None = Field(description="only so many utterances were asked for: never graded")
    shard: ShardOf | None = Field(default=None, description="one of several parts: judged once they are merged")
    failure: Failure | None = Field(description="the model could not be loaded, or not be kept alive")
    loaded: Annotated[dict[str, str | int | float | bool | None], AfterValidator(redacted)] = Field(
        default_factory=dict, description="what the engine chose while it loaded, by its own word"
    )
    ran_on: FallbackDevice | None = Field(default=None, description="null where it ran on the device of the case")
    normalizer: NormalizerRef
    summary: AsrSummary
    timing: Timing = volatile()
    memory: MemoryUse = volatile()
    price: Price | None = volatile(default=None)
    provenance: Provenance
    utterances: tuple[UtteranceResult, ...]
    findings: tuple[Finding, ...] = ()
    beyond: HiddenErrors | None = Field(default=None, description="null in records from before it was measured")
    speech: SpeechSummary | None = Field(default=None, description="of a record for tts")
    streaming: StreamingSummary | None = Field(default=None, description="of a record for streaming")
    chat: ChatSummary | None = Field(default=None, description="of a record for chat")
    seal: str | None = volatile(default=None, description="SHA-256 of all other fields, as written")
