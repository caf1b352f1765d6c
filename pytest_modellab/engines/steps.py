"""Audio re-chunked into steps of equal length, so that recognition doesn't depend on how the audio arrives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Steps:
    """Collects samples and gives them out in steps of `size`."""

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError(f"a step must have at least one sample, not {size}")
        self._size = size
        self._pieces: list[NDArray[np.float32]] = []
        self._length = 0

    def take(self, samples: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
        """The steps that are complete with `samples`, each of shape (size,)."""
        import numpy as np  # here: the catalog imports engines, and has to stay light

        self._pieces.append(samples)
        self._length += len(samples)
        while self._length >= self._size:
            joined = np.concatenate(self._pieces)
            self._pieces, self._length = [joined[self._size :]], len(joined) - self._size
            yield joined[: self._size]

    def rest(self) -> NDArray[np.float32]:
        """What is left over at the end, shorter than a step, possibly of no length."""
        import numpy as np

        joined = np.concatenate(self._pieces) if self._pieces else np.zeros(0, dtype=np.float32)
        self._pieces, self._length = [], 0
        return joined
