"""Recordings of synthesized prompts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_modellab.core import audio

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class SpokenRecording:
    """A text spoken by the voice of a data set; `key` is the same wherever the same voice speaks the same text."""

    path: Path
    key: str

    @property
    def identity(self) -> tuple[Any, ...]:
        return "spoken", self.key

    @property
    def seconds(self) -> float:
        """Length by the file's header. Raises audio.AudioError."""
        return audio.probe(self.path)

    def samples(self, rate: int) -> NDArray[np.float32]:
        return audio.load(self.path, rate)
