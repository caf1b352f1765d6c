"""What a data set of scenarios may say: what a user says, and what else is heard, while a model speaks."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from pytest_modellab.core.identifiers import Identifier

from .base import NamedSpec, Number, Spec, Whole, exactly_one

EventKind = Literal["turn", "interruption", "backchannel", "noise", "stranger"]
MadeNoise = Literal["white", "pink", "hum", "music"]


class EventSpec(Spec):
    """Something that is heard: an utterance of another data set, or a part of it; or noise."""

    kind: EventKind = Field(default="turn", alias="is")
    at: Number | None = Field(default=None, ge=0, description="seconds from the beginning")
    after: Number | None = Field(default=None, ge=0, description="seconds from when the model began to speak")
    source: Identifier | None = Field(default=None, alias="from", description="a data set of this catalog")
    utterance: str | None = Field(default=None, description="its id there")
    part_s: tuple[Number, Number] | None = Field(default=None, description="of it, from and to, seconds")
    says: str | None = Field(default=None, description="its words, where they aren't those of the utterance")
    noise: MadeNoise | None = None
    seconds: Number | None = Field(default=None, gt=0, le=60, description="of the noise")
    dbfs: Number | None = Field(default=None, ge=-90, le=0, description="of the noise: its level, RMS")
    gain_db: Number = Field(default=0.0, ge=-60, le=20, description="of the utterance")

    @model_validator(mode="after")
    def _one_sound(self) -> EventSpec:
        exactly_one(self, "at", "after")
        form = exactly_one(self, "source", "noise")
        if form == "source" and self.utterance is None:
            raise ValueError("`from` needs `utterance`, its id")
        if form == "noise" and (self.seconds is None or self.dbfs is None):
            raise ValueError("`noise` needs `seconds` and `dbfs`")
        if self.part_s is not None and not 0 <= self.part_s[0] < self.part_s[1]:
            raise ValueError("`part_s` goes from an earlier second to a later one")
        return self


class ScenarioSpec(NamedSpec):
    """Events in their order; the last one is what the model is judged by, so it isn't a plain turn."""

    events: tuple[EventSpec, ...] = Field(min_length=1)
    within_s: Number = Field(default=1.5, gt=0, le=10, description="so soon an interrupted model falls silent")
    settle_s: Number = Field(default=3.0, ge=1, le=30, description="so long it is listened to behind the last event")
    longest_s: Number = Field(default=40.0, gt=1, le=300, description="of the whole scenario")
    seed: Whole = Field(default=0, ge=0, le=2**32 - 1, description="of the quiet room's noise")

    @model_validator(mode="after")
    def _judged(self) -> ScenarioSpec:
        if len(self.events) < 2:
            raise ValueError("`events` are two or more: something is heard before the one that is judged")
        if self.events[0].at is None:
            raise ValueError("the first event begins `at` a time: nobody has spoken before it")
        if self.settle_s < self.within_s + 1:
            raise ValueError("`settle_s` is at least `within_s` and a second: so much silence tells that it stopped")
        if self.events[-1].kind == "turn":
            raise ValueError("the last event `is` an interruption, backchannel, noise or stranger")
        return self
