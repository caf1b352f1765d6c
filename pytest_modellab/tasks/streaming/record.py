"""What a record holds of streams: of each utterance, and of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from pytest_modellab.core.metrics import asr, speed
from pytest_modellab.core.metrics.streaming import Shown, changed_words, kept_up
from pytest_modellab.core.schema_base import Edits, Range, Stored, edits, ranged, volatile

if TYPE_CHECKING:
    from pytest_modellab.core.text import Normalizer
    from pytest_modellab.results.record import UtteranceResult


METRICS = (
    *("first_partial_p50_s", "first_partial_p95_s", "early_partials", "final_p50_s", "final_p95_s"),
    *("unstable_words", "offline_wer", "streaming_loss", "late_max_s", "kept_up", "reconnects", "backpressure_s"),
)
"""Those that only streams have."""


class PartialResult(Stored):
    """What the stream held to have been said so far."""

    text: str
    audio_s: float = volatile(description="of audio that had been handed over")


class Streamed(Stored):
    """How one utterance was recognised while it came in."""

    partials: tuple[PartialResult, ...]
    offline: str | None = Field(description="the clip recognised as a whole, raw; null where the engine can't")
    offline_words: Edits | None
    changed: int = Field(description="words of partials that the next one, or the final text, changed")
    words: int = Field(description="of the final text")
    first_audio_s: float | None = volatile(description="of audio handed over when the first word was shown")
    first_s: float | None = volatile(default=None, description="from where the clip begins to the first word shown")
    final_s: float | None = volatile(default=None, description="from where the last sample is spoken to the final text")
    late_s: float | None = volatile(default=None, description="the most it was behind the speaker")
    reconnects: int | None = volatile(default=None, description="null where it goes to no server")
    waited_s: float | None = volatile(default=None, description="that audio had to wait for the server")


class StreamingSummary(Stored):
    """Figures of all utterances of a record."""

    chunk_s: float = Field(description="audio handed over at once")
    pace: float | None = Field(description="times as fast as it is spoken; null: as fast as it is taken")
    first_partial_p50_s: float | None = volatile()
    first_partial_p95_s: float | None = volatile()
    first_partial_p50_s_interval: Range | None = volatile(default=None)
    first_partial_p95_s_interval: Range | None = volatile(default=None)
    early_partials: float | None = volatile()
    early_partials_interval: Range | None = volatile(default=None)
    final_p50_s: float | None = volatile()
    final_p95_s: float | None = volatile()
    final_p50_s_interval: Range | None = volatile(default=None)
    final_p95_s_interval: Range | None = volatile(default=None)
    unstable_words: float | None
    unstable_words_interval: Range | None = None
    offline_wer: float | None = Field(description="of characters, where words aren't divided by spaces")
    offline_wer_interval: Range | None = None
    streaming_loss: float | None
    late_max_s: float | None = volatile()
    kept_up: float | None = volatile()
    kept_up_interval: Range | None = volatile(default=None)
    reconnects: float | None = volatile()
    backpressure_s: float | None = volatile()
    missing: dict[str, str] = volatile(default_factory=dict, description="metric -> why it is null")


def scored(
    part: Mapping[str, Any], times: Mapping[str, Any], reference: str, text: str | None, normalize: Normalizer
) -> Streamed:
    """One utterance out of what a journal keeps of it: see `kept`."""
    partials = tuple(PartialResult(**each) for each in part["partials"])
    unscored = Streamed(**{**part, **times, "partials": partials}, offline_words=None, changed=0, words=0)
    return rescored(unscored, reference, text, normalize)


def rescored(streamed: Streamed, reference: str, text: str | None, normalize: Normalizer) -> Streamed:
    """The same with its words counted under `normalize`."""
    final = normalize(text or "").split()
    shown = [Shown(0.0, each.audio_s, normalize(each.text).split()) for each in streamed.partials]
    offline = None if streamed.offline is None else asr.score(reference, streamed.offline, normalize).words
    return streamed.model_copy(
        update={
            "offline_words": None if offline is None else edits(offline),
            "changed": changed_words(shown, final),
            "words": len(final),
        }
    )


def counted_again(result: UtteranceResult, normalize: Normalizer) -> UtteranceResult:
    """An utterance with the words of its stream, if it was one, counted under `normalize`."""
    if result.streamed is None:
        return result
    streamed = rescored(result.streamed, result.reference, result.hypothesis, normalize)
    return result.model_copy(update={"streamed": streamed})


def again(
    summary: StreamingSummary | None, results: Sequence[UtteranceResult], no_speed: str | None
) -> StreamingSummary | None:
    """The summary of a record whose utterances are `results` now; None where it is no record of streams."""
    return None if summary is None else summarize(results, summary.chunk_s, summary.pace, no_speed)


def untimed(streamed: Streamed | None) -> Streamed | None:
    """The same without what was timed."""
    return None if streamed is None else streamed.model_copy(update=dict.fromkeys(("first_s", "final_s", "late_s")))


def summarize(
    results: Sequence[UtteranceResult], chunk_s: float, pace: float | None, no_speed: str | None
) -> StreamingSummary:
    """The figures of `results`, of those that were answered; `no_speed` is why none was timed, if it is known."""
    # Here, because tests import these types where numpy is not wanted yet.
    from pytest_modellab.core.stats.intervals import error_rate_interval, quantile_interval, wilson_interval

    found = [(result, result.streamed) for result in results if result.streamed is not None]
    streams = [streamed for _, streamed in found]
    paced = [each for each in streams if each.late_s is not None]
    first = [each.first_s for each in paced if each.first_s is not None]
    final = [each.final_s for each in paced if each.final_s is not None]
    early = sum(s.first_audio_s is not None and s.first_audio_s < r.audio_s for r, s in found)
    up = sum(kept_up(each.late_s or 0.0) for each in paced)
    remote = [each for each in streams if each.reconnects is not None]
    whole = [(r, s.offline_words) for r, s in found if s.offline_words is not None]
    errors, words = [_errors(w) for _, w in whole], [_units(w) for _, w in whole]
    offline, online = _ratio(errors, words), _ratio([_errors(r.words) for r, _ in whole], words)
    speakers = [result.speaker for result, _ in found]
    changed, shown = [each.changed for each in streams], [each.words for each in streams]
    return StreamingSummary(
        chunk_s=chunk_s,
        pace=pace,
        first_partial_p50_s=speed.quantile(first, 0.5),
        first_partial_p95_s=speed.quantile(first, 0.95),
        first_partial_p50_s_interval=ranged(quantile_interval(first, 0.5)),
        first_partial_p95_s_interval=ranged(quantile_interval(first, 0.95)),
        early_partials=early / len(found) if found else None,
        early_partials_interval=ranged(wilson_interval(early, len(found))),
        final_p50_s=speed.quantile(final, 0.5),
        final_p95_s=speed.quantile(final, 0.95),
        final_p50_s_interval=ranged(quantile_interval(final, 0.5)),
        final_p95_s_interval=ranged(quantile_interval(final, 0.95)),
        unstable_words=_ratio(changed, shown),
        unstable_words_interval=ranged(error_rate_interval(changed, shown, speakers)),
        offline_wer=offline,
        offline_wer_interval=ranged(error_rate_interval(errors, words, [result.speaker for result, _ in whole])),
        streaming_loss=None if offline is None or online is None else online - offline,
        late_max_s=max((each.late_s for each in paced if each.late_s is not None), default=None),
        kept_up=up / len(paced) if paced else None,
        kept_up_interval=ranged(wilson_interval(up, len(paced))),
        reconnects=float(sum(each.reconnects or 0 for each in remote)) if remote else None,
        backpressure_s=sum(each.waited_s or 0.0 for each in remote) if remote else None,
        missing=_missing(streams, paced, first, whole=bool(whole), remote=bool(remote), pace=pace, no_speed=no_speed),
    )


def _missing(
    streams: Sequence[Streamed],
    paced: Sequence[Streamed],
    first: Sequence[float],
    *,
    whole: bool,
    remote: bool,
    pace: float | None,
    no_speed: str | None,
) -> dict[str, str]:
    if not streams:
        return dict.fromkeys(METRICS, "no utterance was answered")
    reasons: dict[str, str] = {}
    if not paced:
        why = "the data set has `pace: null`" if pace is None else "no stream was paced with the machine held alone"
        why = no_speed or why
        timed = ("first_partial_p50_s", "first_partial_p95_s", "final_p50_s", "final_p95_s", "late_max_s", "kept_up")
        reasons |= dict.fromkeys(timed, why)
    elif not first:
        reasons |= dict.fromkeys(("first_partial_p50_s", "first_partial_p95_s"), "no partial result had a word")
    if not any(each.words for each in streams):
        reasons["unstable_words"] = "no final text has a word"
    if not whole:
        reasons |= dict.fromkeys(("offline_wer", "streaming_loss"), "the engine recognises no clip as a whole")
    if not remote:
        reasons |= dict.fromkeys(("reconnects", "backpressure_s"), "the stream goes to no server")
    return reasons


def _errors(counts: Edits) -> int:
    return counts.errors


def _units(counts: Edits) -> int:
    return counts.units


def _ratio(errors: Sequence[int], units: Sequence[int]) -> float | None:
    return sum(errors) / sum(units) if sum(units) else None
