"""The requirements of a release: `release.yaml`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .base import Number, Spec


class ReleaseFile(Spec):
    """The cases that must have been measured, and the conditions of measurement."""

    schema_: Literal["modellab.release/1"] = Field(alias="schema")
    required: tuple[str, ...] = Field(min_length=1, description="globs over case ids, model:device:dataset")
    max_age_days: Number = Field(
        default=2.0, gt=0, le=36500, description="how old a record may be when the release is made"
    )
    baselines: Literal["required", "optional"] = Field(
        default="optional", description="whether each of these cases must have a baseline"
    )
