"""Metrics of the end of speech as engines find it by themselves: latency, cuts, ends that are missed, words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_modellab.core.metrics.aggregate import Quantile, Ratio, Share
from pytest_modellab.core.metrics.measured import Run, Utterance
from pytest_modellab.core.metrics.metric import SPEAKER, Metric, Missing

from .paced import TASKS, paced, unanswered, unpaced
from .record import streams_of

if TYPE_CHECKING:
    from .record import Endpoint


def _endpoint(utterance: Utterance) -> tuple[Endpoint, float] | None:
    """What an engine that finds ends of speech found, and when the speech ended on the same clock."""
    stream = paced(utterance)
    if stream is None or stream.endpoint is None or stream.speech_end_s is None or stream.spoken_s is None:
        return None
    return stream.endpoint, stream.speech_end_s / utterance.row.audio_s * stream.spoken_s


def _cut_early(utterance: Utterance) -> tuple[float, float] | None:
    found = _endpoint(utterance)
    if found is None:
        return None
    endpoint, end_s = found
    return endpoint.at_s is not None and endpoint.at_s < end_s, 1


def _not_found(utterance: Utterance) -> tuple[float, float] | None:
    found = _endpoint(utterance)
    return None if found is None else (found[0].at_s is None, 1)


def _endpoint_latency(utterance: Utterance) -> float | None:
    """Of a clip that wasn't cut; where no end was found, the time that it was waited for."""
    found = _endpoint(utterance)
    if found is None:
        return None
    endpoint, end_s = found
    at_s = endpoint.listened_s if endpoint.at_s is None else endpoint.at_s
    return None if at_s < end_s else at_s - end_s


def _endpoint_errors(utterance: Utterance) -> tuple[float, float] | None:
    stream = paced(utterance)
    words = None if stream is None or stream.endpoint is None else stream.endpoint.words
    return None if words is None else (words.errors, words.units)


def _no_endpoint(run: Run) -> Missing | None:
    """Why no clip has an end of speech, as far as that can be told without the clips."""
    streams = streams_of(run)
    if streams is None or streams.endpoint_s is None:
        return unanswered(run) or Missing("the data set's `stream:` has no `endpoint_s`")
    return unpaced(run)


def _no_anchored_endpoint(run: Run) -> Missing | None:
    streams = streams_of(run)
    missing = _no_endpoint(run)
    if missing is None and streams is not None and streams.undetected is not None and _found_ends(run):
        return Missing(streams.undetected)
    return missing


def _no_speech_end(run: Run) -> Missing:
    return Missing("no speech was found in any clip") if _found_ends(run) else _finds_none(run)


def _no_latency(run: Run) -> Missing:
    streams = (row.parts.get("streaming") for row in run.utterances)
    if any(stream is not None and stream.endpoint and stream.speech_end_s is not None for stream in streams):
        return Missing("it cut every clip before its speech ended")
    return _no_speech_end(run)


def _finds_none(run: Run) -> Missing:
    """Nothing is missed where a kind of engine looks for no ends."""
    return Missing("its engine finds no end of speech by itself", possible=False)


def _found_ends(run: Run) -> bool:
    """Whether its engine looks for ends of speech."""
    streams = (row.parts.get("streaming") for row in run.utterances)
    return any(stream is not None and stream.endpoint is not None for stream in streams)


METRICS = (
    Metric(
        name="endpoint_p50_s",
        title="Endpoint p50",
        unit="s",
        better="lower",
        doc="Median, over the clips that weren't cut, of the time from where speech ends, by Silero VAD, to the text "
        "that the engine marks as finished by itself, without a stop; a clip whose end isn't found has the time of the "
        "wait.",
        aggregate=Quantile(0.5),
        contribution=_endpoint_latency,
        timed="calls",
        tasks=TASKS,
        missing=_no_anchored_endpoint,
        empty=_no_latency,
    ),
    Metric(
        name="endpoint_p95_s",
        title="Endpoint p95",
        unit="s",
        better="lower",
        doc="95th percentile of the same.",
        aggregate=Quantile(0.95),
        contribution=_endpoint_latency,
        timed="calls",
        tasks=TASKS,
        missing=_no_anchored_endpoint,
        empty=_no_latency,
    ),
    Metric(
        name="early_cuts",
        title="Cut early",
        unit="%",
        better="lower",
        doc="Share of the clips whose speech the engine takes as finished before it ends, by Silero VAD.",
        aggregate=Share(clustered=True),
        contribution=_cut_early,
        timed="calls",
        cluster=SPEAKER,
        tasks=TASKS,
        missing=_no_anchored_endpoint,
        empty=_no_speech_end,
    ),
    Metric(
        name="missed_ends",
        title="Ends missed",
        unit="%",
        better="lower",
        doc="Share of the clips whose end of speech the engine doesn't find within the silence behind them.",
        aggregate=Share(clustered=True),
        contribution=_not_found,
        timed="calls",
        cluster=SPEAKER,
        tasks=TASKS,
        missing=_no_anchored_endpoint,
        empty=_no_speech_end,
    ),
    Metric(
        name="endpoint_wer",
        title="Endpoint WER",
        unit="%",
        better="lower",
        doc="Word error rate of the texts at the engine's own ends of speech, those of `endpoint_p50_s`; where it "
        "finds no end all words are wrong.",
        aggregate=Ratio(),
        contribution=_endpoint_errors,
        cluster=SPEAKER,
        timed="calls",
        tasks=TASKS,
        missing=_no_endpoint,
        empty=_finds_none,
        compared="intervals",
    ),
)
