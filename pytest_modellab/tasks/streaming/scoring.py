"""Scoring of streams: words changed by partial results, and the errors of the same clip recognised as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_modellab.core.metrics import asr
from pytest_modellab.core.metrics.measured import Row
from pytest_modellab.core.metrics.streaming import Shown, changed_words
from pytest_modellab.core.schema_base import edits
from pytest_modellab.core.text import Normalizer, TextRules

from ..asr.scoring import AsrScoring
from ..asr.text_analysis import Terms
from ..scoring import Judged, Parts
from .record import PartialResult, Streamed, StreamingSummary

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Utterance
    from pytest_modellab.catalog.specs import DatasetSpec

_TIMES = ("first_s", "final_s", "late_s")


class StreamingScoring(AsrScoring):
    """The scoring of partial results and final texts."""

    utterance_part = Streamed
    run_part = StreamingSummary

    def raw(
        self, utterance: Utterance, line: Mapping[str, Any], times: Mapping[str, Any], judged: Judged
    ) -> tuple[str | None, Parts]:
        if line["part"] is None:
            return line["text"], {}
        part = {**line["part"], **times}
        partials = tuple(PartialResult(**each) for each in part.pop("partials"))
        unscored = Streamed(**part, partials=partials, offline_words=None, changed=0, words=0)
        return line["text"], {"streaming": unscored}

    def known(self, dataset: DatasetSpec, judged: Judged) -> Parts:
        return {"streaming": StreamingSummary(chunk_s=dataset.streaming.chunk_s, pace=dataset.streaming.pace)}

    def untimed(self, parts: Parts) -> Parts:
        streamed: Streamed | None = parts.get("streaming")
        if streamed is None:
            return parts
        return {**parts, "streaming": streamed.model_copy(update=dict.fromkeys(_TIMES))}

    def score(self, rows: Sequence[Row], rules: TextRules) -> list[Parts]:
        return [
            {**transcript, **({"streaming": _counted(row, rules.of(row.language))} if "streaming" in row.parts else {})}
            for row, transcript in zip(rows, super().score(rows, rules), strict=True)
        ]

    def summarize(self, rows: Sequence[Row], before: Mapping[str, Any], rules: TextRules, terms: Terms) -> Parts:
        known = {"streaming": before["streaming"]} if "streaming" in before else {}
        return {**super().summarize(rows, before, rules, terms), **known}


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
