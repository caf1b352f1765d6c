"""Scoring of streams: words changed by partial results, and the errors of the same clip recognised as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_modellab.core.metrics import asr
from pytest_modellab.core.metrics.measured import Row
from pytest_modellab.core.metrics.streaming import Shown, changed_words, emission_delay, first_right
from pytest_modellab.core.schema_base import edits
from pytest_modellab.core.text import Normalizer, TextRules

from ..asr.scoring import AsrScoring
from ..asr.text_analysis import Terms
from ..scoring import Judged, Parts
from .record import Streamed, StreamingSummary

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Utterance
    from pytest_modellab.catalog.specs import DatasetSpec

_TIMES = (
    *("first_s", "first_right_s", "emission_delay_s", "shown", "spoken_s", "final_s", "late_s"),
    *("speech_end_s", "endpoint"),
)


class StreamingScoring(AsrScoring):
    """The scoring of partial results and final texts."""

    utterance_part = Streamed
    run_part = StreamingSummary

    def raw(
        self, utterance: Utterance, line: Mapping[str, Any], times: Mapping[str, Any], judged: Judged
    ) -> tuple[str | None, Parts]:
        if line["part"] is None:
            return line["text"], {}
        part = {**line["part"], **times, "speech_end_s": judged.speech_ends.seconds.get(utterance.id)}
        unscored = Streamed.model_validate({**part, "offline_words": None, "changed": 0, "words": 0})
        return line["text"], {"streaming": unscored}

    def known(self, dataset: DatasetSpec, judged: Judged) -> Parts:
        stream, ends = dataset.streaming, judged.speech_ends
        known = StreamingSummary(
            chunk_s=stream.chunk_s,
            pace=stream.pace,
            endpoint_s=stream.endpoint_s,
            detector=ends.detector,
            undetected=ends.missing,
        )
        return {"streaming": known}

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
    reference = normalize(row.reference).split()
    final = normalize(row.hypothesis or "").split()
    partials = [Shown(0.0, each.audio_s, normalize(each.text).split()) for each in streamed.partials]
    first = first_right(partials, reference)
    offline = None if streamed.offline is None else asr.score(row.reference, streamed.offline, normalize).words
    counted: dict[str, Any] = {
        "offline_words": None if offline is None else edits(offline),
        "changed": changed_words(partials, final),
        "words": len(final),
        "first_audio_s": None if first is None else first.audio_s,
    }
    if streamed.shown is not None and streamed.spoken_s is not None and streamed.final_s is not None:
        shown = [Shown(each.at_s, 0.0, normalize(each.text).split()) for each in streamed.shown]
        first = first_right(shown, reference)
        final_at_s = streamed.spoken_s + streamed.final_s
        counted["first_right_s"] = None if first is None else first.at_s
        counted["emission_delay_s"] = emission_delay(shown, final, final_at_s, streamed.spoken_s, len(reference))
    if streamed.endpoint is not None:
        words = edits(asr.score(row.reference, streamed.endpoint.text, normalize).words)
        counted["endpoint"] = streamed.endpoint.model_copy(update={"words": words})
    return streamed.model_copy(update=counted)
