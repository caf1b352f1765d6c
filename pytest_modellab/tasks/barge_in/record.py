"""The part of a record about interruptions: of each scenario, and of the run."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pytest_modellab.core.metrics.measured import HasParts
from pytest_modellab.core.schema_base import Edits, Stored, volatile

Kind = Literal["interruption", "backchannel", "noise", "stranger"]

SILENT_S = 1.0
"""Silence for so long is no pause between sentences: the model has fallen silent."""


class Scenario(Stored):
    """What became of one scenario: when the model spoke, and what happened meanwhile; seconds from the beginning."""

    kind: Kind = Field(description="of the last event, which is what the model is judged by")
    began_s: float | None = Field(description="when that event began; null where the model never spoke")
    lasts_s: float = Field(description="how long that event is")
    within_s: float = Field(description="so soon an interrupted model falls silent")
    speech: tuple[tuple[float, float], ...] = Field(description="stretches in which the model was heard")
    listened_s: float = Field(description="how long it was listened to")
    turns: int = Field(default=1, description="events before it, which the model may take for turns of the user")
    heard: tuple[str, ...] = Field(default=(), description="the user's words as the model understood them, raw")
    words: Edits | None = Field(default=None, description="of the interruption, by what was understood of it")
    lags_s: tuple[float, ...] | None = volatile(
        default=None, description="by how much later the end of each stretch was heard, as calls took their time"
    )
    slowest_s: float | None = volatile(default=None, description="wall time of its slowest call")
    frame_s: float = Field(description="of sound in one call")

    @property
    def last_stretch(self) -> int | None:
        """The stretch with which the speech ends in which the event came; None where the model wasn't speaking."""
        if self.began_s is None:
            return None
        last = None
        for i, (begin, _) in enumerate(self.speech):
            # What follows within a second is the same speech.
            if last is not None and begin - self.speech[last][1] >= SILENT_S and self.speech[last][1] > self.began_s:
                break
            if begin <= self.began_s or (last is not None and begin - self.speech[last][1] < SILENT_S):
                last = i
        return last if last is not None and self.speech[last][1] > self.began_s else None

    @property
    def spoke(self) -> bool:
        """Whether the model was speaking when the event began."""
        return self.last_stretch is not None

    @property
    def silent_after_s(self) -> float | None:
        """How long after the event began the model fell silent; None where it never did."""
        last = self.last_stretch
        if last is None or self.began_s is None or self.listened_s - self.speech[last][1] < SILENT_S:
            return None
        return self.speech[last][1] - self.began_s

    @property
    def stopped(self) -> bool:
        """Whether it fell silent soon enough to be because of the event: of what lasts, soon after its end.

        What took anything but an interruption for a turn has stopped for it, too.
        """
        interrupted = self.kind == "interruption"
        if not interrupted and len(self.heard) > self.turns:
            return True
        silent_s = self.silent_after_s
        return silent_s is not None and silent_s <= self.within_s + (0.0 if interrupted else self.lasts_s)


def scenario_of(found: HasParts) -> Scenario | None:
    """What became of an utterance, if it was a scenario."""
    part: Scenario | None = found.parts.get("barge_in")
    return part
