"""A record of one run, made without running anything; tests change what they are about."""

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.schema_base import Edits, Failure, Range
from pytest_modellab.results.record import (
    MemoryUse,
    NormalizerRef,
    Provenance,
    Record,
    Timing,
    UtteranceResult,
    Value,
)
from pytest_modellab.results.scoring import summary
from pytest_modellab.results.values import valued
from pytest_modellab.tasks.asr.record import Transcript
from pytest_modellab.tasks.asr.text_analysis import Terms
from pytest_modellab.tasks.registry import task_named


class Times(Timing):
    """What a record's timing and its values say of times."""

    rtf: float | None
    rtfx: float | None
    latency_p50_s: float | None
    latency_p95_s: float | None
    clip5_s: float | None


SPEEDS = ("rtf", "rtfx", "latency_p50_s", "latency_p95_s", "clip5_s")
TIMING = Times(
    load_s=2.0,
    first_call_s=0.5,
    rtf=0.2,
    rtfx=5.0,
    latency_p50_s=0.4,
    latency_p95_s=0.9,
    clip5_s=0.7,
    no_speed=None,
)
NO_SPEED = TIMING.model_copy(update=dict.fromkeys(SPEEDS) | {"no_speed": "the machine was shared"})

HARDWARE = {
    "cpu": "some",
    "instruction_sets": ["avx2"],
    "architecture": "x86_64",
    "cores": 2,
    "gpus": [],
    "gpu_driver": None,
    "memory_bytes": 8 * 2**30,
    "system": "Linux",
}
MEMORY = MemoryUse(peak_rss=300_000_000, method="VmHWM", sampled_rss=None, device=900_000_000, model_size=150_000_000)
NO_DEVICE_MEMORY = MEMORY.model_copy(update={"device": None})


def edits(substitutions: int = 0, deletions: int = 0, insertions: int = 0, hits: int = 0) -> Edits:
    return Edits(substitutions=substitutions, deletions=deletions, insertions=insertions, hits=hits)


def utterance(
    name: str = "one",
    reference: str = "one two three",
    hypothesis: str | None = "one two three",
    words: Edits | None = None,
    error: Failure | None = None,
) -> UtteranceResult:
    return UtteranceResult(
        id=name,
        reference=reference,
        hypothesis=hypothesis,
        audio_s=1.0,
        processing_s=0.2,
        error=error,
        parts={"asr": Transcript(words=words or edits(hits=3), characters=edits(hits=13))},
    )


def with_part(result: UtteranceResult, task: str, part: object) -> UtteranceResult:
    """An utterance with what a task keeps of it."""
    return result.model_copy(update={"parts": {**result.parts, task: part}})


def stated(made: Record, figures: Mapping[str, float | None], intervals: Mapping[str, Range] | None = None) -> Record:
    """A record that states these values, whatever its utterances come to."""
    values = dict(made.values)
    for name in {**figures, **(intervals or {})}:
        value = figures[name] if name in figures else values[name].value
        if value is None:
            missing = METRICS[name].missing(made) or METRICS[name].why_empty(made)
            values[name] = Value(value=None, missing=missing.why, possible=missing.possible)
        else:
            interval = (intervals or {}).get(name)
            values[name] = Value(value=value, interval=interval)
    return made.model_copy(update={"values": values})


def record(
    model: str = "tiny",
    device: str = "cpu",
    dataset: str = "talk",
    *,
    wer: float | None = 0.1,
    cer: float | None = 0.05,
    timing: Timing = TIMING,
    utterances: Sequence[UtteranceResult] | None = None,
    answered: int | None = None,
    words: int = 100,
    transcripts: Mapping[str, Any] | None = None,
    figures: Mapping[str, float | None] | None = None,
    **more: Any,
) -> Record:
    """A record of `words` reference words, with these figures; `more` are fields of Record.

    `transcripts` are fields of its part of transcripts, `figures` more that it states.
    """
    results = tuple(utterances if utterances is not None else [utterance()])
    right = sum(result.error is None for result in results) if answered is None else answered
    times = {name: getattr(timing, name) for name in Timing.model_fields}
    fields: dict[str, Any] = {
        "id": "0123abcd",
        "case": CaseRef(task="asr", model=model, device=device, dataset=dataset),
        "title": model,
        "limited_to": None,
        "failure": None,
        "normalizer": NormalizerRef(name="whisper-english", version="0.1.10"),
        "summary": summary(results).model_copy(update={"answered": right, "audio_s": 10.0}),
        "timing": Timing(**times),
        "memory": MEMORY,
        "provenance": Provenance(
            inputs={"seed": 0},
            key="a" * 64,
            commit="b" * 40,
            dirty=False,
            lab="0.1",
            hardware=HARDWARE,
            session="s",
            created="2026-01-02T03:04:05.678+00:00",
            resumed=0,
            worker_restarts=0,
        ),
        "utterances": results,
        **more,
    }
    made = Record(**fields)
    scoring = task_named(made.case.task).scoring()
    known = {**made.parts, **scoring.summarize(results, made.parts, made.rules, Terms())}
    if "asr" in known:
        counted = {"words": edits(hits=words), "characters": edits(hits=5 * words), **(transcripts or {})}
        known["asr"] = known["asr"].model_copy(update=counted)
    made = valued(made.model_copy(update={"parts": known}))
    if made.shard is not None:
        return made
    speeds = {name: getattr(timing, name, None) for name in SPEEDS}
    price = more.get("price")
    if price is not None and price.per_hour is not None and speeds["rtf"] is not None:
        speeds["cost_per_audio_hour"] = speeds["rtf"] * price.per_hour
    told = {"success_rate": right / len(results), "wer": wer, "cer": cer, **speeds, **(figures or {})}
    return stated(made, {name: value for name, value in told.items() if name in made.values})
