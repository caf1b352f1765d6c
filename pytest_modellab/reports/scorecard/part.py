"""Base class of a scorecard's parts: frozen, and written as JSON."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from pytest_modellab.catalog.specs import LETTERS
from pytest_modellab.core.metrics.registry import METRICS

RESEARCH = "research"
RANKS = (*LETTERS, RESEARCH, "F")
"""Grades, best first."""


def _metric(name: str) -> str:
    if name not in METRICS:
        raise ValueError("names a metric that is unknown here")
    return name


def _rank(letter: str) -> str:
    if letter not in RANKS:
        raise ValueError(f"names a grade that there is not; there are {', '.join(RANKS)}")
    return letter


MetricName = Annotated[str, AfterValidator(_metric)]
Rank = Annotated[str, AfterValidator(_rank)]


class ReportModel(BaseModel):
    model_config = ConfigDict(frozen=True)
