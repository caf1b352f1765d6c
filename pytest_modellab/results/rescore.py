"""Rescoring of an old record: from its raw texts, by the current code and normalizer. Measurements are kept."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_modellab.core.text import normalizer
from pytest_modellab.tasks.asr.text_analysis import Terms
from pytest_modellab.tasks.chat import scoring as chat_scoring

from .record import Price, Record, UtteranceResult
from .scoring import scored

if TYPE_CHECKING:
    from pytest_modellab.catalog.cases import Case
    from pytest_modellab.catalog.datasets import Dataset, Utterance


def rescore(record: Record, name: str | None = None) -> Record:
    """`record` under the normalizer `name`, by default its own in the version that is installed now.

    Texts, times, memory and provenance are those of the run; id and scores are new, `provenance.rescored` says when.

    Raises ValueError for an unknown normalizer.
    """
    again = scored(record, normalizer(name or record.normalizer.name))
    origin = {"rescored": _now(), "judging": None}
    return again.model_copy(
        update={"id": secrets.token_hex(4), "provenance": record.provenance.model_copy(update=origin)}
    )


def scored_anew(record: Record, case: Case, dataset: Dataset, judging: str) -> Record | None:
    """`record`, of the utterances of `dataset`, with every figure made by the code, terms and prices of now.

    `judging` is the digest of these. None where the record doesn't hold what it takes: a rubric that nobody was asked
    about, or how the judge's own errors came about.
    """
    known = {utterance.id: utterance for utterance in dataset.utterances}
    if list(known) != [row.id for row in record.utterances]:
        return None
    if "tts" in record.parts and record.parts["tts"].judge.wer is not None:
        return None
    told = tuple(_with_attributes(row, known[row.id]) for row in record.utterances)
    if any(_rubric(new) != _rubric(old) for new, old in zip(told, record.utterances, strict=True)):
        return None
    normalize, price = normalizer(dataset.normalizer), case.device.price
    origin = {"rescored": _now(), "stands_again": None, "judging": judging}
    renewed = record.model_copy(
        update={
            "id": secrets.token_hex(4),
            "title": case.model.title or case.model.id,
            "utterances": told,
            "price": None if price is None else Price(per_hour=price.per_hour, currency=price.currency),
            "provenance": record.provenance.model_copy(update=origin),
        }
    )
    return scored(renewed, normalize, Terms.cut(case.dataset.glossary, case.dataset.names, normalize))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _rubric(row: UtteranceResult) -> str | None:
    rubric: str | None = row.parts["chat"].rubric if "chat" in row.parts else None
    return rubric


def _with_attributes(row: UtteranceResult, utterance: Utterance) -> UtteranceResult:
    """A row with what its data set tells of the utterance now; reference, speaker and language are in the input key."""
    update: dict[str, object] = {
        "kind": utterance.kind,
        "snr_db": utterance.snr_db,
        "attributes": dict(utterance.attributes),
    }
    if "chat" in row.parts and utterance.turn is not None:
        turn = utterance.turn
        told = {"dialogue": turn.dialogue, "context": turn.context, "rubric": turn.rubric}
        reply = row.parts["chat"].model_copy(update={**told, "rules": chat_scoring.given(turn.rules)})
        update["parts"] = {**row.parts, "chat": reply}
    return row.model_copy(update=update)
