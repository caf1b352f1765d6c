"""Libraries of CUDA that pip installed: which are opened, in which order, and what is said where they lack."""

from __future__ import annotations

import ctypes
import importlib
from pathlib import Path
from typing import Any

import pytest

from pytest_modellab.engines import cuda_libraries


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The two packages, as their wheels lay them out, with files that are no libraries."""
    for package, names in (("cublas", ("libcublas.so.12", "libcublasLt.so.12")), ("cudnn", ("libcudnn.so.9",))):
        folder = tmp_path / "nvidia" / package / "lib"
        folder.mkdir(parents=True)
        (folder.parent / "__init__.py").touch()
        for name in names:
            (folder / name).touch()
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    monkeypatch.setattr("sys.platform", "linux")
    return tmp_path / "nvidia"


def test_what_another_needs_is_opened_first(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[str, Any]] = []
    monkeypatch.setattr(ctypes, "CDLL", lambda path, mode: opened.append((path, mode)))
    cuda_libraries.preload()
    order = [
        packages / "cublas/lib/libcublasLt.so.12",
        packages / "cublas/lib/libcublas.so.12",
        packages / "cudnn/lib/libcudnn.so.9",
    ]
    assert opened == [(str(path), ctypes.RTLD_GLOBAL) for path in order]


def test_what_is_broken_or_missing_is_left_to_the_engine(packages: Path) -> None:
    (packages / "cudnn/lib/libcudnn.so.9").unlink()
    assert len(list(cuda_libraries.installed())) == 2
    cuda_libraries.preload()  # neither is a library


def test_elsewhere_than_on_linux_they_are_found_without_help(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    assert list(cuda_libraries.installed()) == []


def test_an_error_for_want_of_them_says_what_to_install() -> None:
    error = RuntimeError("Library libcublas.so.12 is not found or cannot be loaded")
    assert "pip install 'pytest-modellab[faster-whisper-cuda]'" in str(cuda_libraries.explained(error))
    other = RuntimeError("CUDA out of memory")
    assert cuda_libraries.explained(other) is other
