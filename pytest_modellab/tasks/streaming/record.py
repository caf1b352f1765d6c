"""The streaming part of a record: of each utterance, and of the run."""

from __future__ import annotations

from pydantic import Field

from pytest_modellab.core.metrics.measured import HasParts
from pytest_modellab.core.schema_base import Edits, Stored, volatile


class PartialResult(Stored):
    """A partial result: the stream's whole hypothesis at a time."""

    text: str
    audio_s: float = volatile(description="of audio that had been handed over")


class ShownPartial(Stored):
    """A partial result, and when it was there."""

    text: str
    at_s: float = volatile(description="from where the clip begins")


class Endpoint(Stored):
    """The end of speech as the engine found it by itself, in a stream that was not stopped."""

    text: str | None = volatile(description="what was said until then, raw; null where it found no end")
    at_s: float | None = volatile(description="from where the clip begins to the arrival of that text")
    listened_s: float = volatile(description="for how long it was given sound")
    words: Edits | None = volatile(default=None, description="of that text; all are missing where it found no end")


class Streamed(Stored):
    """The streaming recognition of one utterance."""

    partials: tuple[PartialResult, ...]
    offline: str | None = Field(description="the clip recognised as a whole, raw; null where the engine can't")
    offline_words: Edits | None
    changed: int = Field(description="words of partials that the next one, or the final text, changed")
    words: int = Field(description="of the final text")
    first_audio_s: float | None = volatile(
        default=None, description="of audio handed over when the first partial was shown that is right so far"
    )
    first_s: float | None = volatile(
        default=None, description="until the first word was shown, right or wrong: in records before `shown`"
    )
    first_right_s: float | None = volatile(
        default=None, description="from where the clip begins to the first partial that is right so far"
    )
    emission_delay_s: float | None = volatile(default=None, description="of its words, mean")
    shown: tuple[ShownPartial, ...] | None = volatile(
        default=None, description="partials of the stream that was timed, which may be another than that of `partials`"
    )
    spoken_s: float | None = volatile(default=None, description="from where the clip begins to its last sample")
    speech_end_s: float | None = volatile(
        default=None, description="of audio, where the voice activity detector has the last speech end"
    )
    endpoint: Endpoint | None = volatile(default=None, description="null where none was asked for")
    final_s: float | None = volatile(default=None, description="from where the last sample is spoken to the final text")
    late_s: float | None = volatile(default=None, description="the most it was behind the speaker")
    reconnects: int | None = volatile(default=None, description="null where it goes to no server")
    waited_s: float | None = volatile(default=None, description="that audio had to wait for the server")


class StreamingSummary(Stored):
    """Sums over all utterances."""

    chunk_s: float = Field(description="audio handed over at once")
    pace: float | None = Field(description="times as fast as it is spoken; null: as fast as it is taken")
    endpoint_s: float | None = Field(default=None, description="silence behind a clip in which its end is to be found")
    detector: str | None = Field(default=None, description="the voice activity detector, with its version")
    undetected: str | None = Field(default=None, description="why it gave no ends of speech")


def stream_of(found: HasParts) -> Streamed | None:
    """How an utterance was streamed, if it was."""
    part: Streamed | None = found.parts.get("streaming")
    return part


def streams_of(found: HasParts) -> StreamingSummary | None:
    """Of a run of streams."""
    part: StreamingSummary | None = found.parts.get("streaming")
    return part
