"""The turn part of a record: of each cut, and of the run."""

from __future__ import annotations

from pydantic import Field

from pytest_modellab.core.metrics.measured import HasParts
from pytest_modellab.core.schema_base import Stored, volatile

GIVE_UP_S = 3.0
"""Silence after which a turn is over whatever a detector says, as in pipecat's pipelines."""


class Cut(Stored):
    """What a detector said of one cut, at each moment at which it was asked."""

    silences_s: tuple[float, ...] = Field(description="seconds of silence before each; 0 where a clip isn't a cut")
    probabilities: tuple[float, ...] = Field(description="that the speaker has finished")
    threshold: float = Field(description="from which on the turn counts as finished")
    placement: float | None = Field(
        default=None, description="share of the cuts of the other kind that its first probability tells it from"
    )
    calls_s: tuple[float, ...] | None = volatile(default=None, description="wall time of each call")

    def fires_at(self, threshold: float) -> int | None:
        """The first moment at which the turn counts as finished; None for none."""
        return next((i for i, found in enumerate(self.probabilities) if found >= threshold), None)


class OperatingPoint(Stored):
    """What a threshold comes to, on the cuts of a run."""

    threshold: float | None = Field(description="null: higher than any probability, so that no turn ever ends")
    cut_off_rate: float
    late_rate: float
    wait_s: float = Field(description="silence until a turn counts as finished, mean")


class TurnSummary(Stored):
    """Of all cuts."""

    finished: int
    unfinished: int
    auc: float | None = Field(default=None, description="area under the ROC curve; null with cuts of one kind alone")
    call_s: float | None = volatile(default=None, description="median wall time of a call")
    own: OperatingPoint | None = Field(default=None, description="at the threshold of the model's options")
    at_5: OperatingPoint | None = Field(
        default=None, description="at the lowest threshold that cuts off 5 % of the unfinished at most"
    )
    curve: tuple[OperatingPoint, ...] = Field(default=(), description="over all thresholds, the highest first")


def cut_of(found: HasParts) -> Cut | None:
    """What was said of an utterance, if it was asked about as a cut."""
    part: Cut | None = found.parts.get("turn")
    return part


def turns_of(found: HasParts) -> TurnSummary | None:
    """Of a run of cuts."""
    part: TurnSummary | None = found.parts.get("turn")
    return part
