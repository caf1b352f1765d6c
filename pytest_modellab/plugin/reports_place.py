"""The folder that a session writes to."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest


def check_reports(folder: Path) -> None:
    """Refuse, before anything runs, a place that results can't be written to."""
    existing = next(path for path in (folder, *folder.parents) if path.exists() or path.is_symlink())
    try:
        # For some users `os.access` allows what the file system doesn't.
        with tempfile.TemporaryFile(dir=existing):
            return
    except OSError:
        what = "not a folder" if not existing.is_dir() else "not writable"
        raise pytest.UsageError(
            f"reports can't be written to {folder}: {existing} is {what}; set --lab-report or modellab_reports"
        ) from None
