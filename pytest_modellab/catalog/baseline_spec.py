"""The allowed rise of an error rate against a baseline: the section `baselines` of limits.yaml."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from pytest_modellab.core.stats.regression import DEFAULT, Allowed

from .base import Number, Spec

if TYPE_CHECKING:
    from pytest_modellab.catalog.case_ref import CaseRef


class BaselineLimitSpec(Spec):
    """The allowed rise of an error rate against a baseline, for the cases its globs match. The last match counts."""

    tolerance: Number = Field(
        default=DEFAULT.tolerance,
        ge=0,
        lt=1,
        description="a rise beyond it that may be chance is inconclusive; 0.02 is two points",
    )
    sanity: Number = Field(
        default=DEFAULT.sanity,
        gt=0,
        lt=1,
        description="a rise beyond it, with at least three more errors, fails whatever a test says; 0.1 is ten points",
    )
    model: str = "*"
    device: str = "*"
    dataset: str = "*"
    reason: str = ""

    @model_validator(mode="after")
    def _in_order(self) -> BaselineLimitSpec:
        if self.tolerance > self.sanity:
            raise ValueError(f"`tolerance` ({self.tolerance:g}) is beyond `sanity` ({self.sanity:g})")
        return self


def allowed(specs: Sequence[BaselineLimitSpec], case: CaseRef, shown: Callable[[str], str]) -> Allowed:
    """What applies to a case: the last of `specs` that matches it, else the defaults."""
    for spec in reversed(specs):
        if all(fnmatchcase(getattr(case, key), getattr(spec, key)) for key in ("model", "device", "dataset")):
            return Allowed(spec.tolerance, spec.sanity, shown(spec.origin))
    return DEFAULT
