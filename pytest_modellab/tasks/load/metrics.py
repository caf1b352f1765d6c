"""Metrics of a level of load: latency, throughput, failures, and whether the generator kept its own times."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pytest_modellab.core.metrics.aggregate import Maximum, Quantile, Ratio, Share
from pytest_modellab.core.metrics.measured import Run, Utterance
from pytest_modellab.core.metrics.metric import Cluster, Metric, Missing, NotCompared
from pytest_modellab.core.metrics.streaming import kept_up

from .record import call_of, level_of

if TYPE_CHECKING:
    from .record import LoadedCall

_TASKS = frozenset({"load"})


def _timed(utterance: Utterance) -> LoadedCall | None:
    """A call of a level that was timed with the machine held alone."""
    call = call_of(utterance)
    return None if call is None or utterance.run.timing.no_speed else call


def _latency(utterance: Utterance) -> float | None:
    """From when a call was due to its answer, in the steady part; a call that timed out counts with what it took."""
    call = _timed(utterance)
    if call is None or not call.steady or (utterance.row.error is not None and not call.timed_out):
        return None
    return call.end_s - call.due_s


def _due(utterance: Utterance) -> float | None:
    """When a call was due; None at a rate, where busy times have no bound."""
    call, level = call_of(utterance), level_of(utterance.run)
    return None if call is None or level is None or level.rate is not None else call.due_s


def _served(amount: Callable[[Utterance], float]) -> Callable[[Utterance], tuple[float, float] | None]:
    """An amount over the time since the answer before it."""

    def contribution(utterance: Utterance) -> tuple[float, float] | None:
        call = _timed(utterance)
        return None if call is None or call.gap_s is None else (amount(utterance), call.gap_s)

    return contribution


def _block(utterance: Utterance) -> str | None:
    call = call_of(utterance)
    return None if call is None or call.block is None else str(call.block)


def _timed_out(utterance: Utterance) -> tuple[float, float] | None:
    call = call_of(utterance)
    return None if call is None else (call.timed_out, 1)


def _lateness(utterance: Utterance) -> float | None:
    call = _timed(utterance)
    return None if call is None else call.start_s - call.due_s


def _server_mb(utterance: Utterance) -> float | None:
    call = call_of(utterance)
    return None if call is None or call.server_rss is None else call.server_rss / 1e6


def _live(utterance: Utterance) -> tuple[float, float] | None:
    call = _timed(utterance)
    return None if call is None or call.late_s is None else (kept_up(call.late_s), 1)


def _untimed(run: Run) -> Missing | None:
    if run.timing.no_speed:
        return Missing(run.timing.no_speed)
    return None if any(call_of(row) for row in run.utterances) else Missing("no call was made")


def _unsteady(run: Run) -> Missing:
    level = level_of(run)
    calls = len(run.utterances)
    after = "" if level is None else f", or a shorter `warmup_s` than {level.warmup_s:g}"
    return Missing(f"{calls} calls were over before the load was steady: use more utterances{after}")


_BLOCKS = Cluster(_block, "block of answers", "answer")


def _latencies(name: str, title: str, q: float, doc: str) -> Metric:
    return Metric(
        name=name,
        title=title,
        unit="s",
        better="lower",
        doc=doc,
        aggregate=Quantile(q),
        contribution=_latency,
        order=_due,
        timed="calls",
        tasks=_TASKS,
        missing=_untimed,
        empty=_unsteady,
        compared="intervals",
    )


METRICS = (
    _latencies(
        "load_p50_s",
        "Latency p50 under load",
        0.5,
        "Median, over the calls while the load was steady, of the time from when a call was due to its answer: due "
        "once its user was free, or at its time of arrival.",
    ),
    _latencies("load_p95_s", "Latency p95 under load", 0.95, "95th percentile of the same."),
    _latencies("load_p99_s", "Latency p99 under load", 0.99, "99th percentile of the same."),
    Metric(
        name="achieved_rate",
        title="Answers a second",
        unit="/s",
        better="higher",
        doc="Answers a second while the load was steady; calls that fail are none.",
        aggregate=Ratio(),
        contribution=_served(lambda utterance: 1.0),
        cluster=_BLOCKS,
        timed="calls",
        tasks=_TASKS,
        missing=_untimed,
        empty=_unsteady,
        compared="intervals",
    ),
    Metric(
        name="load_rtfx",
        title="RTFx under load",
        unit="x",
        better="higher",
        doc="Seconds of audio that are answered in a second, all users together, while the load was steady.",
        aggregate=Ratio(),
        contribution=_served(lambda utterance: utterance.row.audio_s),
        cluster=_BLOCKS,
        timed="calls",
        tasks=_TASKS,
        missing=_untimed,
        empty=_unsteady,
        compared="intervals",
    ),
    Metric(
        name="time_outs",
        title="Time-outs",
        unit="%",
        better="lower",
        doc="Share of the calls to which the server said nothing for too long. They are failures, too.",
        aggregate=Share(),
        contribution=_timed_out,
        volatile=True,
        tasks=_TASKS,
        empty="no call was made",
    ),
    Metric(
        name="live_streams",
        title="Live streams",
        unit="%",
        better="higher",
        doc="Share of the streams that were never more than a second behind their speaker.",
        aggregate=Share(),
        contribution=_live,
        timed="calls",
        tasks=_TASKS,
        missing=_untimed,
        empty="the level is not of streams",
    ),
    Metric(
        name="server_rss_mb",
        title="Server's memory",
        unit="MB",
        better="lower",
        doc="Highest resident memory of the server's processes during the level, looked at twice a second, where it "
        "runs on this machine.",
        aggregate=Maximum(),
        contribution=_server_mb,
        volatile=True,
        tasks=_TASKS,
        empty="the server isn't on this machine, or the engine doesn't tell its memory",
    ),
    Metric(
        name="generator_late_p95_s",
        title="Generator's lateness p95",
        unit="s",
        better="lower",
        doc="95th percentile of how late the load generator began a call: how well it kept the times of the level.",
        aggregate=Quantile(0.95, has_interval=False),
        contribution=_lateness,
        timed="calls",
        tasks=_TASKS,
        missing=_untimed,
        empty="no call was made",
        compared=NotCompared("it describes the generator, not the model"),
    ),
)
