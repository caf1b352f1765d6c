"""What a record holds of speech: of each utterance, and of all."""

from __future__ import annotations

from pydantic import Field

from pytest_modellab.core.identifiers import Sha256
from pytest_modellab.core.schema_base import Edits, Range, Stored, volatile

PREDICTORS = ("distillmos", "dnsmos", "mcd", "voice_similarity")


class Speech(Stored):
    """What a model said for one text."""

    seconds: float
    sample_rate: int | None = Field(description="Hz; null where nothing was said")
    pieces: int = Field(description="in which it came, one by one")
    first_audio_s: float | None = volatile(default=None, description="until the first piece was there")
    audio: Sha256 | None = volatile(description="digest of its sound: reports/audio/<first two digits>/<digest>.flac")
    audible: bool
    silence: float | None = Field(description="share of pauses")
    longest_pause_s: float | None
    loudness_lufs: float | None
    faults: tuple[str, ...]
    quality: dict[str, float] = Field(default_factory=dict, description="scores by predictor")


class Judge(Stored):
    """Who wrote down what was said, and how well that one hears people."""

    model: str
    readings: str | None = Field(description="the data set of people's readings that it was held against")
    quality: tuple[str, ...] = Field(default=(), description="predictors that the data set asks for")
    words: Edits | None = None
    wer: float | None = Field(default=None, description="on these readings: what no voice can be expected to beat")


class SpeechSummary(Stored):
    """Figures of all utterances of a record."""

    judge: Judge
    first_audio_p50_s: float | None = volatile()
    first_audio_p95_s: float | None = volatile()
    first_audio_p50_s_interval: Range | None = volatile(default=None)
    first_audio_p95_s_interval: Range | None = volatile(default=None)
    flawed: float | None
    flawed_interval: Range | None = None
    loudness_lufs: float | None = Field(description="median")
    sample_rates: tuple[int, ...]
    judge_wer: float | None
    distillmos: float | None = None
    distillmos_interval: Range | None = None
    dnsmos: float | None = None
    dnsmos_interval: Range | None = None
    mcd: float | None = None
    mcd_interval: Range | None = None
    voice_similarity: float | None = None
    voice_similarity_interval: Range | None = None
    missing: dict[str, str] = Field(default_factory=dict, description="metric -> why it is null")

    @property
    def unrated(self) -> dict[str, str]:
        """Why a predictor gave no score, by its name."""
        return self.missing
