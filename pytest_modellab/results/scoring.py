"""Scoring of records: computes everything that is a function of the raw answers. Records are scored nowhere else."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_modellab.core.metrics.stored import field
from pytest_modellab.core.text import TextRules
from pytest_modellab.tasks.asr.record import transcripts_of
from pytest_modellab.tasks.asr.text_analysis import Terms
from pytest_modellab.tasks.registry import task_named

from . import table
from .record import NormalizerRef, Record, Rows, Summary, UtteranceResult
from .values import valued


def scored(record: Record, rules: TextRules, terms: Terms | None = None) -> Record:
    """`record` with errors, parts and values made of the raw texts and times of its utterances.

    `terms` are what the data set's spec lists, by default what the record holds. What was measured once stays.
    """
    task = task_named(record.case.task).scoring()
    rows = _scored_rows(record, rules)
    listed = terms if terms is not None else terms_of(record)
    made = record.model_copy(
        update={
            "normalizer": NormalizerRef.of(rules),
            "utterances": rows,
            "summary": summary(rows),
            "parts": task.summarize(rows, record.parts, rules, listed),
        }
    )
    if table.wanted(len(rows)):
        from .record_tables import with_contributions

        made = with_contributions(made)
    return valued(made)


def _scored_rows(record: Record, rules: TextRules) -> Rows:
    """The rows with parts made of raw texts, in a table where the record has, or is to have one."""
    task = task_named(record.case.task).scoring()
    if task.by_row and table.wanted(len(record.utterances)):
        from .table.steps import Scored, stepped
        from .table.stored_rows import StoredRows

        rows = table.collected(record.utterances, len(record.utterances))
        assert isinstance(rows, StoredRows)
        return stepped(rows, Scored(record.case.task, rules))
    parts = task.score(record.utterances, rules)
    scored_rows = (row.model_copy(update={"parts": own}) for row, own in zip(record.utterances, parts, strict=True))
    return table.collected(scored_rows, len(parts))


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
        answered=sum(error is None for error in field(rows, "error")),
        spoken=sum(bool(reference.strip()) for reference in field(rows, "reference")),
        audio_s=sum(field(rows, "audio_s")),
    )
