"""Queries to git about a folder's repository."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_PLACES = frozenset(
    f"GIT_{name}" for name in ("DIR", "WORK_TREE", "COMMON_DIR", "INDEX_FILE", "OBJECT_DIRECTORY", "PREFIX")
)


class GitError(Exception):
    """A failed git command, with git's own message: no repository, no such commit, not installed, timed out."""


def output(folder: Path, *arguments: str, timeout_s: float | None = None) -> str:
    """The standard output of `git ARGUMENTS` in `folder`, without the last line end. Raises GitError."""
    command = ["git", "-C", str(folder), *arguments]
    # Of a git that called us, as a hook: they would lead ours to another repository, index or tree than the folder's.
    variables = {name: value for name, value in os.environ.items() if name not in _PLACES}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False, env=variables)
    except subprocess.TimeoutExpired:
        raise GitError(f"git {arguments[0]} took more than {timeout_s:g} s") from None
    except OSError as error:
        raise GitError(f"git can't be run: {error.strerror}") from None
    if done.returncode:
        raise GitError(done.stderr.strip() or f"git {arguments[0]} ended with {done.returncode}")
    return done.stdout.removesuffix("\n")


def told(folder: Path, *arguments: str, timeout_s: float | None = None) -> str | None:
    """As `output`; None where the command fails."""
    try:
        return output(folder, *arguments, timeout_s=timeout_s)
    except GitError:
        return None
