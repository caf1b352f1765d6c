"""Streams scored: the words that partial results change, and the errors of the clip recognised as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_modellab.core.metrics import asr
from pytest_modellab.core.metrics.measured import Row
from pytest_modellab.core.metrics.streaming import Shown, changed_words
from pytest_modellab.core.schema_base import edits
from pytest_modellab.core.text import Normalizer
from pytest_modellab.tasks.asr import scoring as transcripts
from pytest_modellab.tasks.asr.text_analysis import Terms

from .record import PartialResult, Streamed

_TIMES = ("first_s", "final_s", "late_s")


def unscored(part: Mapping[str, Any], times: Mapping[str, Any]) -> Streamed:
    """One utterance out of what a journal keeps of it, its words not yet counted."""
    partials = tuple(PartialResult(**each) for each in part["partials"])
    return Streamed(**{**part, **times, "partials": partials}, offline_words=None, changed=0, words=0)


def score(rows: Sequence[Row], normalize: Normalizer) -> list[dict[str, Any]]:
    """The parts of each row: the errors of the final text, and the stream with its words counted."""
    return [
        {**transcript, **({"streaming": _counted(row, normalize)} if "streaming" in row.parts else {})}
        for row, transcript in zip(rows, transcripts.score(rows, normalize), strict=True)
    ]


def _counted(row: Row, normalize: Normalizer) -> Streamed:
    streamed: Streamed = row.parts["streaming"]
    final = normalize(row.hypothesis or "").split()
    shown = [Shown(0.0, each.audio_s, normalize(each.text).split()) for each in streamed.partials]
    offline = None if streamed.offline is None else asr.score(row.reference, streamed.offline, normalize).words
    return streamed.model_copy(
        update={
            "offline_words": None if offline is None else edits(offline),
            "changed": changed_words(shown, final),
            "words": len(final),
        }
    )


def untimed(streamed: Streamed) -> Streamed:
    """The same without what was timed."""
    return streamed.model_copy(update=dict.fromkeys(_TIMES))


def summarize(rows: Sequence[Row], before: Mapping[str, Any], normalize: Normalizer, terms: Terms) -> dict[str, Any]:
    """The parts of a run whose `rows` are scored; `before` holds how they were streamed."""
    return {**transcripts.summarize(rows, before, normalize, terms), "streaming": before["streaming"]}
