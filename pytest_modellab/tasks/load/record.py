"""The load part of a record: of each call, and of the level."""

from __future__ import annotations

from pydantic import Field

from pytest_modellab.core.metrics.measured import HasParts
from pytest_modellab.core.schema_base import Stored, volatile


class LoadedCall(Stored):
    """One call of a level; times on the clock of the level, seconds."""

    due_s: float = volatile(description="when it was to begin: once its user was free, or at its time of arrival")
    start_s: float = volatile()
    end_s: float = volatile()
    steady: bool = volatile(description="whether its latency counts: it began with all users there, after the warm-up")
    gap_s: float | None = volatile(
        default=None, description="since the answer before it, while the load was steady; null outside"
    )
    block: int | None = volatile(default=None, description="tenth of the answers while the load was steady")
    late_s: float | None = volatile(default=None, description="of a stream: the most it was behind its speaker")
    timed_out: bool = volatile(default=False)
    server_rss: int | None = volatile(
        default=None, description="bytes, the highest of the level; null of a server elsewhere"
    )


class LoadSummary(Stored):
    """The level, and how well its times were kept."""

    level: str = Field(description="`8 users`, `2.5 calls a second`, `4 streams`")
    concurrency: int | None = None
    rate: float | None = None
    streams: int | None = None
    arrivals: str | None = Field(default=None, description="with a rate")
    warmup_s: float
    seed: int


def call_of(found: HasParts) -> LoadedCall | None:
    """How an utterance was called, if it was."""
    part: LoadedCall | None = found.parts.get("load")
    return part


def level_of(found: HasParts) -> LoadSummary | None:
    """Of a run under load."""
    part: LoadSummary | None = found.parts.get("load")
    return part
