"""Provenance of a record: commit and versions; and the key by which two runs have the same inputs."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pytest_modellab.core import git
from pytest_modellab.core.hardware import hardware as hardware

# Raised when the way of running a case changes so that old and new answers can't be mixed.
PROTOCOL = 2


def git_state(folder: Path) -> tuple[str | None, bool | None]:
    """Commit checked out in `folder` and whether tracked files differ from it; (None, None) outside git."""
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None, None
    status = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return commit, bool(status)


def uncommitted(folder: Path, paths: Iterable[Path]) -> list[str]:
    """Tracked files among `paths`, which may be folders, that differ from the commit checked out in `folder`.

    None is told outside git, and of paths outside the repository.
    """
    found: list[str] = []
    for path in paths:
        told = _git(folder, "diff", "--name-only", "HEAD", "--", str(path.resolve()))
        found += [name for name in (told or "").splitlines() if name not in found]
    return found


def _git(folder: Path, *arguments: str) -> str | None:
    return git.told(folder, *arguments, timeout_s=10)


def versions(distributions: Iterable[str]) -> dict[str, str | None]:
    """Installed versions by distribution; None for one that is not installed."""
    return {name: _version(name) for name in distributions}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def input_key(inputs: dict[str, Any]) -> str:
    """SHA-256 of the inputs as sorted JSON: equal keys mean that answers may be taken over."""
    text = json.dumps(inputs, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def python_tag() -> str:
    return f"{sys.implementation.name}-{sys.version_info.major}.{sys.version_info.minor}"
