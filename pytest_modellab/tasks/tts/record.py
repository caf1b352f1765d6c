"""The TTS part of a record: of each utterance, and of the run."""

from __future__ import annotations

from pydantic import Field

from pytest_modellab.core.identifiers import Sha256
from pytest_modellab.core.metrics.measured import HasParts
from pytest_modellab.core.schema_base import Edits, Stored, volatile


class Speech(Stored):
    """The synthesized speech of one text."""

    seconds: float
    sample_rate: int | None = Field(description="Hz; null where nothing was said")
    pieces: int = Field(description="in which it came, one by one")
    first_audio_s: float | None = volatile(default=None, description="until the first piece was there")
    first_audible_s: float | None = volatile(default=None, description="until its first audible sample is heard")
    stalled_s: float | None = volatile(default=None, description="silence while it is played as it comes")
    speech_s: float | None = Field(
        default=None, description="without leading and trailing silence, and without pauses beyond a second"
    )
    leading_s: float | None = Field(default=None, description="silence before the first audible frame")
    trailing_s: float | None = Field(default=None, description="silence behind the last audible frame")
    bandwidth_hz: float | None = Field(default=None, description="up to where its spectrum reaches")
    audio: Sha256 | None = volatile(description="digest of its audio: reports/audio/<first two digits>/<digest>.flac")
    audible: bool
    silence: float | None = Field(description="share of pauses")
    longest_pause_s: float | None
    loudness_lufs: float | None
    faults: tuple[str, ...]
    quality: dict[str, float] = Field(default_factory=dict, description="scores by predictor")


class Judge(Stored):
    """The judge that transcribed the speech, and its own error rate on human speech."""

    model: str
    readings: str | None = Field(description="the data set of human readings for comparison")
    quality: tuple[str, ...] = Field(default=(), description="predictors that the data set asks for")
    words: Edits | None = None
    wer: float | None = Field(default=None, description="on these readings: the lowest to expect of a TTS model")


class SpeechSummary(Stored):
    """The judge, the predictors and the audio format of a run."""

    judge: Judge
    unrated: dict[str, str] = Field(default_factory=dict, description="why a predictor gave no score, by its name")
    loudness_lufs: float | None = Field(description="median")
    sample_rates: tuple[int, ...]


def speech_of(found: HasParts) -> Speech | None:
    """What was said for an utterance, if anything was."""
    part: Speech | None = found.parts.get("tts")
    return part


def voice_of(found: HasParts) -> SpeechSummary | None:
    """Of a run of speech synthesis."""
    part: SpeechSummary | None = found.parts.get("tts")
    return part
