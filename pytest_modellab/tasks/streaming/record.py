"""The streaming part of a record: of each utterance, and of the run."""

from __future__ import annotations

from pydantic import Field

from pytest_modellab.core.metrics.measured import HasParts
from pytest_modellab.core.schema_base import Edits, Stored, volatile


class PartialResult(Stored):
    """A partial result: the stream's whole hypothesis at a time."""

    text: str
    audio_s: float = volatile(description="of audio that had been handed over")


class Streamed(Stored):
    """The streaming recognition of one utterance."""

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
    """Sums over all utterances."""

    chunk_s: float = Field(description="audio handed over at once")
    pace: float | None = Field(description="times as fast as it is spoken; null: as fast as it is taken")


def stream_of(found: HasParts) -> Streamed | None:
    """How an utterance was streamed, if it was."""
    part: Streamed | None = found.parts.get("streaming")
    return part


def streams_of(found: HasParts) -> StreamingSummary | None:
    """Of a run of streams."""
    part: StreamingSummary | None = found.parts.get("streaming")
    return part
