"""What a run knows beside its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_modellab.core.schema_base import Elsewhere, Failure, Finding
    from pytest_modellab.engines.base import Fact
    from pytest_modellab.runner.local import Memory

    from .conditions import Conditions


@dataclass(frozen=True)
class RunFacts:
    """What a run knows beside the answers themselves."""

    load_s: float | None
    first_call_s: float | None
    no_speed: str | None
    failure: Failure | None
    memory: Memory
    resumed: int
    restarts: int
    conditions: Conditions
    findings: tuple[Finding, ...] = ()
    loaded: Mapping[str, Fact] = field(default_factory=dict)
    """What the engine told after loading."""
    elsewhere: Elsewhere | None = None
