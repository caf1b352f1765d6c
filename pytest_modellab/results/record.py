"""The record: everything measured in one run of one case, as it is stored.

Fields marked volatile (times, host, ids) differ between two runs with the same inputs. Two records are equal when
their canonical forms, without these fields, are equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Field

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.core.hardware import Hardware
from pytest_modellab.core.metrics.measured import Utterance
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.redaction import redacted
from pytest_modellab.core.schema_base import Failure, FallbackDevice, Finding, Range, RecordId, Stored, Time, volatile
from pytest_modellab.core.text import TextRules, Unit
from pytest_modellab.tasks.parts import run_parts, utterance_parts
from pytest_modellab.tasks.registry import task_named

from .shard_ref import ShardOf

SCHEMA: Literal["modellab.record/2"] = "modellab.record/2"
WITH_TABLE: Literal["modellab.record/3"] = "modellab.record/3"
"""Of a record whose utterances lie in a table beside it."""


class BatchRef(Stored):
    """The batch in which an utterance was answered."""

    first: str = Field(description="id of the first utterance planned for it: what tells batches apart")
    size: int = Field(description="utterances in it")
    longest_s: float = Field(description="length of the longest, to which the others may be padded")


class UtteranceResult(Stored):
    """One utterance: raw texts, times, attributes, and task parts."""

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
    attributes: dict[str, str] = Field(
        default_factory=dict, description="what else the data set says of it, such as the accent of the speaker"
    )
    cut_from: int | None = Field(
        default=None, description="characters of the longest text in the answer, where it was cut to what is kept"
    )
    retries: int | None = volatile(default=None, description="how often the call was repeated; null where none can be")
    client_s: float | None = volatile(
        default=None, description="of the processing time, until the request to a server was sent"
    )
    batch: BatchRef | None = Field(
        default=None, description="null where it was answered alone; its processing time is a share of the batch's"
    )
    prompt: str | None = Field(default=None, description="what the model was given to speak, if not the reference")
    parts: Annotated[dict[str, Any], AfterValidator(utterance_parts)] = Field(
        default_factory=dict, description="what only some tasks have, by task: `asr` wherever there is a transcript"
    )

    @property
    def errors(self) -> int:
        """Word errors of its transcript; 0 where it has none."""
        return self.parts["asr"].words.errors if "asr" in self.parts else 0


class NormalizerRef(Stored):
    """The scorer of a record's texts."""

    name: str = Field(description="of the scorer")
    version: str
    replacements: tuple[tuple[str, str], ...] = Field(
        default=(), description="phrases of the data set that count as others, in references and answers alike"
    )

    @classmethod
    def of(cls, rules: TextRules) -> NormalizerRef:
        return cls(name=rules.scorer, version=rules.version, replacements=rules.replacements)


class Summary(Stored):
    """Sums over all utterances."""

    utterances: int
    answered: int
    spoken: int = Field(description="utterances whose reference was not left empty")
    audio_s: float


class Value(Stored):
    """The value of a metric, or why there is none."""

    value: float | None
    interval: Range | None = None
    missing: str = ""
    possible: bool = Field(
        default=True, description="false where the data or the kind of model can't have it: then nothing is missed"
    )
    definition: int = Field(default=1, ge=1, description="version of the metric's definition")


class Pass(Stored):
    """A period in which the machine was held: shared for accuracy, exclusively for timing."""

    kind: Literal["accuracy", "timing", "accuracy and timing"]
    start: str = Field(description="UTC, ISO 8601, when the lock was taken")
    end: str


