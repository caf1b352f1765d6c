"""Folders of generated files (conversions), cached by a key of their inputs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from .blobs import Blobs
from .retrieval import read_file
from .unpacking import write_json


class Conversions:
    """Lists of generated files by key, under `root/made`; their contents are blobs like any others."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    def listed(self, key: str) -> dict[str, str] | None:
        """SHA-256 of each file by name; None where it wasn't made, or where one of them is gone or corrupt."""
        try:
            listing = json.loads(self._place(key).read_text(encoding="utf-8"))
            found = {str(name): str(sha256) for name, sha256 in listing.items()}
            whole = bool(found) and all(self._blobs.verified(sha256) is not None for sha256 in found.values())
        except (OSError, ValueError, AttributeError):
            return None
        return found if whole else None

    def keep(self, key: str, make: Callable[[Path], None], workroom: Path) -> dict[str, str]:
        """Have `make` fill an empty folder and keep its files. Hold the key's lock. Raises what `make` raises."""
        folder = workroom / "made"
        folder.mkdir()
        make(folder)
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        listing = {path.relative_to(folder).as_posix(): self._blobs.take(read_file(path)) for path in paths}
        write_json(self._place(key), listing)
        return listing

    def _place(self, key: str) -> Path:
        return self._blobs.root / "made" / f"{key}.json"
