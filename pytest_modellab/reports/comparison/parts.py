"""The parts of a comparison, as written to JSON."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.results.verdicts import case_key

from ..scorecard.part import MetricName, ReportModel

SCHEMA: Literal["modellab.comparison/1"] = "modellab.comparison/1"

KEPT_UTTERANCES = 20
"""Of those that changed most, each way."""

Outcome = Literal["worse", "better", "inconclusive", "not told apart", "not compared"]
Family = Literal["error rate", "other figure", "time"]
"""Figures of one family are corrected together: what else is measured beside it makes no error rate harder to tell."""


class UtteranceChange(ReportModel):
    """One utterance with more errors, or fewer, than before."""

    id: str
    reference: str
    before: str | None
    after: str | None
    errors_before: int | float
    errors_after: int | float


class MetricChange(ReportModel):
    """One metric of one case, on the first side and on another."""

    case: CaseRef
    side: str = Field(description="name of the other side")
    metric: str
    before: float | None = None
    after: float | None = None
    outcome: Outcome
    kind: Literal["difference", "ratio"] = Field(default="difference", description="of `change`, `low` and `high`")
    change: float | None = Field(default=None, description="after less before; of times, after over before")
    low: float | None = Field(default=None, description="of its 95 % interval")
    high: float | None = None
    p: float | None = Field(
        default=None,
        description="one-sided, of no change in the direction that it moved; of times, of none beyond the tripwire",
    )
    counted: bool = Field(default=False, description="whether it is one of those that Holm's correction is over")
    family: Family = Field(default="other figure", description="what it is corrected together with")
    beyond_tolerance: bool = Field(
        default=False, description="an error rate that rose by more than limits.yaml lets be"
    )
    certain: bool = Field(default=False, description="beyond the sanity bound: worse whatever a test says")
    detectable: float | None = Field(default=None, description="the least rise seen four times in five, uncorrected")
    pairs: int = Field(default=0, description="utterances on both sides")
    method: str = ""
    noisy: str | None = Field(default=None, description="why its times can't be relied on")
    conditional: str = Field(default="", description="why it holds for these recordings only")
    why: str = Field(default="", description="why it is not compared, or not told apart")
    quality: bool = Field(default=True, description="false of times")
    worse: tuple[UtteranceChange, ...] = Field(default=(), description="the largest change first")
    better: tuple[UtteranceChange, ...] = ()
    worse_count: int | None = Field(
        default=None, description="utterances with more errors, `worse` has the first; null where they weren't counted"
    )
    better_count: int | None = None

    @property
    def title(self) -> str:
        return METRICS[self.metric].title

    @property
    def key(self) -> str:
        return case_key(self.case)


class Single(ReportModel):
    """A value measured once on each side: no test or interval is possible."""

    case: CaseRef
    side: str
    metric: str
    before: float
    after: float
    large: bool = Field(description="more than repeated runs differ by")

    @property
    def key(self) -> str:
        return case_key(self.case)


class Pair(ReportModel):
    """One case that both sides have."""

    case: CaseRef
    side: str
    before: str = Field(description="commit and day of its record on the first side")
    after: str
    refused: str = Field(default="", description="why its answers can't be compared at all")
    same: bool = Field(default=False, description="one record stands on both sides")
    rescored: str = Field(default="", description="by which normalizer both were scored again")
    inputs: tuple[str, ...] = Field(default=(), description="what of the inputs differs")

    @property
    def key(self) -> str:
        return case_key(self.case)


class SideRef(ReportModel):
    """The source that one of the command's arguments names."""

    name: str
    what: str
    cases: int
    notes: tuple[str, ...] = Field(default=(), description="records that were passed over, and why")


class OneSided(ReportModel):
    """Cases that only one of two sides has."""

    side: str = Field(description="the one that has them")
    other: str
    cases: tuple[str, ...]


class Compared(ReportModel):
    """The result of one command."""

    schema_: Literal["modellab.comparison/1"] = Field(alias="schema", default=SCHEMA)
    sides: tuple[SideRef, ...]
    pairs: tuple[Pair, ...]
    changes: tuple[MetricChange, ...] = Field(description="the worst first")
    singles: tuple[Single, ...] = ()
    lonely: tuple[OneSided, ...] = ()
    never: dict[MetricName, str] = Field(
        default_factory=dict, description="why two runs are never compared by a metric that they have"
    )
    tests: int = Field(description="number of tests in Holm's correction: metrics whose values differ in any utterance")
    families: dict[Family, int] = Field(default_factory=dict, description="how many of them are corrected together")
    alpha: float

    def of(self, outcome: Outcome) -> list[MetricChange]:
        return [change for change in self.changes if change.outcome == outcome]

    @property
    def refused(self) -> list[Pair]:
        return [pair for pair in self.pairs if pair.refused]

    @property
    def good(self) -> bool:
        """Whether anything was compared, nothing was refused and nothing got worse."""
        return self.told > 0 and not self.refused and not self.of("worse")

    @property
    def told(self) -> int:
        """How many figures were compared."""
        return sum(change.outcome != "not compared" for change in self.changes)
