"""What the page draws of a run through the settings of its model, such as a threshold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Axis:
    """A title and its unit, `s` or `%`; what is in `%` is a ratio, and drawn in percent."""

    title: str
    unit: str

    @property
    def share(self) -> bool:
        return self.unit == "%"

    @property
    def whole(self) -> str:
        """The title with its unit."""
        return f"{self.title}, {self.unit}"


@dataclass(frozen=True)
class SweptRun:
    """A curve through the settings of a run's model, and the point of its own setting; each point as (x, y)."""

    x: Axis
    y: Axis
    points: tuple[tuple[float, float], ...]
    own: tuple[float, float]
