"""The diarization part of a record: of each recording, and of the run."""

from __future__ import annotations

from pydantic import Field

from pytest_modellab.core.metrics.measured import HasParts
from pytest_modellab.core.schema_base import Edits, Stored


class Diarized(Stored):
    """The errors in who spoke when in one recording, seconds. Without an answer all of its speech is missed."""

    collar_s: float = Field(description="on each side of where a reference segment begins or ends that isn't scored")
    overlap: bool = Field(description="whether speech of several speakers at once is scored")
    speech_s: float = Field(description="reference speech that is scored, those of each speaker counted")
    missed_s: float
    false_alarm_s: float
    confusion_s: float = Field(description="of the wrong speaker")
    speakers: int = Field(description="of the reference")
    found: int = Field(description="speakers of the answer")
    jaccard: float = Field(description="sum of the Jaccard errors of the reference's speakers")
    pairs: dict[str, str] = Field(default_factory=dict, description="speaker of the answer -> of the reference")
    words: bool = Field(default=False, description="whether the engine told the words of its segments")
    cp: Edits | None = Field(default=None, description="words by speaker, by the best pairing; null without words")
    tcp: Edits | None = Field(default=None, description="the same, words paired only where their times allow it")

    @property
    def errors_s(self) -> float:
        """Missed, false alarm and confusion."""
        return round(self.missed_s + self.false_alarm_s + self.confusion_s, 3)


class DiarizationSummary(Stored):
    """How all recordings are scored, and their speakers."""

    collar_s: tuple[float, ...] = Field(description="each that occurs")
    overlap: tuple[bool, ...] = Field(description="each that occurs")
    speakers: int = Field(description="of the references, summed over the recordings")
    found: int = Field(description="of the answers, likewise")
    words: bool = Field(description="whether the engine told the words of its segments")
    tcp_collar_s: float = Field(description="by how much times of words may be off in tcpWER")
    unscored_words: str = Field(default="", description="why words by speaker weren't scored, though there are some")


def diarized(found: HasParts) -> Diarized | None:
    """Who spoke when in one recording."""
    part: Diarized | None = found.parts.get("diarize")
    return part


def diarizations(found: HasParts) -> DiarizationSummary | None:
    """Of a run of diarization."""
    part: DiarizationSummary | None = found.parts.get("diarize")
    return part
