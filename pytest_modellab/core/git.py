"""Queries to git about a folder's repository."""

from __future__ import annotations

import subprocess
from pathlib import Path


class GitError(Exception):
    """A failed git command, with git's own message: no repository, no such commit, not installed, timed out."""


def output(folder: Path, *arguments: str, timeout_s: float | None = None) -> str:
    """The standard output of `git ARGUMENTS` in `folder`, without the last line end. Raises GitError."""
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
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
