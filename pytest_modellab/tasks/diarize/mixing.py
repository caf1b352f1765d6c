"""Recordings of conversations: others laid over each other at their times, in a room's noise.

Only what makes samples stands here: a change of it changes what models are given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pytest_modellab.catalog.datasets.recording import Recording

# Counted up whenever the same parameters come to give other samples: it is part of the fingerprint.
VERSION = 1
CEILING = 0.98
"""What would be louder is turned down as a whole."""


@dataclass(frozen=True)
class ConversationRecording:
    """Several recordings in one.

    Attributes:
        parts: the recordings.
        starts_ms: where each begins.
        length_ms: of the whole; what goes beyond is cut off.
        room_dbfs: root mean square of the noise against a constant full-scale signal; None for none.
        seed: of the noise.
    """

    parts: tuple[Recording, ...]
    starts_ms: tuple[int, ...]
    length_ms: int
    room_dbfs: float | None
    seed: int

    @property
    def identity(self) -> tuple[Any, ...]:
        parts = [list(part.identity) for part in self.parts]
        return "conversation", VERSION, list(self.starts_ms), self.length_ms, self.room_dbfs, self.seed, parts

    @property
    def seconds(self) -> float:
        return self.length_ms / 1000

    def samples(self, rate: int) -> NDArray[np.float32]:
        import numpy as np

        length = round(self.length_ms * rate / 1000)
        mixed = np.zeros(length)
        for part, start_ms in zip(self.parts, self.starts_ms, strict=True):
            start = round(start_ms * rate / 1000)
            samples = part.samples(rate)[: max(0, length - start)]
            mixed[start : start + len(samples)] += samples
        if self.room_dbfs is not None:
            # numpy's legacy generator, whose stream is frozen (NEP 19).
            noise = np.random.RandomState(self.seed).standard_normal(length)
            mixed += noise * 10 ** (self.room_dbfs / 20)
        peak = float(np.abs(mixed).max(initial=0.0))
        if peak > CEILING:
            mixed *= CEILING / peak
        found: NDArray[np.float32] = mixed.astype(np.float32)
        return found
