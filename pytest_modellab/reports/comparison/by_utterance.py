"""What each utterance adds to a figure, for figures that are compared utterance by utterance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_modellab.core.metrics.streaming import kept_up
from pytest_modellab.results.latencies import seconds
from pytest_modellab.tasks.tts.record import PREDICTORS

if TYPE_CHECKING:
    from pytest_modellab.core.schema_base import Edits
    from pytest_modellab.results.record import Record, UtteranceResult


@dataclass(frozen=True)
class Added:
    """So many of so many, and what stands and falls together with it."""

    count: int
    of: int
    cluster: str | None


Counter = Callable[["UtteranceResult"], Added | None]
"""None where the utterance is none that the figure is of."""


def _answered(each: UtteranceResult) -> Added | None:
    return Added(int(each.error is None), 1, each.speaker)


def _inserted(each: UtteranceResult) -> Added | None:
    quiet = each.error is None and not each.words.hits + each.words.substitutions + each.words.deletions
    return Added(each.words.insertions, round(1000 * each.audio_s), each.speaker) if quiet else None


def _flawed(each: UtteranceResult) -> Added | None:
    return None if each.speech is None else Added(int(bool(each.speech.faults)), 1, None)


def _early(each: UtteranceResult) -> Added | None:
    if each.streamed is None:
        return None
    first = each.streamed.first_audio_s
    return Added(int(first is not None and first < each.audio_s), 1, None)


def _kept_up(each: UtteranceResult) -> Added | None:
    late = None if each.streamed is None else each.streamed.late_s
    return None if late is None else Added(int(kept_up(late)), 1, None)


def _offline(each: UtteranceResult) -> Added | None:
    counts = None if each.streamed is None else each.streamed.offline_words
    return None if counts is None else Added(_errors(counts), _units(counts), each.speaker)


def _right(each: UtteranceResult) -> Added | None:
    reply = each.reply
    return None if reply is None or reply.right is None else Added(int(reply.right), 1, reply.dialogue)


def _context(each: UtteranceResult) -> Added | None:
    return _right(each) if each.reply is not None and each.reply.context else None


def _missed(each: UtteranceResult) -> Added | None:
    reply = each.reply
    return None if reply is None or not each.reference.strip() else Added(int(reply.missed), 1, None)


def _to_noise(each: UtteranceResult) -> Added | None:
    reply = each.reply
    if reply is None or each.reference.strip() or each.error is not None:
        return None
    return Added(int(reply.words > 0 or reply.audible), 1, None)


COUNTS: Mapping[str, Counter] = {
    "success_rate": _answered,
    "insertions_per_min": _inserted,
    "flawed": _flawed,
    "early_partials": _early,
    "kept_up": _kept_up,
    "offline_wer": _offline,
    "answer_accuracy": _right,
    "context_kept": _context,
    "missed_replies": _missed,
    "replies_to_noise": _to_noise,
}
"""Rates and shares, by metric."""

SCALES: Mapping[str, float] = {"insertions_per_min": 60_000}
"""From what is counted to the unit of the metric: words per millisecond."""

MEANS = frozenset(PREDICTORS)
"""Means of a score of each utterance."""

BY_INTERVALS = (
    *("looped", "truncated", "glossary_recall", "name_recall", "number_recall"),
    *("punctuation_error", "casing_error", "language_accuracy", "unstable_words", "agreement_wer"),
)
"""Those whose parts aren't stored, or whose units differ between two sets of answers."""

SINGLE: Mapping[str, float] = {"load_s": 0.30, "peak_rss_mb": 0.10, "peak_device_mb": 0.10, "model_size_mb": 0.0}
"""Measured once in a run, and by how much of it runs differ: what `modellab calibrate` leaves room for."""


def pairs(counter: Counter, before: Record, after: Record) -> list[tuple[Added, Added]]:
    """What each utterance adds on both sides, where its units are the same."""
    first = {each.id: counter(each) for each in before.utterances}
    found = []
    for each in after.utterances:
        old, new = first.get(each.id), counter(each)
        if old is not None and new is not None and old.of == new.of:
            found.append((old, new))
    return found


def scores(metric: str, before: Record, after: Record) -> tuple[list[float], list[float]]:
    """The scores of utterances that both sides have rated."""
    first = {each.id: each.speech.quality.get(metric) for each in before.utterances if each.speech is not None}
    rated = {each.id: each.speech.quality.get(metric) for each in after.utterances if each.speech is not None}
    return _both(first, rated)


def times(name: str, before: Record, after: Record) -> tuple[list[float], list[float]]:
    """The times of utterances that both sides have timed."""
    return _both(seconds(before, name), seconds(after, name))


def _both(first: Mapping[str, float | None], second: Mapping[str, float | None]) -> tuple[list[float], list[float]]:
    found: Sequence[tuple[float, float]] = [
        (old, new) for id, new in second.items() if (old := first.get(id)) is not None and new is not None
    ]
    return [old for old, _ in found], [new for _, new in found]


def _errors(counts: Edits) -> int:
    return counts.substitutions + counts.deletions + counts.insertions


def _units(counts: Edits) -> int:
    return counts.substitutions + counts.deletions + counts.hits
