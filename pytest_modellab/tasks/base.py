"""The parts of an exercise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Dataset, Utterance
    from pytest_modellab.core.audio import Finding


Lines: TypeAlias = Mapping[str, Mapping[str, Any]]
"""What a journal holds of the answers so far, by utterance id."""


@dataclass(frozen=True)
class Ask:
    """One request to a worker."""

    message: dict[str, Any]
    payload: bytes = b""
    audio_s: float = 0.0
    """Audio that is given to the model, or that it is likely to make: for time-outs."""
    findings: tuple[Finding, ...] = ()
    """What is odd in the recording."""


@dataclass(frozen=True)
class Kept:
    """What is kept of an answer."""

    text: str | None
    """Raw; None where others have yet to write down what the model said."""
    audio_s: float
    """What the time it took is held against."""
    language: str | None = None
    part: dict[str, Any] | None = None
    """What the task has beside, as JSON holds it."""
    times: dict[str, Any] | None = None
    """Of that, what counts only where the machine was held alone."""


class Exercise(Protocol):
    """One task on one data set."""

    def seconds(self, utterance: Utterance) -> float:
        """Audio of an utterance, as far as it can be told ahead. Raises audio.AudioError."""
        ...

    def ask(self, utterance: Utterance, lines: Lines, *, timed: bool) -> Ask:
        """The request for one utterance; `timed` is whether the time it takes will count. Raises audio.AudioError."""
        ...

    def keep(self, ask: Ask, reply: Mapping[str, Any]) -> Kept:
        """What a worker's reply comes to. Raises OSError where it can't be stored."""
        ...

    def fixed(self, whole: Dataset) -> Ask | None:
        """A request to repeat, of the data set that all shards share: how much its time varies tells how noisy the
        machine is. None for a task without."""
        ...
