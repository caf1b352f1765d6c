"""Base types of a record's schema."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from .identifiers import Identifier
from .redaction import without_secrets

if TYPE_CHECKING:
    from .metrics.asr import Counts
    from .stats.intervals import Interval


RecordId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}$")]
"""Of a record: it is part of a file's name."""
Time = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[0-9T:.+Z-]{0,30}$")]
"""ISO 8601, as far as it is part of a file's name."""

TextWithoutSecrets = Annotated[str, AfterValidator(without_secrets)]
"""The words of a library or an engine, which may quote addresses."""


def volatile(**options: Any) -> Any:
    """A field that may differ between two runs with the same inputs."""
    return Field(json_schema_extra={"volatile": True}, **options)


class Stored(BaseModel):
    # Built on first use: tests import these types for their annotations, and collecting must stay cheap.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Edits(Stored):
    """Edit operations against the reference."""

    substitutions: int
    deletions: int
    insertions: int
    hits: int

    @property
    def errors(self) -> int:
        """S + D + I."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def units(self) -> int:
        """Units of the reference: S + D + H."""
        return self.substitutions + self.deletions + self.hits

    @property
    def rate(self) -> float | None:
        """Errors over units; None where there are no units."""
        return self.errors / self.units if self.units else None


def edits(counts: Counts) -> Edits:
    return Edits(
        substitutions=counts.substitutions,
        deletions=counts.deletions,
        insertions=counts.insertions,
        hits=counts.hits,
    )


class Failure(Stored):
    """Why there is no answer."""

    kind: Literal["exception", "timeout", "crash", "load"]
    message: TextWithoutSecrets
    detail: TextWithoutSecrets = volatile(default="", description="traceback, or the worker's last lines on stderr")


class FallbackDevice(Stored):
    """A device that stood in for the one that was asked for."""

    device: Identifier
    why: str

    def __str__(self) -> str:
        return f"ran on {self.device} ({self.why})"


LEFT_OUT = "left-out"
"""The kind of a finding about an utterance that isn't in the record, as its recording is broken."""
DATA = "data"
"""The kind of a finding about the data set, whose id it has in place of an utterance's."""


class Finding(Stored):
    """A warning about a recording or a data set, for a person to check."""

    utterance: str
    kind: str
    message: str


class Range(Stored):
    """A 95 % interval, in the unit of its value."""

    low: float
    high: float
    method: str
    clusters: int = Field(description="independent units it rests on: speakers where known, else utterances")
    conditional: str = Field(description="why it holds for these recordings only, else empty")
    df: float | None = Field(
        default=None, description="degrees of freedom of Student's t, where these aren't one less than `clusters`"
    )
    whole: tuple[float, float] | None = Field(
        default=None, description="both ends before the scale of the figure cut them off; null where it doesn't"
    )


def ranged(interval: Interval | None) -> Range | None:
    """An interval as it is stored."""
    return None if interval is None else Range(**asdict(interval))


class Share(Stored):
    """A count `k of n`; 0 of 0 where there was nothing to count."""

    count: int
    of: int
    interval: Range | None = None

    @property
    def ratio(self) -> float | None:
        return self.count / self.of if self.of else None
