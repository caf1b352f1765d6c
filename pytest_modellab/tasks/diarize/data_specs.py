"""The options of the data set forms `conversations` and `segments`, below `form:` in a YAML file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from pytest_modellab.catalog.base import Number, Spec, Whole
from pytest_modellab.core.identifiers import Identifier

from .rules import MOST_COLLAR_S, attributes


class ScoringSpec(Spec):
    """What of a recording is scored."""

    collar_s: Number = Field(
        default=0.0,
        ge=0,
        le=MOST_COLLAR_S,
        description="seconds on each side of where a reference segment begins or ends that aren't scored",
    )
    overlap: Literal["scored", "left out"] = Field(
        default="scored", description="speech of several speakers at once: scored, or left out"
    )

    @property
    def attributes(self) -> dict[str, str]:
        """As attributes of an utterance."""
        return attributes(self.collar_s, self.overlap)


Bounds = tuple[Number, Number]


class ConversationsSpec(Spec):
    """Conversations made of the recordings of another data set whose speakers are known; nothing is stored."""

    source: Identifier = Field(alias="from", description="a data set with speakers")
    count: Whole = Field(default=20, ge=1, le=10_000)
    speakers: tuple[Whole, Whole] = Field(
        default=(2, 6), description="fewest and most in a conversation; all numbers between them occur in turn"
    )
    turns: Whole = Field(default=12, ge=2, le=1000, description="recordings in a conversation, each once at most")
    pause_s: Bounds = Field(default=(0.2, 1.2), description="shortest and longest, seconds")
    overlaps: Number = Field(default=0.15, ge=0, le=1, description="share of the changes of speaker that overlap")
    overlap_s: Bounds = Field(default=(0.2, 1.0), description="shortest and longest, seconds")
    room_dbfs: Number | None = Field(
        default=-60.0, ge=-90, le=-20, description="RMS of white noise in all of it; null for none"
    )
    seed: Whole = Field(default=0, ge=0)
    score: ScoringSpec = Field(default_factory=ScoringSpec)

    @model_validator(mode="after")
    def _ordered(self) -> ConversationsSpec:
        if not 1 <= self.speakers[0] <= self.speakers[1] <= 20:
            raise ValueError("`speakers` are the fewest and the most, from 1 to 20")
        if self.turns < self.speakers[1]:
            raise ValueError("`turns` are at least as many as speakers: each of them speaks")
        for name in ("pause_s", "overlap_s"):
            low, high = getattr(self, name)
            if not 0 <= low <= high <= 60:
                raise ValueError(f"`{name}` are the shortest and the longest, from 0 to 60")
        return self


class SegmentsSpec(Spec):
    """Recordings, and who speaks when in them: RTTM, STM, CTM or SegLST."""

    reference: str = Field(min_length=1, description="a file, relative to the YAML file, or a folder of such files")
    format: Literal["rttm", "stm", "ctm", "seglst"] | None = Field(
        default=None, description="by default told by the suffix: .rttm, .stm, .ctm, .json"
    )
    audio: str | None = Field(
        default=None,
        min_length=1,
        description="folder of the recordings, named as in the reference; by default its own",
    )
    score: ScoringSpec = Field(default_factory=ScoringSpec)
