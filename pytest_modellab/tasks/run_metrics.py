"""Metrics of runs of any task: speed, loading, cost, memory, and the number of utterances answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pytest_modellab.core.metrics.aggregate import Quantile, Ratio, Share, Single, Total
from pytest_modellab.core.metrics.measured import Run, Utterance
from pytest_modellab.core.metrics.metric import SPEAKER, TIME_SPREAD, Cluster, Metric, Missing, NotCompared
from pytest_modellab.core.metrics.stored import field, fields

_MEMORY_SPREAD = 0.10
"""By how much of it a peak of memory does."""

_A_DIALOGUE = "a dialogue is measured by how long one waits for a reply"
_SEVERAL = Missing("calls are several at once: load_p50_s, load_p95_s and load_rtfx tell their times", possible=False)
_AT_ONCE: Mapping[str, Missing] = {"load": _SEVERAL}
_OF_AUDIO: Mapping[str, Missing] = {"chat": Missing(_A_DIALOGUE, possible=False), **_AT_ONCE}


def no_speed(run: Run) -> Missing | None:
    """Why no call was timed, as the run knows it."""
    return Missing(run.timing.no_speed) if run.timing.no_speed else None


def batched(run: Run) -> Missing | None:
    """Why the time of a single call isn't known; None where calls were made one at a time."""
    size = max((batch.size for batch in field(run.utterances, "batch") if batch is not None), default=1)
    if size == 1:
        return no_speed(run)
    return Missing(f"answered in batches of {size}: latency is measured one at a time", possible=False)


def _times(utterance: Utterance) -> tuple[float, float] | None:
    row = utterance.row
    return None if row.error is not None or row.processing_s is None else (row.processing_s, row.audio_s)


def _audio_over_time(utterance: Utterance) -> tuple[float, float] | None:
    found = _times(utterance)
    return None if found is None else (found[1], found[0])


def _batch(utterance: Utterance) -> str | None:
    batch = utterance.row.batch
    return None if batch is None or batch.size == 1 else batch.first


BATCH = Cluster(_batch, noun="batch")
"""Times of one batch are shares of one time."""


def _latency(utterance: Utterance) -> float | None:
    found = _times(utterance)
    return None if found is None else found[0]


def _answered(utterance: Utterance) -> tuple[float, float]:
    return utterance.answered, 1


def _cost(run: Run) -> float | None:
    if run.price is None:
        return None
    if run.price.per_audio_minute is not None:
        return run.price.per_audio_minute * 60
    timed: list[tuple[float, float]] = [
        (seconds, audio)
        for error, seconds, audio in fields(run.utterances, "error", "processing_s", "audio_s")
        if error is None and seconds is not None
    ]
    audio_s = sum(audio for _, audio in timed)
    if run.price.per_hour is None or not audio_s:
        return None
    return run.price.per_hour * sum(seconds for seconds, _ in timed) / audio_s


def _unpriced(run: Run) -> Missing | None:
    if run.price is None:
        return Missing(f"devices.yaml gives {run.case.device} no price")
    return no_speed(run) if run.price.per_audio_minute is None else None


def _megabytes(read: Callable[[Run], int | None]) -> Callable[[Run], float | None]:
    def megabytes(run: Run) -> float | None:
        found = read(run)
        return None if found is None else found / 1e6

    return megabytes


SPEED_METRICS = (
    Metric(
        name="rtf",
        title="RTF",
        unit="1",
        better="lower",
        doc="Real-time factor: total processing time over total audio time, for speech synthesis of the audio "
        "made. Real time is 1.",
        aggregate=Ratio(method="time"),
        contribution=_times,
        cluster=BATCH,
        timed="calls",
        elsewhere=_OF_AUDIO,
        missing=no_speed,
        compared="speed",
        slack=TIME_SPREAD,
    ),
    Metric(
        name="rtfx",
        title="RTFx",
        unit="x",
        better="higher",
        doc="Inverse real-time factor: seconds of audio processed per second.",
        aggregate=Ratio(method=None),
        contribution=_audio_over_time,
        timed="calls",
        elsewhere=_OF_AUDIO,
        missing=no_speed,
        compared=NotCompared("it is the inverse of RTF"),
        said_by="rtf",
    ),
    Metric(
        name="latency_p50_s",
        title="Latency p50",
        unit="s",
        better="lower",
        doc="Median time of a warm call, over the utterances.",
        aggregate=Quantile(0.5),
        contribution=_latency,
        timed="calls",
        elsewhere=_AT_ONCE,
        missing=batched,
        said_by="rtf",
    ),
    Metric(
        name="latency_p95_s",
        title="Latency p95",
        unit="s",
        better="lower",
        doc="95th percentile of the time of a warm call, over the utterances.",
        aggregate=Quantile(0.95),
        contribution=_latency,
        timed="calls",
        elsewhere=_AT_ONCE,
        missing=batched,
        slack=TIME_SPREAD,
    ),
)

