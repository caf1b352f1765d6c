"""Assembly of a record from a journal. Scoring is a function of the raw texts and the references."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.core.hardware import hardware
from pytest_modellab.core.metrics.stored import fields
from pytest_modellab.core.schema_base import Failure
from pytest_modellab.core.version import __version__
from pytest_modellab.tasks.asr.text_analysis import Terms
from pytest_modellab.tasks.registry import task_named
from pytest_modellab.tasks.scoring import Judged

from . import core_wait, table
from .price import price_of
from .record import (
    BatchRef,
    MemoryUse,
    NormalizerRef,
    Pass,
    Provenance,
    Record,
    Timing,
    UtteranceResult,
)
from .scoring import scored, summary
from .shard_ref import ShardOf

if TYPE_CHECKING:
    from pytest_modellab.catalog.cases import Case
    from pytest_modellab.catalog.datasets import Dataset, Utterance

    from .facts import Memory, RunFacts


@dataclass(frozen=True)
class Origin:
    """Provenance of a record, apart from the run itself."""

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
    rules = dataset.rules
    known = Judged() if judged is None else judged
    rows = table.collected(
        (
            _row(case.task, each, answers[each.id], timed.get(each.id), (times or {}).get(each.id, {}), facts, known)
            for each in dataset.utterances
        ),
        len(dataset.utterances),
    )
    raw = Record(
        id=secrets.token_hex(4),
        case=CaseRef(task=case.task, model=case.model.id, device=case.device.id, dataset=case.dataset.id),
        title=case.model.title or case.model.id,
        limited_to=limited_to,
        shard=origin.shard,
        failure=facts.failure,
        loaded=dict(facts.loaded),
        ran_on=facts.fallback_device,
        normalizer=NormalizerRef.of(rules),
        summary=summary(rows),
        parts=task_named(case.task).scoring().known(case.dataset, known),
        timing=timing(rows, facts),
        memory=_memory(facts.memory, origin.model_size),
        price=price_of(case.model, case.device),
        provenance=Provenance(
            inputs=origin.inputs,
            key=origin.key,
            judging=origin.judging,
            commit=origin.commit,
            dirty=origin.dirty,
            lab=__version__,
            hardware=hardware() if facts.hardware is None else dict(facts.hardware),
            session=origin.session,
            created=datetime.now(UTC).isoformat(timespec="milliseconds"),
            resumed=facts.resumed,
            worker_restarts=facts.restarts,
        ),
        utterances=(),
        findings=facts.findings,
    ).model_copy(update={"utterances": rows})
    return scored(raw, rules, Terms.of(case.dataset.glossary, case.dataset.names))


def _row(
    task: str,
    utterance: Utterance,
    answer: Mapping[str, Any],
    processing_s: float | None,
    times: Mapping[str, Any],
    facts: RunFacts,
    judged: Judged,
) -> UtteranceResult:
    """One utterance with its raw answer, not yet scored."""
    scoring = task_named(task).scoring()
    text, parts = scoring.raw(utterance, answer, times, judged)
    return UtteranceResult(
        id=utterance.id,
        reference=utterance.text,
        hypothesis=text,
        detected_language=answer.get("language"),
        audio_s=answer["audio_s"],
        processing_s=processing_s,
        error=None if answer["error"] is None else Failure(**answer["error"]),
        speaker=utterance.speaker,
        language=utterance.language,
        kind=utterance.kind,
        snr_db=utterance.snr_db,
        attributes=dict(utterance.attributes),
        cut_from=answer.get("cut_from"),
        retries=answer.get("retries"),
        batch=None if (batch := answer.get("batch")) is None else BatchRef(**batch),
        client_s=None if processing_s is None else answer.get("client_s"),
        prompt=utterance.prompt if utterance.prompt != utterance.text else None,
        parts=scoring.untimed(parts) if facts.no_speed else parts,
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
    """What was timed once, and whether any of the utterances that were answered was timed."""
    timed = any(error is None and seconds is not None for error, seconds in fields(results, "error", "processing_s"))
    no_speed = facts.no_speed or (None if timed else "no utterance was answered")
    conditions = facts.conditions
    return Timing(
        load_s=facts.load_s,
        first_call_s=facts.first_call_s,
        clip5_calls_s=() if no_speed else tuple(conditions.clip_s),
        spread=None if no_speed else conditions.spread,
        others=conditions.calls.others,
        core_wait=conditions.calls.core_wait,
        core_wait_method=conditions.calls.method if conditions.calls.wall_s else None,
        throttled=conditions.throttled,
        load_average=conditions.load_average,
        noisy=conditions.noisy,
        loading_others=conditions.loading.others,
        loading_core_wait=conditions.loading.core_wait,
        noise_definition=core_wait.DEFINITION,
        noisy_loading=conditions.noisy_loading,
        no_speed=no_speed,
        passes=tuple(Pass.model_validate(each) for each in conditions.passes),
    )
