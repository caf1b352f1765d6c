"""An old record scored again: from its raw texts, by today's code and normalizer. What was measured stays as it was."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_modellab.core.metrics import asr
from pytest_modellab.core.schema_base import edits
from pytest_modellab.core.text import CHARACTERS, Normalizer, normalizer
from pytest_modellab.tasks.chat import scoring as chat_scoring
from pytest_modellab.tasks.streaming import record as streaming_record
from pytest_modellab.tasks.tts import scoring as speech_scoring

from . import hidden_errors
from .assemble import retimed, score, summarize
from .record import NormalizerRef, Price, Record, UtteranceResult

if TYPE_CHECKING:
    from pytest_modellab.catalog.cases import Case
    from pytest_modellab.catalog.datasets import Dataset, Utterance


def rescore(record: Record, name: str | None = None) -> Record:
    """`record` under the normalizer `name`, by default its own in the version that is installed now.

    Texts, times, memory and provenance are those of the run; id and scores are new, `provenance.rescored` says when.

    Raises ValueError for an unknown normalizer.
    """
    normalize = normalizer(name or record.normalizer.name)
    scored, results = rescored(record.case.task, record.utterances, normalize)
    listed = record.beyond
    glossary, names = (
        ([], []) if listed is None else ([t.term for t in listed.glossary], [t.term for t in listed.names])
    )
    return record.model_copy(
        update={
            "id": secrets.token_hex(4),
            "normalizer": NormalizerRef(name=normalize.name, version=normalize.version),
            "summary": summarize(results, scored, words=normalize.name != CHARACTERS),
            "utterances": tuple(results),
            "streaming": streaming_record.again(record.streaming, results, record.timing.no_speed),
            "beyond": None
            if record.chat
            else hidden_errors.count(results, normalize, hidden_errors.Terms.cut(glossary, names, normalize)),
            "chat": chat_scoring.summarize(results) if record.chat else None,
            "provenance": record.provenance.model_copy(
                update={"rescored": datetime.now(UTC).isoformat(timespec="milliseconds"), "judging": None}
            ),
        }
    )


def scored_anew(record: Record, case: Case, dataset: Dataset, judging: str) -> Record | None:
    """`record`, of the utterances of `dataset`, with every figure made by the code, terms and prices of now.

    `judging` is the digest of these. None where the record doesn't hold what it takes: a rubric that nobody was asked
    about, or how the judge's own errors came about.
    """
    known = {utterance.id: utterance for utterance in dataset.utterances}
    if list(known) != [row.id for row in record.utterances]:
        return None
    if record.speech is not None and record.speech.judge.wer is not None:
        return None
    told = [_told(row, known[row.id]) for row in record.utterances]
    if any(
        new.reply and old.reply and new.reply.rubric != old.reply.rubric
        for new, old in zip(told, record.utterances, strict=True)
    ):
        return None
    normalize = normalizer(dataset.normalizer)
    scored, results = rescored(case.task, told, normalize)
    if record.speech is not None:
        results = speech_scoring.paced(results)
    chats, price, speech = case.task == "chat", case.device.price, record.speech
    terms = hidden_errors.Terms.cut(case.dataset.glossary, case.dataset.names, normalize)
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    origin = {"rescored": now, "stands_again": None, "judging": judging}
    return record.model_copy(
        update={
            "id": secrets.token_hex(4),
            "title": case.model.title or case.model.id,
            "normalizer": NormalizerRef(name=normalize.name, version=normalize.version),
            "summary": summarize(results, scored, words=normalize.name != CHARACTERS),
            "utterances": tuple(results),
            "timing": record.timing if record.timing.no_speed else retimed(record.timing, results),
            "price": None if price is None else Price(per_hour=price.per_hour, currency=price.currency),
            "streaming": streaming_record.again(record.streaming, results, record.timing.no_speed),
            "speech": None if speech is None else speech_scoring.again(speech, results),
            "beyond": None if chats else hidden_errors.count(results, normalize, terms),
            "chat": chat_scoring.summarize(results) if chats else None,
            "provenance": record.provenance.model_copy(update=origin),
        }
    )


def _told(row: UtteranceResult, utterance: Utterance) -> UtteranceResult:
    """A row with what its data set tells of the utterance now; reference, speaker and language are in the input key."""
    update: dict[str, object] = {"kind": utterance.kind, "snr_db": utterance.snr_db}
    if row.reply is not None and utterance.turn is not None:
        turn = utterance.turn
        told = {"dialogue": turn.dialogue, "context": turn.context, "rubric": turn.rubric}
        update["reply"] = row.reply.model_copy(update={**told, "rules": chat_scoring.given(turn.rules)})
    return row.model_copy(update=update)


def rescored(
    task: str, utterances: Sequence[UtteranceResult], normalize: Normalizer
) -> tuple[list[asr.Scored], list[UtteranceResult]]:
    """The error counts of each utterance, and the results with all that is a function of their raw texts."""
    scored = [score(task, each.reference, each.hypothesis, normalize) for each in utterances]
    results = []
    for result, each in zip(utterances, scored, strict=True):
        update: dict[str, object] = {"words": edits(each.words), "characters": edits(each.characters)}
        if result.reply is not None:
            failed = result.error is not None
            update["reply"] = chat_scoring.judged(result.reply, result.reference, normalize, failed=failed)
        results.append(streaming_record.counted_again(result.model_copy(update=update), normalize))
    return scored, results
