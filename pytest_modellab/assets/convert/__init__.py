"""Conversion of a Whisper in CTranslate2's format to the formats of other libraries.

Standard library and numpy; safetensors for its format, and torch only in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from .errors import WeightsDamaged

Target = Literal["openai-whisper", "transformers", "whisper-cpp"]

# Raised when what is written from the same source changes: converted weights are made anew, and are others.
CONVERTER = 1

SOURCE_FILES = ("config.json", "model.bin", "tokenizer.json")
"""What a folder must hold to be converted."""

__all__ = ["CONVERTER", "NEEDS", "SOURCE_FILES", "Target", "WeightsDamaged", "check_outline", "convert"]

NEEDS: Mapping[Target, tuple[str, ...]] = MappingProxyType(
    {"openai-whisper": ("torch",), "transformers": ("safetensors",), "whisper-cpp": ()}
)
"""Distributions that writing a target takes, beside our own dependencies; the extra of the target's name has them."""


def convert(source: Path, target: Target, folder: Path) -> None:
    """Write the CTranslate2 Whisper in `source` into the empty `folder`, read it back and compare every tensor.

    Raises WeightsDamaged where the source is no whole Whisper, or where what was written isn't what was read;
    OSError where a disk fails.
    """
    _WRITERS[target](source, folder)


def check_outline(source: Path) -> None:
    """Raise WeightsDamaged or OSError where `source` is plainly no whole Whisper: quick, no weight is read."""
    from .whisper import outline

    outline(source)


def _openai_whisper(source: Path, folder: Path) -> None:
    from .openai_whisper import write

    write(source, folder)


def _transformers(source: Path, folder: Path) -> None:
    from .transformers import write

    write(source, folder)


def _whisper_cpp(source: Path, folder: Path) -> None:
    from .ggml import write

    write(source, folder)


_WRITERS: Mapping[Target, Callable[[Path, Path], None]] = {
    "openai-whisper": _openai_whisper,
    "transformers": _transformers,
    "whisper-cpp": _whisper_cpp,
}
