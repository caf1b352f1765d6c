"""How the recordings of a data set are handed over: as streams, or under load."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from .base import Number, Spec, Whole


class StreamSpec(Spec):
    """Chunk length and pace of streaming recognition."""

    chunk_s: Number = Field(default=0.25, ge=0.01, le=30, description="seconds of audio at once")
    pace: Number | None = Field(
        default=1.0, ge=0.1, le=100, description="times as fast as it is spoken; null: as fast as it is taken, untimed"
    )
    endpoint_s: Number | None = Field(
        default=None,
        ge=0.5,
        le=30,
        description="seconds of silence behind a clip in which the engine is to find the end of speech by itself, in a"
        " second stream of each clip that is timed; null: not measured",
    )

    @model_validator(mode="after")
    def _timed(self) -> StreamSpec:
        if self.endpoint_s is not None and self.pace is None:
            raise ValueError("`endpoint_s` needs a `pace`: the end of speech is found in time")
        return self


def _several(value: Any) -> Any:
    """A single level stands for a list of one."""
    return value if isinstance(value, list | tuple) else (value,)


Levels = Annotated[tuple[Whole, ...], BeforeValidator(_several)]
Rates = Annotated[tuple[Number, ...], BeforeValidator(_several)]


class LoadSpec(Spec):
    """Levels of load: users who call one after the other, arrivals at a rate, or live streams. One case for each."""

    concurrency: Levels = Field(default=(), description="users, each of whom calls again once answered")
    rate: Rates = Field(default=(), description="calls that arrive in a second")
    streams: Levels = Field(default=(), description="live streams at once, each paced as it is spoken")
    arrivals: Literal["poisson", "constant"] = Field(default="poisson", description="with `rate`: when calls arrive")
    warmup_s: Number = Field(default=5.0, ge=0, le=3600, description="seconds whose times don't count")
    chunk_s: Number = Field(default=0.25, ge=0.01, le=30, description="with `streams`: seconds of audio at once")
    seed: Whole = Field(default=0, ge=0, description="of the order of the utterances, and of their arrivals")

    @model_validator(mode="after")
    def _one_kind(self) -> LoadSpec:
        if sum(map(bool, (self.concurrency, self.rate, self.streams))) != 1:
            raise ValueError("one of `concurrency`, `rate` and `streams` tells the levels")
        for name, most in (("concurrency", 512), ("rate", 10_000), ("streams", 512)):
            levels = getattr(self, name)
            if len(set(levels)) != len(levels):
                raise ValueError(f"`{name}`: a level stands twice")
            if wrong := [level for level in levels if not 0 < level <= most]:
                raise ValueError(f"`{name}`: {wrong[0]:g} is not above 0 and at most {most}")
        return self

    @property
    def levels(self) -> Mapping[str, LoadSpec]:
        """Each level by itself, by what stands behind the data set's id: `c8`, `r2.5`, `s4`."""
        return {f"{self.kind[0]}{level:g}": self.at(level) for level in getattr(self, self.kind)}

    @property
    def kind(self) -> str:
        """The key that tells the levels."""
        return "concurrency" if self.concurrency else "rate" if self.rate else "streams"

    def at(self, level: float) -> LoadSpec:
        """One level of the same kind; users and streams are whole numbers."""
        return self.model_copy(update={self.kind: (level if self.rate else int(level),)})

    @property
    def level(self) -> str:
        """What it is, where it is one."""
        if self.concurrency:
            return _counted(self.concurrency[0], "user", "users")
        if self.streams:
            return _counted(self.streams[0], "stream", "streams")
        return _counted(self.rate[0], "call a second", "calls a second")


def _counted(number: float, one: str, many: str) -> str:
    return f"{number:g} {one if number == 1 else many}"
