"""The times of a record's utterances, by the name that their quantiles begin with: `latency` of `latency_p95_s`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .record import Record, UtteranceResult

_QUANTILE = re.compile(r"(\w+)_p(\d+)_s")

LATENCIES: Mapping[str, Callable[[UtteranceResult], float | None]] = {
    "latency": lambda each: None if each.error is not None else each.processing_s,
    "first_partial": lambda each: None if each.streamed is None else each.streamed.first_s,
    "final": lambda each: None if each.streamed is None else each.streamed.final_s,
    "first_token": lambda each: None if each.reply is None else each.reply.first_token_s,
    "onset": lambda each: None if each.reply is None else each.reply.onset_s,
    "first_audio": lambda each: (
        each.speech.first_audio_s if each.speech else each.reply.first_audio_s if each.reply else None
    ),
}
"""Seconds of one utterance; None where it was not timed."""


def quantile_of(metric: str) -> tuple[str, float] | None:
    """The times and the quantile that a metric is of: ("latency", 0.95); None where it is of none."""
    found = _QUANTILE.fullmatch(metric)
    return (found[1], int(found[2]) / 100) if found and found[1] in LATENCIES else None


def seconds(record: Record, name: str) -> dict[str, float]:
    """The times of the utterances that have one, by their ids."""
    timed = LATENCIES[name]
    return {each.id: value for each in record.utterances if (value := timed(each)) is not None}