METRICS = (
    Metric(
        name="load_s",
        title="Load",
        unit="s",
        better="lower",
        doc="Cold load in a fresh process: from importing the library until the model is ready.",
        aggregate=Single(lambda run: run.timing.load_s, spread=TIME_SPREAD),
        timed="loading",
        slack=TIME_SPREAD,
    ),
    Metric(
        name="first_call_s",
        title="First call",
        unit="s",
        better="lower",
        doc="Time of the first call after loading, with whatever is still built or compiled in it.",
        aggregate=Single(lambda run: run.timing.first_call_s, spread=TIME_SPREAD),
        timed="loading",
    ),
    Metric(
        name="cost_per_audio_hour",
        title="Cost",
        unit="price",
        better="lower",
        doc="Price of an hour of audio: by the model's price of a minute, or else of the device time that it takes, "
        "one clip after the other, which is RTF times the price of an hour of the device in devices.yaml.",
        aggregate=Single(_cost),
        timed="calls",
        elsewhere=_OF_AUDIO,
        missing=_unpriced,
        compared=NotCompared("it is RTF times a price"),
        said_by="rtf",
    ),
    Metric(
        name="peak_rss_mb",
        title="Peak memory",
        unit="MB",
        better="lower",
        doc="Peak resident set size of the model's own process, in 10^6 bytes.",
        aggregate=Single(_megabytes(lambda run: run.memory.peak_rss), spread=_MEMORY_SPREAD),
        volatile=True,
        slack=_MEMORY_SPREAD,
    ),
    Metric(
        name="peak_device_mb",
        title="Device memory",
        unit="MB",
        better="lower",
        doc="Highest memory of the model's process on NVIDIA devices, by NVML after each answer, in 10^6 bytes.",
        aggregate=Single(_megabytes(lambda run: run.memory.device), spread=_MEMORY_SPREAD),
        volatile=True,
        slack=_MEMORY_SPREAD,
        empty="the device has no memory of its own, or the driver does not report it",
    ),
    Metric(
        name="model_size_mb",
        title="Model size",
        unit="MB",
        better="lower",
        doc="The model's files on disk, in 10^6 bytes.",
        aggregate=Single(_megabytes(lambda run: run.memory.model_size), spread=0.0),
        volatile=True,
    ),
    Metric(
        name="client_p50_s",
        title="Client's part p50",
        unit="s",
        better="lower",
        doc="Median, over the utterances, of the time until the request to a server was sent: encoding, connecting, "
        "upload. It is part of the latency.",
        aggregate=Quantile(0.5),
        contribution=lambda utterance: utterance.row.client_s,
        timed="calls",
        missing=no_speed,
        empty="its engine goes to no server, or can't tell",
        compared=NotCompared("it describes the client, not the model"),
    ),
    Metric(
        name="retries",
        title="Retries",
        unit="n",
        better="lower",
        doc="How often a call of a server was repeated, over all utterances: refused, failed on its side, or lost its "
        "connection. Times are those of the last call alone.",
        aggregate=Total(),
        contribution=lambda utterance: utterance.row.retries,
        volatile=True,
        empty="its engine repeats no calls",
        compared=NotCompared("it describes the server, not the model"),
    ),
    Metric(
        name="success_rate",
        title="Success rate",
        unit="%",
        better="higher",
        doc="Share of the utterances for which the engine returned a result.",
        aggregate=Share(),
        contribution=_answered,
        cluster=SPEAKER,
    ),
)
