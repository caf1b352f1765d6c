"""Capacity under an SLO by bisection: levels are measured one after the other, each chosen by those before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_modellab.results.record import Record

from .levels import Slo

NEAR = 1.1
"""Levels that needn't be whole are as near as that: their ratio."""


@dataclass(frozen=True)
class Found:
    """The highest level that holds, the lowest that doesn't, and why; None where there is none of the kind."""

    held: float | None
    broken: float | None
    why: str = ""
    undecided: str = ""
    """Why the search ended before both were near each other; empty where it didn't."""

    def __str__(self) -> str:
        held = "none" if self.held is None else f"{self.held:g}"
        if self.undecided:
            least = "" if self.held is None else f", at least {held}"
            return f"capacity: not decided{least}: {self.undecided}"
        if self.broken is None:
            return f"capacity: {held} or more: every level that was tried holds the SLO"
        return f"capacity: {held}; not {self.broken:g}: {self.why}"


def search(measure: Callable[[float], Record | str], slo: Slo, lowest: float, highest: float, *, whole: bool) -> Found:
    """Double the level until the SLO is broken, then halve the distance.

    `measure` measures a level, or says why it couldn't. A level whose times are noisy decides nothing: the search ends.
    """
    held: float | None = None
    broken: float | None = None
    why, level = "", lowest
    while True:
        record = measure(level)
        if isinstance(record, str):
            return Found(held, broken, why, f"{level:g}: {record}")
        found = slo.broken(record)
        if not found and (unknown := slo.unknown(record)):
            return Found(held, broken, why, f"{level:g}: {'; '.join(unknown)}")
        if found:
            broken, why = level, "; ".join(found)
        else:
            held = level
        following = _next(held, broken, highest, whole)
        if following is None:
            return Found(held, broken, why)
        level = following


def _next(held: float | None, broken: float | None, highest: float, whole: bool) -> float | None:
    if held is None:
        return None  # the lowest level is the first one
    if broken is None:
        return min(2 * held, highest) if held < highest else None
    if whole:
        return (held + broken) // 2 if broken - held > 1 else None
    return float(f"{(held * broken) ** 0.5:.3g}") if broken > NEAR * held else None
