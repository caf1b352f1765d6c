"""This repository's catalog and suites, somewhere else: to be changed, and run there."""

import shutil
from pathlib import Path

ROOT = Path(__file__).parent.parent


def copied(folder: Path) -> Path:
    """Into `folder`, which it gives back."""
    for name in ("fixtures", "suites", "pyproject.toml"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    return folder
