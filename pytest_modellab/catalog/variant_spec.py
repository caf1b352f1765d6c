"""Variants of a model: the same weights with other options, each a model of the catalog with an id of its own."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from .base import Spec, Task, Tier

JOIN = "+"
"""Between the id of a model and the name of its variant."""


class VariantSpec(Spec):
    """A variant, `ID+NAME`: options that count before the model's own, on every device."""

    title: str = ""
    options: dict[str, Any] = Field(min_length=1, description="the engine's own options, before those of devices too")
    tasks: tuple[Task, ...] = Field(default=(), description="of the model's; [] for all")
    tiers: tuple[Tier, ...] = Field(default=(), description="[] has no tests unless it is named")
