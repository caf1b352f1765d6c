"""Protocols of engines that hear and speak at once, frame by frame. Standard library and numpy only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol

from .base import Engine, Heard

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Conversation(Protocol):
    """One dialogue: what the user says goes in while the reply comes out."""

    def hear(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """The next frame of the user's side, shape (frame,); what is said in the time of the next one.

        Float32 of shape (m,) at `speech_rate` Hz, at most as long as a frame; what is shorter is followed by silence.
        """
        ...

    def heard(self) -> Sequence[Heard]:
        """What was recognised of the user's words since this was last asked; none where the engine doesn't tell."""
        ...

    def close(self) -> None:
        """Release it. Safe to repeat."""
        ...


class DuplexConversant(Engine, Protocol):
    """An engine that hears while it speaks. It is assumed not to hear itself: its echo is cancelled before it."""

    frame: ClassVar[int]
    """Samples at `rate` Hz that it is given at once."""
    speech_rate: int
    """Hz, of what it says; known once it is loaded."""

    def converse(self, language: str | None) -> Conversation: ...
