"""Rescoring of an old record: from its raw texts, by the current code and normalizer. Measurements are kept."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_modellab.core.metrics.stored import field
from pytest_modellab.core.text import DEFAULT, TextRules
from pytest_modellab.core.text.legacy import LEGACY_DEFAULTS
from pytest_modellab.tasks.asr.text_analysis import Terms
from pytest_modellab.tasks.registry import task_named

from . import table
from .price import price_of
from .record import Record, UtteranceResult
from .scoring import scored

if TYPE_CHECKING:
    from pytest_modellab.catalog.cases import Case
    from pytest_modellab.catalog.datasets import Dataset


def rescore(record: Record, rules: TextRules | None = None) -> Record:
    """`record` by other rules, by default its own in the version that is installed now (`renewed_rules`).

    Texts, times, memory and provenance are those of the run; id and scores are new, `provenance.rescored` says when.

    Raises ValueError for an unknown scorer.
    """
    again = scored(record, rules or renewed_rules(record))
    origin = {"rescored": _now(), "judging": None}
    return again.model_copy(
        update={"id": secrets.token_hex(4), "provenance": record.provenance.model_copy(update=origin)}
    )


def renewed_rules(record: Record) -> TextRules:
    """The rules of a record by which it is scored now: the default scorer for one from before there were scorers."""
    rules = record.rules
    return replace(rules, scorer=DEFAULT) if rules.scorer in LEGACY_DEFAULTS else rules


class _Unanswered(Exception):
    """An utterance that has to be answered again."""


def scored_anew(record: Record, case: Case, dataset: Dataset, judging: str) -> Record | None:
    """`record`, of the utterances of `dataset`, with every figure made by the code, terms and prices of now.

    `judging` is the digest of these. None where the record doesn't hold what it takes: a rubric that nobody was asked
    about, or how the judge's own errors came about.
    """
    known = {utterance.id: utterance for utterance in dataset.utterances}
    if list(known) != list(field(record.utterances, "id")):
        return None
    scoring = task_named(record.case.task).scoring()
    if not scoring.rescorable(record.parts):
        return None

    def renewed() -> Iterator[UtteranceResult]:
        for row in record.utterances:
            utterance = known[row.id]
            parts = scoring.renewed(row, utterance)
            if parts is None:
                raise _Unanswered
            # Reference, speaker and language are in the input key.
            attributes = {"kind": utterance.kind, "snr_db": utterance.snr_db, "attributes": dict(utterance.attributes)}
            yield row.model_copy(update={**attributes, "parts": parts})

    try:
        told = table.collected(renewed(), len(record.utterances))
    except _Unanswered:
        return None
    rules = dataset.rules
    origin = {"rescored": _now(), "stands_again": None, "judging": judging}
    again = record.model_copy(
        update={
            "id": secrets.token_hex(4),
            "title": case.model.title or case.model.id,
            "utterances": told,
            "price": price_of(case.model, case.device),
            "provenance": record.provenance.model_copy(update=origin),
        }
    )
    return scored(again, rules, Terms.of(case.dataset.glossary, case.dataset.names))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
