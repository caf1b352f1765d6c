"""The scorecard of a session as data: a row per case, the recommendation, what is missing."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pytest_modellab.core.schema_base import TextWithoutSecrets
from pytest_modellab.results.verdicts import Status

from .models import ModelRow
from .part import ReportModel
from .recommendation import Recommendation
from .row import Row
from .tradeoffs import Front, SpeedUp

SCHEMA: Literal["modellab.scorecard/2"] = "modellab.scorecard/2"


class Scorecard(ReportModel):
    """The results of a session."""

    schema_: Literal["modellab.scorecard/2"] = Field(alias="schema", default=SCHEMA)
    session: str
    created: str
    arguments: TextWithoutSecrets = Field(default="", description="of pytest; empty where there were none")
    partial: str | None = Field(description="why this is not the whole session, else null")
    rows: tuple[Row, ...]
    models: tuple[ModelRow, ...] = Field(default=(), description="each model's grade in each task of the session")
    recommendations: tuple[Recommendation, ...]
    fronts: tuple[Front, ...] = Field(default=(), description="accuracy against cost, for each data set")
    speed_ups: tuple[SpeedUp, ...] = Field(default=(), description="models that ran on several devices")
    problems: tuple[TextWithoutSecrets, ...] = Field(description="why the session can't pass, beside failing tests")

    @property
    def passed(self) -> bool:
        """Whether all of the session ran, and nothing in it failed."""
        return not (self.problems or self.partial or any(row.status is Status.FAIL for row in self.rows))

    @property
    def undecided(self) -> str:
        """Why it is no pass though nothing failed: of what was measured nothing was held to a limit, or to no avail."""
        found = {row.status for row in self.rows if row.measured}
        # A case is in doubt by one figure, such as a time of a noisy machine, and decided by the others.
        held = {each.status for row in self.rows if row.measured for each in row.verdicts if each.bound is not None}
        if not found or (found | held) & {Status.PASS, Status.WARN, Status.FAIL}:
            return ""
        return "nothing decided" if Status.INCONCLUSIVE in found else "nothing judged"