class Timing(Stored):
    """Times measured once per run, seconds, and the conditions under which calls were timed."""

    load_s: float | None = Field(description="cold: importing the library and loading the weights")
    first_call_s: float | None = Field(description="the first utterance, once, before any is timed")
    clip5_calls_s: tuple[float, ...] = Field(
        default=(), description="calls on a fixed clip of 5 s, spread over what was timed"
    )
    spread: float | None = Field(default=None, description="of these calls: (slowest - fastest) / median")
    others: float | None = Field(default=None, description="share of the processors that others kept busy meanwhile")
    core_wait: float | None = Field(
        default=None, description="share of its time for which the worker waited for a core that others had"
    )
    core_wait_method: str | None = Field(
        default=None, description="`run delay`, by the kernel; `load beyond free cores`, estimated"
    )
    throttled: int | None = Field(
        default=None, description="throttling events meanwhile; null where they aren't reported"
    )
    load_average: float | None = Field(default=None, description="of the minute before, our own work included")
    noisy: str | None = Field(default=None, description="why these times can't be relied on, else null")
    loading_others: float | None = Field(default=None, description="as `others`, in loading and the first call")
    loading_core_wait: float | None = Field(default=None, description="as `core_wait`, in loading and the first call")
    noise_definition: int = Field(
        default=1, ge=1, description="version of what `noisy` and `noisy_loading` are by: 1 `others`, 2 `core_wait`"
    )
    noisy_loading: str | None = Field(default=None, description="as `noisy`, of load_s and first_call_s besides")
    no_speed: str | None = Field(description="why there is no speed, else null")
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
    judging: str | None = volatile(default=None, description="SHA-256 of the scoring code and its inputs")
    commit: str | None
    dirty: bool | None
    lab: str = Field(description="version of pytest-modellab")
    hardware: dict[str, Any] = volatile()
    session: str = volatile()
    created: Time = volatile(description="UTC, ISO 8601")
    rescored: Time | None = volatile(default=None, description="when the scores were made, if not with the run")
    stands_again: Time | None = volatile(default=None, description="when a later session reused it")
    merged: tuple[str, ...] = volatile(default=(), description="ids of the shards it was joined from")
    resumed: int = volatile(description="utterances taken over from a session that was killed")
    worker_restarts: int = volatile()


class Price(Stored):
    """The price at the time of the run: of an hour of the device, or of a minute of audio."""

    per_hour: float | None = Field(default=None, description="of the device, from devices.yaml")
    per_audio_minute: float | None = Field(default=None, description="from the model's spec")
    currency: str


if TYPE_CHECKING:
    Rows: TypeAlias = Sequence[UtteranceResult]
else:
    # In memory it may also be the rows of a table, which a record is given by `model_copy`.
    Rows = tuple[UtteranceResult, ...]


