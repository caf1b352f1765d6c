"""Scoring of records: computes everything that is a function of the raw answers. Records are scored nowhere else."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_modellab.core.text import TextRules
from pytest_modellab.tasks.asr.record import transcripts_of
from pytest_modellab.tasks.asr.text_analysis import Terms
from pytest_modellab.tasks.registry import task_named

from .record import NormalizerRef, Record, Summary, UtteranceResult
from .values import valued


def scored(record: Record, rules: TextRules, terms: Terms | None = None) -> Record:
    """`record` with errors, parts and values made of the raw texts and times of its utterances.

    `terms` are what the data set's spec lists, by default what the record holds. What was measured once stays.
    """
    task = task_named(record.case.task).scoring()
    parts = task.score(record.utterances, rules)
    rows = tuple(row.model_copy(update={"parts": own}) for row, own in zip(record.utterances, parts, strict=True))
    listed = terms if terms is not None else terms_of(record)
    made = record.model_copy(
        update={
            "normalizer": NormalizerRef.of(rules),
            "utterances": rows,
            "summary": summary(rows),
            "parts": task.summarize(rows, record.parts, rules, listed),
        }
    )
    return valued(made)


def terms_of(record: Record) -> Terms:
    """The terms that a record holds."""
    part = transcripts_of(record)
    if part is None:
        return Terms()
    return Terms.of([each.term for each in part.glossary], [each.term for each in part.names])


def summary(rows: Sequence[UtteranceResult]) -> Summary:
    """Sums over all utterances."""
    return Summary(
        utterances=len(rows),
        answered=sum(row.error is None for row in rows),
        spoken=sum(bool(row.reference.strip()) for row in rows),
        audio_s=sum(row.audio_s for row in rows),
    )
