"""Rows of a scorecard, made of records by the code that makes them of real ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from records import TIMING, stated

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.catalog.load import default_profiles
from pytest_modellab.catalog.profile_spec import ProfileSpec
from pytest_modellab.catalog.specs import LimitSpec, TaskGrades
from pytest_modellab.core.schema_base import Range
from pytest_modellab.reports.scorecard.build import build_row
from pytest_modellab.reports.scorecard.recommendation import Recommendation, recommend
from pytest_modellab.reports.scorecard.row import CaseReport, Row
from pytest_modellab.results.record import Record
from pytest_modellab.results.verdicts import Limits

BANDS = TaskGrades(
    criteria={
        "wer": {"A+": 0.05, "A": 0.10, "B": 0.15, "C": 0.25},
        "rtf": {"A+": 0.05, "A": 0.20, "B": 0.50, "C": 1.0},
        "success_rate": {"A+": 1.0, "A": 0.999, "B": 0.995, "C": 0.99},
    },
    provisional_below_words=5000,
)
WER = LimitSpec(metric="wer", max=0.15)
RTF = LimitSpec(metric="rtf", max=1.0)

NOISY = TIMING.model_copy(update={"noisy": "others used 30% of the processors (bound 10%)"})


def timing(rtf: float) -> Any:
    return TIMING.model_copy(update={"rtf": rtf})


def row(made: Record | None, *, limits: Sequence[LimitSpec] = (WER, RTF), **report: Any) -> Row:
    case = made.case if made else CaseRef(task="asr", model="tiny", device="cpu", dataset="talk")
    path = Path("/r/record.json") if made else None
    told = CaseReport(case=case, title=case.model, record=made, path=path, **report)
    return build_row(
        told, Limits(case, limits, lambda origin: "limits.yaml:3").judge(made) if made else [], {"asr": BANDS}, str
    )


def exact(made: Row) -> Row:
    """The row of so much data that its error rate and its speed are told from any others."""
    sharp = {
        metric: Range(low=value * 0.999, high=value * 1.001, method="m", clusters=9, conditional="")
        for metric in (made.error_metric, "rtf")
        if (value := made.figures[metric]) is not None
    }
    return made.model_copy(update={"intervals": sharp})


def spread(made: Record, low: float, high: float) -> Record:
    whole = Range(low=low, high=high, method="m", clusters=10, conditional="")
    return stated(made, {}, {"wer": whole})


def primary(rows: Sequence[Row]) -> Recommendation:
    """What is recommended for the role of primary ASR, on however few words."""
    return recommend("primary-asr", of_any_size("primary-asr"), rows)


def of_any_size(role: str) -> ProfileSpec:
    """A default role that asks for no number of words: of tests about what else decides."""
    return default_profiles().roles[role].model_copy(update={"least_words": 0})
