"""Differences between the inputs of two records, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

SHOWN = 8
"""Modules that are named where code changed."""

_MEANS = {"code": "code between samples and answers", "dataset": "recordings or references", "weights": "weights"}
"""Inputs that are digests, in words."""


def changes(old: Any, new: Any, name: str = "") -> Iterator[str]:
    """What differs between two records' inputs, a line each: `options.beam_size: 5 -> 1`."""
    if isinstance(old, dict) and isinstance(new, dict):
        if name.rpartition(".")[2] == "code":
            yield from _of_code(old, new, name)
            return
        for key in sorted({*old, *new}):
            yield from changes(old.get(key), new.get(key), f"{name}.{key}" if name else key)
    elif old != new:
        means = _MEANS.get(name.rpartition(".")[2])
        yield f"{name}: {old} -> {new}" if means is None else f"{name}: other {means}"


def _of_code(old: dict[str, Any], new: dict[str, Any], name: str) -> Iterator[str]:
    changed = sorted(module for module in {*old, *new} if old.get(module) != new.get(module))
    if changed:
        yield f"{name}: other {_MEANS['code']}: {', '.join(changed[:SHOWN])}" + (
            f" and {len(changed) - SHOWN} more" if len(changed) > SHOWN else ""
        )
