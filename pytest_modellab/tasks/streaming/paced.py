"""Streams that were paced, and why a run has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_modellab.core.metrics.measured import Run, Utterance
from pytest_modellab.core.metrics.metric import Missing

from .record import stream_of, streams_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .record import Streamed

TASKS = frozenset({"streaming"})


def paced(utterance: Utterance) -> Streamed | None:
    """A stream that came in as fast as it was spoken, with the machine held alone."""
    stream = stream_of(utterance)
    return None if stream is None or stream.late_s is None else stream


def time_of(name: str) -> Callable[[Utterance], float | None]:
    """A time of a paced stream, by the field of its part; seconds."""

    def time(utterance: Utterance) -> float | None:
        stream = paced(utterance)
        found: float | None = None if stream is None else getattr(stream, name)
        return found

    return time


def unanswered(run: Run) -> Missing | None:
    """Why a run has no stream at all; None where it has one."""
    return None if any("streaming" in row.parts for row in run.utterances) else Missing("no utterance was answered")


def unpaced(run: Run) -> Missing | None:
    """Why a run has no stream with times; None where it has one."""
    streams = [stream for row in run.utterances if (stream := row.parts.get("streaming")) is not None]
    if not streams:
        return unanswered(run)
    if any(stream.late_s is not None for stream in streams):
        return None
    summary = streams_of(run)
    without = summary is None or summary.pace is None
    why = "the data set has `pace: null`" if without else "no stream was paced with the machine held alone"
    return Missing(run.timing.no_speed or why)
