"""A record of one run, made without running anything; tests change what they are about."""

from collections.abc import Sequence
from typing import Any

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.core.schema_base import Edits, Failure, Share
from pytest_modellab.results.record import (
    AsrSummary,
    MemoryUse,
    NormalizerRef,
    Provenance,
    Record,
    Timing,
    UtteranceResult,
)
from pytest_modellab.tasks.asr.record import BeyondWer

TIMING = Timing(
    load_s=2.0,
    first_call_s=0.5,
    processing_s=2.0,
    rtf=0.2,
    rtfx=5.0,
    latency_p50_s=0.4,
    latency_p95_s=0.9,
    clip5_s=0.7,
    no_speed=None,
)
NO_SPEED = TIMING.model_copy(
    update=dict.fromkeys(("processing_s", "rtf", "rtfx", "latency_p50_s", "latency_p95_s", "clip5_s"))
    | {"no_speed": "the machine was shared"}
)

MEMORY = MemoryUse(peak_rss=300_000_000, method="VmHWM", sampled_rss=None, device=900_000_000, model_size=150_000_000)
NO_DEVICE_MEMORY = MEMORY.model_copy(update={"device": None})


NOTHING = Share(count=0, of=0)


def beyond(**changes: Any) -> BeyondWer:
    """What WER hides in a run of one utterance of three words, rightly answered; `changes` are fields of BeyondWer."""
    whole = Share(count=0, of=1)
    fields: dict[str, Any] = {
        **dict.fromkeys(("quiet", "quiet_s", "inserted"), 0),
        **dict.fromkeys(("reference_words", "hypothesis_words"), 3),
        **dict.fromkeys(("numbers", "glossary_found", "names_found", "punctuation", "casing", "language"), NOTHING),
        **dict.fromkeys(("looped", "truncated"), whole),
        **changes,
    }
    return BeyondWer(**fields)


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
        words=words or edits(hits=3),
        characters=edits(hits=13),
    )


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
    **more: Any,
) -> Record:
    """A record of `words` reference words, with these figures; `more` are fields of Record."""
    results = tuple(utterances if utterances is not None else [utterance()])
    right = sum(result.error is None for result in results) if answered is None else answered
    fields: dict[str, Any] = {
        "id": "0123abcd",
        "case": CaseRef(task="asr", model=model, device=device, dataset=dataset),
        "title": model,
        "limited_to": None,
        "failure": None,
        "normalizer": NormalizerRef(name="whisper-english", version="0.1.10"),
        "summary": AsrSummary(
            utterances=len(results),
            answered=right,
            success_rate=right / len(results),
            audio_s=10.0,
            words=edits(hits=words),
            characters=edits(hits=5 * words),
            wer=wer,
            cer=cer,
            empty_references=0,
            above_half=0,
            worst_wer=wer,
        ),
        "timing": timing,
        "memory": MEMORY,
        "provenance": Provenance(
            inputs={"seed": 0},
            key="a" * 64,
            commit="b" * 40,
            dirty=False,
            lab="0.1",
            hardware={"cpu": "some"},
            session="s",
            created="2026-01-02T03:04:05.678+00:00",
            resumed=0,
            worker_restarts=0,
        ),
        "utterances": results,
        "beyond": beyond(),
        **more,
    }
    return Record(**fields)
