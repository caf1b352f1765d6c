"""Load orders: what a worker is to load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_modellab.catalog.environments import Environment
    from pytest_modellab.catalog.specs import DeviceSpec


@dataclass(frozen=True)
class PartOrder:
    """The load order of a part of a composite model."""

    engine: str
    options: dict[str, Any]
    weights: Path | None
    path: str | None = None
    """See LoadOrder."""

    def message(self) -> dict[str, Any]:
        return {
            "engine": self.engine,
            "path": self.path,
            "options": self.options,
            "weights": None if self.weights is None else str(self.weights),
        }


@dataclass(frozen=True)
class LoadOrder:
    """The load order of a model."""

    engine: str
    options: dict[str, Any]
    device: dict[str, Any]
    weights: Path | None
    seed: int
    timeout_s: float
    environment: Environment | None = None
    """Where the worker runs; None for this session's own Python."""
    path: str | None = None
    """A folder to import the engine from, where it is found nowhere else."""
    handlers: Mapping[str, str | None] = field(default_factory=dict)
    """Module that answers requests -> a folder to import it from, where it is found nowhere else."""
    parts: Mapping[str, PartOrder] = field(default_factory=dict)
    """By role, the models that it is made of; on the same device, in the same process."""
    alone: bool = False
    """Whether it is loaded to be timed: in a cluster, on a node that is set aside for it."""
    needs: Mapping[str, Any] = field(default_factory=dict)
    """What it takes of a node of a cluster: `num_cpus`, `num_gpus`, `resources`."""
    distributions: tuple[str, ...] = ()
    """Those of its engine, whose versions are the same wherever it runs."""

    def message(self) -> dict[str, Any]:
        return {
            "op": "load",
            "engine": self.engine,
            "path": self.path,
            "options": self.options,
            "device": self.device,
            "weights": None if self.weights is None else str(self.weights),
            "seed": self.seed,
            "handlers": dict(self.handlers),
            "parts": {role: part.message() for role, part in self.parts.items()},
        }


def mapping(device: DeviceSpec) -> dict[str, Any]:
    """A device as a LoadOrder has it."""
    return {"kind": device.kind, "index": device.index, "shared": device.shared}
