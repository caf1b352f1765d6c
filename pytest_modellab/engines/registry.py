"""Which engines are installed, by the entry-point group `modellab.engines`. Nothing is imported until asked."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import cast

from .base import Engine

GROUP = "modellab.engines"


@cache
def available() -> dict[str, str]:
    """Engine name -> `module:Class`."""
    return {entry.name: entry.value for entry in entry_points(group=GROUP)}


@cache
def engine_class(target: str) -> type[Engine]:
    """Import `module:Class`; this imports the engine's module, not its library."""
    module, _, name = target.partition(":")
    return cast("type[Engine]", getattr(import_module(module), name))
