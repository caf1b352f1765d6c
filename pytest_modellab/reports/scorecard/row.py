"""One case of a session, as a row of its scorecard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.core.hardware import Hardware
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.schema_base import FallbackDevice, Range, TextWithoutSecrets
from pytest_modellab.results.record import Record
from pytest_modellab.results.timed_limits import Comparison
from pytest_modellab.results.verdicts import Status, Verdict

from .grade import Grade
from .part import MetricName, ReportModel
from .since_last import SinceLast

NOT_RUN = "no test ran it"
BROKEN_OFF = "broken off"
"""How the reason of a case begins that was not answered to its end."""


class Judgement(ReportModel):
    """A verdict as stored."""

    metric: MetricName
    comparison: Comparison
    value: float | None
    bound: float | None
    status: Status
    source: str
    reason: str
    asserted: bool = Field(description="by a test, not only by the gate")
    by: str = Field(default="", description="attribute between whose groups the gap is judged; empty for the value")


class Row(ReportModel):
    """One case."""

    case: CaseRef
    title: str
    status: Status = Field(description="the worst of the gate's verdicts, the tests' verdicts and the tests")
    reason: TextWithoutSecrets = ""
    figures: dict[str, float | None] = Field(default_factory=dict)
    intervals: dict[str, Range] = Field(default_factory=dict, description="95 %, by metric")
    grade: Grade | None = None
    verdicts: tuple[Judgement, ...] = ()
    failed_tests: tuple[str, ...] = ()
    error_metric: MetricName = Field(
        default="wer", description="the task's own, else wer, or cer where words aren't divided by spaces"
    )
    utterances: int = 0
    unanswered: TextWithoutSecrets = Field(
        default="", description="how many utterances have no answer, and why; empty where all have, or none"
    )
    limited_to: int | None = Field(default=None, description="only so many utterances were asked for, else null")
    words: int = Field(default=0, description="of all references; characters where `error_metric` is cer")
    turns: int | None = Field(default=None, description="judged turns; null where there are no dialogues")
    speakers: int = Field(default=0, description="of whom the data set knows")
    graded_apart: str | None = Field(default=None, description="why a case with the grade F passes, else null")
    by_value_alone: tuple[MetricName, ...] = Field(
        default=(), description="limits that are passed by the value alone: its interval reaches beyond them"
    )
    empty_references: int = Field(default=0, description="references without a word after normalisation")
    standing_out: tuple[str, ...] = Field(default=(), description="parts of the data with a clearly higher WER")
    odd_recordings: int = Field(default=0, description="recordings with a finding: clipping, silence, ...")
    left_out: tuple[str, ...] = Field(default=(), description="utterances of the data set that were broken")
    data_notes: tuple[str, ...] = Field(default=(), description="what a person should look at in the data set")
    device_kind: str = ""
    data: str = Field(default="", description="digest of recordings, references and the way they are compared")
    machine: str = Field(default="", description="what its times hold for")
    hardware: dict[str, Any] = Field(default_factory=dict, description="the same, as the record states it")
    currency: str | None = Field(default=None, description="of the cost; null where the device has no price")
    ran_on: FallbackDevice | None = Field(default=None, description="null where it ran on the device of the case")
    noisy: str | None = Field(default=None, description="why its times can't be relied on, else null")
    noisy_loading: str | None = Field(default=None, description="as `noisy`, of load time and first call besides")
    unchanged_since: str | None = Field(
        default=None, description="commit and day of the record, where this session had nothing to measure"
    )
    since_last: SinceLast | None = Field(
        default=None, description="the main figure beside that of the last run; null where none can be compared"
    )
    tests_left_out: int = Field(default=0, description="tests of it that were not run because its device is absent")
    record: str | None = None

    @property
    def measured(self) -> bool:
        return self.record is not None

    @property
    def not_reached(self) -> bool:
        """Whether it could have run, and the session did not come to it, or not to its end."""
        return not self.measured and self.reason.startswith((NOT_RUN, BROKEN_OFF))

    @property
    def timed_on(self) -> Hardware:
        """The hardware of the run, with the kind of device of its case."""
        return Hardware.stated(self.hardware, self.device_kind)

    @property
    def brief_reason(self) -> str:
        """The reason on one line: of several lines what it is about, and the advice that stands last."""
        first, *rest = self.reason.splitlines() or [""]
        return f"{first.removesuffix('; tried:').removesuffix(':')}; {rest[-1].strip()}" if rest else first

    def noise(self, metric: str) -> str | None:
        """Why a time isn't reliable; None where it is, and for metrics that are no times."""
        return METRICS[metric].noise(self.noisy, self.noisy_loading)

    @property
    def unlimited(self) -> list[str]:
        """The metrics that tests compared with a limit that limits.yaml does not have."""
        absent = [v for v in self.verdicts if v.asserted and v.bound is None and v.value is not None]
        return list(dict.fromkeys(v.metric for v in absent if v.status is Status.NOT_AVAILABLE))

    @property
    def graded(self) -> bool:
        return self.grade is not None and self.grade.letter is not None


class CaseReport(ReportModel):
    """Everything that a session knows of one case at its end."""

    case: CaseRef
    title: str
    research: str | None = Field(default=None, description="why the model isn't for production, else null")
    record: Record | None = None
    path: Path | None = None
    before: Record | None = Field(default=None, description="the last run of the case, or its header")
    unavailable: TextWithoutSecrets | None = None
    broken: TextWithoutSecrets | None = None
    unchanged_since: str | None = None
    verdicts: tuple[Verdict, ...] = ()
    failed_tests: tuple[str, ...] = ()
    tests_left_out: int = 0
