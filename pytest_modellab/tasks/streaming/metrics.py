"""Metrics of streaming: latency, lag and stability of partial results, and the accuracy lost by streaming."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_modellab.core.metrics.aggregate import Maximum, Quantile, Ratio, Share, Total
from pytest_modellab.core.metrics.measured import Run, Utterance
from pytest_modellab.core.metrics.metric import SPEAKER, Metric, Missing, NotCompared
from pytest_modellab.core.metrics.streaming import kept_up

from ..asr.record import transcript_of
from .endpoint_metrics import METRICS as ENDPOINT_METRICS
from .paced import TASKS, time_of, unanswered, unpaced
from .record import stream_of

if TYPE_CHECKING:
    from .record import Streamed


def _remote(utterance: Utterance) -> Streamed | None:
    stream = stream_of(utterance)
    return None if stream is None or stream.reconnects is None else stream


_first_partial, _final, _late, _delay = map(time_of, ("first_right_s", "final_s", "late_s", "emission_delay_s"))


def _early(utterance: Utterance) -> tuple[float, float] | None:
    stream = stream_of(utterance)
    if stream is None:
        return None
    return stream.first_audio_s is not None and stream.first_audio_s < utterance.row.audio_s, 1


def _kept_up(utterance: Utterance) -> tuple[float, float] | None:
    late = _late(utterance)
    return None if late is None else (kept_up(late), 1)


def _changed(utterance: Utterance) -> tuple[float, float] | None:
    stream = stream_of(utterance)
    return None if stream is None else (stream.changed, stream.words)


def _offline(utterance: Utterance) -> tuple[float, float] | None:
    stream = stream_of(utterance)
    counts = None if stream is None else stream.offline_words
    return None if counts is None else (counts.errors, counts.units)


def _loss(utterance: Utterance) -> tuple[float, float] | None:
    """Word errors of the final text less those of the clip recognised as a whole."""
    offline = _offline(utterance)
    transcript = transcript_of(utterance)
    return None if offline is None or transcript is None else (transcript.words.errors - offline[0], offline[1])


def _reconnects(utterance: Utterance) -> float | None:
    stream = _remote(utterance)
    return None if stream is None else stream.reconnects


def _waited(utterance: Utterance) -> float | None:
    stream = _remote(utterance)
    return None if stream is None else stream.waited_s or 0.0


def _no_first_partial(run: Run) -> Missing:
    old = any(stream.shown is None for row in run.utterances if (stream := row.parts.get("streaming")) is not None)
    return Missing("the record has no times of its partial results" if old else "no partial result was right")


METRICS = (
    Metric(
        name="first_partial_p50_s",
        title="First partial p50",
        unit="s",
        better="lower",
        doc="Median, over the clips, of the time from where the clip begins to the first partial result that is right "
        "so far: fewer than half of its words are wrong. The wait for the words to be spoken is in it.",
        aggregate=Quantile(0.5),
        contribution=_first_partial,
        timed="calls",
        tasks=TASKS,
        missing=unpaced,
        empty=_no_first_partial,
        version=2,
    ),
    Metric(
        name="first_partial_p95_s",
        title="First partial p95",
        unit="s",
        better="lower",
        doc="95th percentile of the same.",
        aggregate=Quantile(0.95),
        contribution=_first_partial,
        timed="calls",
        tasks=TASKS,
        missing=unpaced,
        empty=_no_first_partial,
        version=2,
    ),
    Metric(
        name="emission_delay_p50_s",
        title="Emission delay p50",
        unit="s",
        better="lower",
        doc="Median, over the clips, of how long after its time a word is shown for good, mean over the words of the "
        "clip: length-adaptive average lagging (LAAL) by the clock.",
        aggregate=Quantile(0.5),
        contribution=_delay,
        timed="calls",
        tasks=TASKS,
        missing=unpaced,
        empty="no final text with the times of its partial results has a word",
    ),
    Metric(
        name="early_partials",
        title="Early partials",
        unit="%",
        better="higher",
        doc="Share of the clips with a partial result that is right so far before all of their audio was handed over.",
        aggregate=Share(clustered=True),
        contribution=_early,
        volatile=True,
        cluster=SPEAKER,
        tasks=TASKS,
        missing=unanswered,
        version=2,
    ),
    Metric(
        name="final_p50_s",
        title="Final p50",
        unit="s",
        better="lower",
        doc="Median, over the clips, of the time from where the last sample is spoken to the final text, after an "
        "explicit stop; what the stream is behind by then is in it.",
        aggregate=Quantile(0.5),
        contribution=_final,
        timed="calls",
        tasks=TASKS,
        missing=unpaced,
    ),
    Metric(
        name="final_p95_s",
        title="Final p95",
        unit="s",
        better="lower",
        doc="95th percentile of the same.",
        aggregate=Quantile(0.95),
        contribution=_final,
        timed="calls",
        tasks=TASKS,
        missing=unpaced,
    ),
    *ENDPOINT_METRICS,
    Metric(
        name="unstable_words",
        title="Unstable words",
        unit="%",
        better="lower",
        doc="Unstable partial word ratio (Shangguan et al. 2020): words of partial results from the first on that "
        "the next one changes, over the words of the final texts. May exceed 100 %.",
        aggregate=Ratio(),
        contribution=_changed,
        cluster=SPEAKER,
        tasks=TASKS,
        missing=unanswered,
        empty="no final text has a word",
        compared="intervals",
    ),
    Metric(
        name="offline_wer",
        title="Offline WER",
        unit="%",
        better="lower",
        doc="Word error rate of the same model on the same clips, each recognised as a whole.",
        aggregate=Ratio(),
        contribution=_offline,
        cluster=SPEAKER,
        tasks=TASKS,
        missing=unanswered,
        empty="the engine recognises no clip as a whole",
    ),
    Metric(
        name="streaming_loss",
        title="Streaming loss",
        unit="%",
        better="lower",
        doc="Word error rate of the final texts less that of the clips recognised as a whole, in points; below 0 "
        "where the stream does better.",
        aggregate=Ratio(method=None),
        contribution=_loss,
        cluster=SPEAKER,
        tasks=TASKS,
        missing=unanswered,
        empty="the engine recognises no clip as a whole",
        compared=NotCompared("it is the difference of WER and offline WER, which are"),
    ),
    Metric(
        name="late_max_s",
        title="Farthest behind",
        unit="s",
        better="lower",
        doc="How far the stream was behind the speaker at most, over all chunks of all clips.",
        aggregate=Maximum(),
        contribution=_late,
        timed="calls",
        tasks=TASKS,
        missing=unpaced,
        compared=NotCompared("it is one moment of one clip"),
    ),
    Metric(
        name="kept_up",
        title="Answer up",
        unit="%",
        better="higher",
        doc="Share of the clips in which the stream was never more than a second behind the speaker.",
        aggregate=Share(),
        contribution=_kept_up,
        timed="calls",
        tasks=TASKS,
        missing=unpaced,
    ),
    Metric(
        name="reconnects",
        title="Reconnects",
        unit="n",
        better="lower",
        doc="How often a connection to the server was lost and made again, over all clips.",
        aggregate=Total(),
        contribution=_reconnects,
        volatile=True,
        tasks=TASKS,
        missing=unanswered,
        empty="the stream goes to no server",
        compared=NotCompared("it describes the connection, not the model"),
    ),
    Metric(
        name="backpressure_s",
        title="Back-pressure",
        unit="s",
        better="lower",
        doc="Time that audio had to wait because the server didn't take it any faster, over all clips.",
        aggregate=Total(),
        contribution=_waited,
        timed="calls",
        tasks=TASKS,
        missing=unanswered,
        empty="the stream goes to no server",
        compared=NotCompared("it describes the connection, not the model"),
    ),
)
