"""NVIDIA's libraries from Python packages, for engines that only search the system's library paths."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

# What CTranslate2 4 opens by name when it first computes; whoever is needed by another comes first.
NEEDED = (
    ("nvidia.cublas", "libcublasLt.so.12"),
    ("nvidia.cublas", "libcublas.so.12"),
    ("nvidia.cudnn", "libcudnn.so.9"),
)
ADVICE = "on CUDA, CTranslate2 needs cuBLAS of CUDA 12 and cuDNN 9: pip install 'pytest-modellab[faster-whisper-cuda]'"


def preload() -> None:
    """Open libraries that pip installed, so that they are found by name; those of the system need no help."""
    for path in installed():
        try:
            ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
        except OSError:
            continue  # the engine says what it lacks, if it does


def installed() -> Iterator[Path]:
    """The libraries that lie in Python packages, in the order in which they can be opened."""
    if not sys.platform.startswith("linux"):
        return
    for package, name in NEEDED:
        try:
            spec = find_spec(package)
        except ModuleNotFoundError:  # not even `nvidia`
            continue
        for folder in () if spec is None else spec.submodule_search_locations or ():
            if (path := Path(folder) / "lib" / name).is_file():
                yield path


def explained(error: RuntimeError) -> RuntimeError:
    """The same error, or, where a library of NVIDIA's is what it lacks, one that says what to do."""
    text = str(error)
    lacking = "libcublas" in text or "libcudnn" in text or "cublas64" in text or "cudnn64" in text
    return RuntimeError(f"{text}; {ADVICE}") if lacking else error
