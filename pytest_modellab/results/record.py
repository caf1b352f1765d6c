"""The record: everything measured in one run of one case, as it is stored.

Fields marked volatile differ between two runs of the same thing (times, host, ids). Two records are the same
when their canonical forms, without these, are equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.redaction import redacted
from pytest_modellab.core.schema_base import (
    Edits,
    Elsewhere,
    Failure,
    Finding,
    Range,
    RecordId,
    Stored,
    Time,
    volatile,
)
from pytest_modellab.core.text import CHARACTERS
from pytest_modellab.tasks.asr.record import BeyondWer
from pytest_modellab.tasks.chat.record import NOT_TIMED, ChatSummary, Reply
from pytest_modellab.tasks.streaming import record as streaming_record
from pytest_modellab.tasks.streaming.record import Streamed, StreamingSummary
from pytest_modellab.tasks.tts import record as speech_record
from pytest_modellab.tasks.tts.record import Speech, SpeechSummary

from . import hidden_error_values
from .shard_ref import ShardOf

SCHEMA: Literal["modellab.record/1"] = "modellab.record/1"


class UtteranceResult(Stored):
    """One utterance: raw texts, and what the scorer made of them."""

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

    @property
    def parts(self) -> dict[str, Any]:
        """What each task keeps of the utterance, by task."""
        # Of a dialogue only what the model tells that it heard was scored.
        scored = None if self.reply is not None and self.hypothesis is None else self
        parts = {"asr": scored, "tts": self.speech, "streaming": self.streamed, "chat": self.reply}
        return {task: part for task, part in parts.items() if part is not None}


class NormalizerRef(Stored):
    name: str
    version: str


class AsrSummary(Stored):
    """Corpus figures: sums over all utterances, an utterance without an answer counted as all words deleted."""

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


class Pass(Stored):
    """When the machine was held: shared for accuracy beside other cases, alone for timing."""

    kind: Literal["accuracy", "timing", "accuracy and timing"]
    start: str = Field(description="UTC, ISO 8601, once the lock was held")
    end: str


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
    throttled: int | None = Field(default=None, description="throttling events meanwhile; null where it isn't told")
    load_average: float | None = Field(default=None, description="of the minute before, our own work included")
    noisy: str | None = Field(default=None, description="why these times can't be relied on, else null")
    loading_others: float | None = Field(default=None, description="as `others`, in loading and the first call")
    noisy_loading: str | None = Field(default=None, description="as `noisy`, of load_s and first_call_s besides")
    no_speed: str | None = Field(description="why there is no speed figure, else null")
    passes: tuple[Pass, ...] = ()


class MemoryUse(Stored):
    """Bytes."""

    peak_rss: int | None = Field(description="resident, the higher of loading the model and answering this data set")
    method: str | None
    sampled_rss: int | None = Field(description="highest seen from outside, after an answer")
    load_rss: int | None = Field(default=None, description="peak while loading")
    device: int | None = Field(default=None, description="on NVIDIA devices by NVML, highest after an answer")
    torch_peak: int | None = Field(default=None, description="torch's own CUDA allocator, peak since loading")
    model_size: int | None = Field(default=None, description="of the model's files on disk")


class Provenance(Stored):
    inputs: Annotated[dict[str, Any], AfterValidator(redacted)] = Field(
        description="everything the input key is made of"
    )
    key: str = Field(description="SHA-256 of the inputs")
    judging: str | None = volatile(default=None, description="SHA-256 of what made figures out of the answers")
    commit: str | None
    dirty: bool | None
    lab: str = Field(description="version of pytest-modellab")
    hardware: dict[str, Any] = volatile()
    session: str = volatile()
    created: Time = volatile(description="UTC, ISO 8601")
    rescored: Time | None = volatile(default=None, description="when the scores were made, if not with the run")
    stands_again: Time | None = volatile(default=None, description="when it came to stand for a later session")
    merged: tuple[str, ...] = volatile(default=(), description="ids of the shards it was joined from")
    resumed: int = volatile(description="utterances taken over from a session that was killed")
    worker_restarts: int = volatile()


class Price(Stored):
    """What an hour of the device cost when the run was made, by devices.yaml."""

    per_hour: float
    currency: str


OF_TASKS = frozenset(
    {
        *("judge_wer", "flawed", *speech_record.PREDICTORS, "first_audio_p50_s", "first_audio_p95_s"),
        *streaming_record.METRICS,
        *("answer_accuracy", "context_kept", "missed_replies", "replies_to_noise", "reply_words", "agreement_wer"),
        *("first_token_p50_s", "first_token_p95_s", "onset_p50_s", "onset_p95_s"),
    }
)
"""Metrics that only some tasks have; their records hold them in a part of their own."""
_OF_AUDIO = frozenset({"rtf", "rtfx", "cost_per_audio_hour"})
"""Metrics that hold time against audio."""
_NO_CLIP = {"clip5_s": "only recognition is timed on a clip of 5 s"}
_FOREIGN: Mapping[str, Mapping[str, str]] = {
    "tts": {**_NO_CLIP, "insertions_per_min": "a text without words is no recording in which nobody speaks"},
    "chat": _NO_CLIP,
    "streaming": _NO_CLIP,
}
"""Task -> metrics that would mean something else there, and why there are none."""
_MEMORY = {"peak_rss_mb": "peak_rss", "peak_device_mb": "device", "model_size_mb": "model_size"}
_SPEED = {"rtf", "rtfx", "latency_p50_s", "latency_p95_s", "clip5_s", "cost_per_audio_hour"}


class Record(Stored):
    """One run of one case."""

    schema_: Literal["modellab.record/1"] = Field(alias="schema", default=SCHEMA)
    id: RecordId = volatile()
    case: CaseRef
    title: str
    limited_to: int | None = Field(description="only so many utterances were asked for: never graded")
    shard: ShardOf | None = Field(default=None, description="one of several parts: judged once they are merged")
    failure: Failure | None = Field(description="the model could not be loaded, or not be kept alive")
    loaded: Annotated[dict[str, str | int | float | bool | None], AfterValidator(redacted)] = Field(
        default_factory=dict, description="what the engine chose while it loaded, by its own word"
    )
    ran_on: Elsewhere | None = Field(default=None, description="null where it ran on the device of the case")
    normalizer: NormalizerRef
    summary: AsrSummary
    timing: Timing = volatile()
    memory: MemoryUse = volatile()
    price: Price | None = volatile(default=None)
    provenance: Provenance
    utterances: tuple[UtteranceResult, ...]
    findings: tuple[Finding, ...] = ()
    beyond: BeyondWer | None = Field(default=None, description="null in records from before it was measured")
    speech: SpeechSummary | None = Field(default=None, description="of a record for tts")
    streaming: StreamingSummary | None = Field(default=None, description="of a record for streaming")
    chat: ChatSummary | None = Field(default=None, description="of a record for chat")
    seal: str | None = volatile(default=None, description="SHA-256 of all the rest, as it was written")

    @property
    def parts(self) -> dict[str, Any]:
        """What only one task has of a run, by task."""
        parts = {"asr": self.beyond, "tts": self.speech, "streaming": self.streaming, "chat": self.chat}
        return {task: part for task, part in parts.items() if part is not None}

    @property
    def wordless(self) -> bool:
        """Whether nobody speaks in any clip, by intent: every reference was left empty."""
        return not any(result.reference.strip() for result in self.utterances)

    def applies(self, metric: str) -> bool:
        """Whether the data can have this figure: where nobody speaks there is no error rate to miss.

        What listeners would say is only predicted where the data set asks for it.
        """
        if self.case.task == "chat" and metric in _OF_AUDIO:
            return False
        if self.chat is not None and metric in {"wer", "cer"} and self.figure(metric) is None:
            return False  # it doesn't tell what it heard
        if self.chat is not None and self.chat.missing.get(metric, NOT_TIMED) != NOT_TIMED:
            return False  # the data set has no such turns, or the model no such replies
        if metric in speech_record.PREDICTORS and self.speech is not None:
            return metric in self.speech.judge.quality
        return not self.wordless or metric not in {"wer", "cer", *hidden_error_values.OF_WORDS}

    @property
    def comparable(self) -> bool:
        """Whether it has an error rate to be compared by: somebody speaks, and what was heard is told."""
        return not self.wordless and not (self.chat is not None and self.figure(self.error_metric) is None)

    @property
    def error_metric(self) -> Literal["wer", "cer"]:
        """The error rate that counts: of characters where words aren't divided by spaces."""
        return "cer" if self.normalizer.name == CHARACTERS else "wer"

    def figure(self, metric: str) -> float | None:
        """The value of one of the registered metrics, in its unit; None where there is none, as of a shard."""
        if self.shard is not None or metric in _FOREIGN.get(self.case.task, {}):
            return None
        if metric in {"wer", "cer", "success_rate"}:
            value = getattr(self.summary, metric)
        elif metric in hidden_error_values.FIGURES:
            value = hidden_error_values.figure(self.beyond, metric)
        elif metric in OF_TASKS:
            value = getattr(self._of_task, metric, None)
        elif metric in _OF_AUDIO and self.case.task == "chat":
            value = None  # how long a reply takes says nothing about how long the question was
        elif metric == "cost_per_audio_hour":
            value = self.timing.rtf * self.price.per_hour if self.price and self.timing.rtf is not None else None
        elif metric in _MEMORY:
            found = getattr(self.memory, _MEMORY[metric])
            value = None if found is None else found / 1e6
        else:
            value = getattr(self.timing, metric)
        return None if value is None else float(value)

    def interval(self, metric: str) -> Range | None:
        """The 95 % interval of a figure; None where it has none."""
        if self.shard is not None:
            return None
        if metric in hidden_error_values.FIGURES:
            return hidden_error_values.interval(self.beyond, metric)
        for part in (self.summary, self.timing, self._of_task):
            found = getattr(part, f"{metric}_interval", None)
            if isinstance(found, Range):
                return found
        return None

    @property
    def _of_task(self) -> SpeechSummary | ChatSummary | StreamingSummary | None:
        """The figures that only its task has."""
        return self.speech or self.chat or self.streaming

    def noise(self, metric: str) -> str | None:
        """Why a time can't be relied on; None where nothing speaks against it, and for what is no time."""
        return METRICS[metric].noise(self.timing.noisy, self.timing.noisy_loading)

    def why_missing(self, metric: str) -> str:
        """The reason a figure is None."""
        if self.failure is not None:
            return self.failure.message
        if self.shard is not None:
            return f"only shard {self.shard.cut} was run; `modellab merge` joins all"
        if metric in _OF_AUDIO and self.case.task == "chat":
            return "a dialogue is measured by how long one waits for a reply"
        if metric == "cost_per_audio_hour" and self.price is None:
            return f"devices.yaml gives {self.case.device} no price"
        if metric in _SPEED and self.timing.no_speed:
            return self.timing.no_speed
        if metric in _FOREIGN.get(self.case.task, {}):
            return _FOREIGN[self.case.task][metric]
        if metric == "peak_device_mb":
            return "the device has no memory of its own, or the driver does not tell"
        if self._of_task is not None and metric in self._of_task.missing:
            return self._of_task.missing[metric]
        if metric in {"wer", "cer"} and self.chat is not None and not self.wordless:
            return "the model doesn't tell what it heard"
        if not self.applies(metric):
            return "nobody speaks in this data set"
        if metric in hidden_error_values.FIGURES and self.chat is not None:
            return "chat is judged by its replies"
        if metric in hidden_error_values.FIGURES:
            return hidden_error_values.why_missing(self.beyond, metric)
        if metric in OF_TASKS:
            return f"{self.case.task} has no {METRICS[metric].title}"
        if metric == "wer" and self.error_metric == "cer":
            languages = ", ".join(sorted({each.language for each in self.utterances if each.language})) or "this script"
            return f"words aren't divided by spaces in {languages}: see CER"
        if metric in {"wer", "cer"}:
            return "no reference has a word left after normalisation"
        return f"{metric} was not measured"
