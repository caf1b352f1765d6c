"""An old record scored again: from its raw texts, by today's code and normalizer. What was measured stays as it was."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from ..metrics import asr
from ..text import CHARACTERS, Normalizer, normalizer
from . import beyond, chat_figures, streaming_record
from .assemble import score, summarize
from .record import NormalizerRef, Record, UtteranceResult
from .stored import edits


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
            else beyond.count(results, normalize, beyond.Terms.cut(glossary, names, normalize)),
            "chat": chat_figures.summarize(results) if record.chat else None,
            "provenance": record.provenance.model_copy(
                update={"rescored": datetime.now(UTC).isoformat(timespec="milliseconds")}
            ),
        }
    )


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
            update["reply"] = chat_figures.judged(result.reply, result.reference, normalize, failed=failed)
        results.append(streaming_record.counted_again(result.model_copy(update=update), normalize))
    return scored, results
