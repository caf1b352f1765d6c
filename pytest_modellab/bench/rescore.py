"""An old record scored again: from its raw texts, by today's code and normalizer. What was measured stays as it was."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from ..metrics import asr
from ..text import CHARACTERS, normalizer
from . import beyond
from .assemble import summarize
from .record import NormalizerRef, Record
from .stored import edits


def rescore(record: Record, name: str | None = None) -> Record:
    """`record` under the normalizer `name`, by default its own in the version that is installed now.

    Texts, times, memory and provenance are those of the run; id and scores are new, `provenance.rescored` says when.

    Raises ValueError for an unknown normalizer.
    """
    normalize = normalizer(name or record.normalizer.name)
    scored = [asr.score(each.reference, each.hypothesis, normalize) for each in record.utterances]
    results = [
        result.model_copy(update={"words": edits(each.words), "characters": edits(each.characters)})
        for result, each in zip(record.utterances, scored, strict=True)
    ]
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
            "beyond": beyond.count(results, normalize, beyond.Terms.cut(glossary, names, normalize)),
            "provenance": record.provenance.model_copy(
                update={"rescored": datetime.now(UTC).isoformat(timespec="milliseconds")}
            ),
        }
    )
