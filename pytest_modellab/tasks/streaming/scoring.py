"""Streams scored: the words that partial results change, and the errors of the clip recognised as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_modellab.core.metrics import asr
from pytest_modellab.core.metrics.measured import Row
from pytest_modellab.core.metrics.streaming import Shown, changed_words
from pytest_modellab.core.schema_base import edits
from pytest_modellab.core.text import Normalizer
from pytest_modellab.tasks.asr.scoring import AsrScoring
from pytest_modellab.tasks.asr.text_analysis import Terms
from pytest_modellab.tasks.scoring import Judged

from .record import PartialResult, Streamed, StreamingSummary

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Utterance
    from pytest_modellab.catalog.specs import DatasetSpec

_TIMES = ("first_s", "final_s", "late_s")


def unscored(part: Mapping[str, Any], times: Mapping[str, Any]) -> Streamed:
    """One utterance out of what a journal keeps of it, its words not yet counted."""
    partials = tuple(PartialResult(**each) for each in part["partials"])
    return Streamed(**{**part, **times, "partials": partials}, offline_words=None, changed=0, words=0)


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


class StreamingScoring(AsrScoring):
    """The final text as a transcript, and the stream with its words counted."""

    utterance_type = Streamed
    run_type = StreamingSummary

    def part(
        self, utterance: Utterance, answer: Mapping[str, Any], times: Mapping[str, Any], judged: Judged
    ) -> object | None:
        return None if answer["part"] is None else unscored(answer["part"], times)

    def known(self, dataset: DatasetSpec, judged: Judged) -> dict[str, Any]:
        return {"streaming": StreamingSummary(chunk_s=dataset.streaming.chunk_s, pace=dataset.streaming.pace)}

    def untimed(self, parts: dict[str, Any]) -> dict[str, Any]:
        streamed: Streamed | None = parts.get("streaming")
        if streamed is None:
            return parts
        return {**parts, "streaming": streamed.model_copy(update=dict.fromkeys(_TIMES))}

    def score(self, rows: Sequence[Row], normalize: Normalizer) -> list[dict[str, Any]]:
        return [
            {**transcript, **({"streaming": _counted(row, normalize)} if "streaming" in row.parts else {})}
            for row, transcript in zip(rows, super().score(rows, normalize), strict=True)
        ]

    def summarize(
        self, rows: Sequence[Row], before: Mapping[str, Any], normalize: Normalizer, terms: Terms
    ) -> dict[str, Any]:
        known = {"streaming": before["streaming"]} if "streaming" in before else {}
        return {**super().summarize(rows, before, normalize, terms), **known}


SCORING = StreamingScoring()