class Record(Stored):
    """One run of one case."""

    schema_: Literal["modellab.record/2"] = Field(alias="schema", default=SCHEMA)
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
    summary: Summary
    values: dict[str, Value] = Field(
        default_factory=dict, description="by metric; none of a shard, whose utterances count with the others'"
    )
    parts: Annotated[dict[str, Any], AfterValidator(run_parts)] = Field(
        default_factory=dict, description="what only some tasks have, by task: `asr` wherever there are transcripts"
    )
    timing: Timing = volatile()
    memory: MemoryUse = volatile()
    price: Price | None = volatile(default=None)
    provenance: Provenance
    utterances: Rows
    findings: tuple[Finding, ...] = ()
    seal: str | None = volatile(default=None, description="SHA-256 of all other fields, as written")

    @property
    def hardware(self) -> Hardware:
        """The hardware of the run, with the kind of device that the model was to run on."""
        device = self.provenance.inputs.get("device")
        return Hardware.stated(self.provenance.hardware, device.get("kind") if isinstance(device, dict) else None)

    @property
    def wordless(self) -> bool:
        """Whether nobody speaks in any clip, by intent: every reference was left empty."""
        return self.summary.spoken == 0

    @property
    def reference_units(self) -> int:
        """Words of all references; characters where words aren't divided by spaces, 0 without transcripts."""
        return self.parts["asr"].words.units if "asr" in self.parts else 0

    @property
    def comparable(self) -> bool:
        """Whether it has an error rate to be compared by: somebody speaks, and texts tell what was heard."""
        told = task_named(self.case.task).texts_tell and not self.wordless
        return told and self.error_metric in self.values and self.applies(self.error_metric)

    @property
    def error_metric(self) -> str:
        """The error rate that counts: the task's own, else WER; CER without words, the macro average of both."""
        own = task_named(self.case.task).error_metric
        if own is not None:
            return own
        return "macro_error" if len(self.units) > 1 else "cer" if self.units == {"characters"} else "wer"

    @property
    def rules(self) -> TextRules:
        """How its texts were scored, by the code that is installed. Raises ValueError for a scorer that isn't here."""
        return TextRules(self.normalizer.name, self.normalizer.replacements)

    @property
    def unscorable(self) -> str:
        """Why its texts can't be scored here: its scorer, or what that needs, isn't installed; "" where they can."""
        try:
            _ = self.rules
        except ValueError as error:
            return f"{error}; `modellab rescore --scorer NAME --write` scores the record anew"
        return ""

    @property
    def units(self) -> frozenset[Unit]:
        """What errors are counted in, over all its languages."""
        part = self.parts.get("asr")
        languages = None if part is None else part.languages
        if languages:
            return frozenset(each.unit for each in languages)
        # Of records that were scored before languages were told apart.
        return frozenset({"characters" if self.normalizer.name == "characters" else "words"})

    def errors_of(self, row: UtteranceResult) -> float:
        """Errors of one utterance by the error rate that counts: word errors, or those of the task's own rate."""
        own = task_named(self.case.task).error_metric
        if own is None:
            return row.errors
        read = METRICS[own].contribution
        contribution = None if read is None else read(Utterance(row, self))
        errors = contribution[0] if isinstance(contribution, tuple) else 0
        return int(errors) if errors == int(errors) else errors

    def value(self, metric: str) -> float | None:
        """The value of a metric, in its unit; None where there is none, as of a shard."""
        return None if self.shard is not None or metric not in self.values else self.values[metric].value

    def interval(self, metric: str) -> Range | None:
        """The 95 % interval of a value; None where it has none."""
        return None if self.shard is not None or metric not in self.values else self.values[metric].interval

    def applies(self, metric: str) -> bool:
        """Whether the run can have a value of this metric: without speech there is no error rate to miss."""
        found = self.values.get(metric)
        if found is not None:
            return found.value is not None or found.possible
        missing = METRICS[metric].why_elsewhere(self.case.task)
        return missing is None or missing.possible

    def noise(self, metric: str) -> str | None:
        """Why a time isn't reliable; None where it is, and for metrics that are no times."""
        return METRICS[metric].noise(self.timing.noisy, self.timing.noisy_loading)

    def why_missing(self, metric: str) -> str:
        """The reason why a value is None."""
        if self.failure is not None:
            return self.failure.message
        if self.shard is not None:
            return f"only shard {self.shard.cut} was run; `modellab merge` joins all"
        if metric in self.values:
            return self.values[metric].missing
        missing = METRICS[metric].why_elsewhere(self.case.task)
        return NOT_MEASURED_YET if missing is None else missing.why


class TableRef(Stored):
    """The table of a record's utterances, a file beside it."""

    file: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*\.utterances\.parquet$", description="its name")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="of the file")
    size: int | None = Field(default=None, ge=0, description="of the file in bytes; null in older records")
    rows: int = Field(ge=0, description="utterances in it")
    schema_: Literal["modellab.utterances/1"] = Field(alias="schema", description="of its columns")


class RecordWithTable(Record):
    """A record as it is stored where its utterances lie in a table: `utterances` is empty."""

    schema_: Literal["modellab.record/3"] = Field(alias="schema", default=WITH_TABLE)  # type: ignore[assignment]
    table: TableRef


NOT_MEASURED_YET = "the record is from before it was measured; run the case again"
