"""Conversion of a Whisper in CTranslate2's format to the formats of other libraries, and of a Hugging Face one to it.

Standard library and numpy; safetensors for its format, and torch only in a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from .errors import WeightsDamaged

Target = Literal["openai-whisper", "transformers", "whisper-cpp", "ctranslate2"]

# Raised when what is written from the same source changes: converted weights are made anew, and are others.
CONVERTER = 1

SOURCE_FILES = ("config.json", "model.bin", "tokenizer.json")
"""What a folder must hold to be converted."""

__all__ = ["EXTRAS", "NEEDS", "SOURCE_FILES", "Target", "WeightsDamaged", "check_outline", "convert", "version"]

NEEDS: Mapping[Target, tuple[str, ...]] = MappingProxyType(
    {
        "openai-whisper": ("torch",),
        "transformers": ("safetensors",),
        "whisper-cpp": (),
        "ctranslate2": ("ctranslate2", "transformers", "torch"),
    }
)
"""Distributions that writing a target takes, beside our own dependencies."""

EXTRAS: Mapping[Target, str] = MappingProxyType(
    {target: target for target in NEEDS} | {"ctranslate2": "faster-whisper,transformers"}
)
"""The extras that have them."""


def convert(source: Path, target: Target, folder: Path) -> None:
    """Write the CTranslate2 Whisper in `source` into the empty `folder`, read it back and compare every tensor.

    To `ctranslate2` the source is a Hugging Face folder, and nothing is compared: that library's converter writes it.
    Raises WeightsDamaged where the source is no whole Whisper, or where what was written isn't what was read;
    OSError where a disk fails.
    """
    _WRITERS[target](source, folder)


def version(target: Target) -> str:
    """What writes a target: other versions write other weights."""
    if target != "ctranslate2":
        return str(CONVERTER)
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return f"{CONVERTER} {installed(target)}"
    except PackageNotFoundError:
        return str(CONVERTER)


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


def _ctranslate2(source: Path, folder: Path) -> None:
    from .from_transformers import write

    write(source, folder)


_WRITERS: Mapping[Target, Callable[[Path, Path], None]] = {
    "openai-whisper": _openai_whisper,
    "transformers": _transformers,
    "whisper-cpp": _whisper_cpp,
    "ctranslate2": _ctranslate2,
}
