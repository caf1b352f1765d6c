"""The catalog: the contents of all YAML files, as one object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .baseline_spec import BaselineLimitSpec
from .profile_spec import ProfilesFile
from .release_spec import ReleaseFile
from .specs import (
    DatasetSpec,
    DeviceSpec,
    LimitSpec,
    MirrorSpec,
    ModelSpec,
    Task,
    TaskGrades,
)


@dataclass(frozen=True)
class Catalog:
    """The contents of all YAML files. Paths in messages are relative to `base`."""

    folder: Path
    base: Path
    models: Mapping[str, ModelSpec]
    devices: Mapping[str, DeviceSpec]
    datasets: Mapping[str, DatasetSpec]
    limits: tuple[LimitSpec, ...]
    baseline_limits: tuple[BaselineLimitSpec, ...]
    grades: Mapping[Task, TaskGrades]
    profiles: ProfilesFile
    mirrors: Mapping[str, tuple[MirrorSpec, ...]]
    release: ReleaseFile | None
    metrics: tuple[str, ...] = ()
    """Names of the metrics that limits may be on."""
    engines: bool = True
    """Whether engines may be imported; if not, what only they know was not checked, and isn't asked for."""

    def shown(self, origin: str) -> str:
        """An origin (`/abs/file:line`) as a person would write it from `base`."""
        return origin.removeprefix(f"{self.base}/")
