"""The protocol of engines that tell who spoke when. Standard library only: a worker imports this beside one engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .base import Clip, Engine


@dataclass(frozen=True, slots=True)
class SpeakerSegment:
    """A stretch of one speaker's speech: `start_s` to `end_s`, seconds from where the clip begins.

    `speaker` is a label that means nothing beyond its clip. `text` is what was said, raw, by an engine that recognises
    it as well; None by one that doesn't.
    """

    start_s: float
    end_s: float
    speaker: str
    text: str | None = None


class Diarizer(Engine, Protocol):
    """An engine that does speaker diarization."""

    def diarize(self, clip: Clip) -> Sequence[SpeakerSegment]:
        """Who spoke when in one clip; segments of different speakers may overlap. The call is what is timed."""
        ...
