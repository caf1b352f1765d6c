"""A predictor of speech quality: its engine, its reference audio, and the metric of its scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pytest_modellab.core.metrics.metric import Unit


@dataclass(frozen=True)
class Predictor:
    """A rater of speech. Its metric has the name of its entry point and is the mean over audible utterances.

    The class `engine` loads as any engine does, and has `score(clip)` where it compares with nothing, else
    `compare(clip, other)`; both give a number, or raise ValueError for a clip that can't be rated.
    """

    engine: type[Any]
    title: str
    unit: Unit
    better: Literal["lower", "higher"]
    doc: str
    """Of the metric: what it measures, on which scale, by whom."""
    compares_with: Literal["nothing", "reading", "utterance"] = "nothing"
    """A person's reading of the same text; or another utterance: the first, and the second for the first."""
    scale: tuple[float | None, float | None] = (None, None)
    """The least and the greatest score; None for no such."""
    evidence: str = ""
    """What its scores agree with, and who says so."""
    weights: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Files of installed packages that it loads, as `package/path`, with their SHA-256."""

    @property
    def target(self) -> str:
        """`module:Class` of its engine."""
        return f"{self.engine.__module__}:{self.engine.__qualname__}"
