"""Outcomes of cases, as the processes of a session exchange them."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_modellab.assets.store import cache_root
from pytest_modellab.results import record_files as records
from pytest_modellab.results.record import Record


@dataclass(frozen=True)
class Outcome:
    """The outcome of a case: a record, or why there is none.

    `unavailable`: something is missing (device, library, weights, data), which isn't a failure.
    `broken`: something is wrong (a digest, a recording, a full disk): a failure.
    """

    record: Record | None = None
    path: Path | None = None
    unavailable: str | None = None
    broken: str | None = None
    unchanged_since: str | None = None
    """Of what commit and day the record is, where this session had nothing to measure."""


def to_note(outcome: Outcome) -> dict[str, Any]:
    """An outcome as the session's other processes read it."""
    return {
        "record": None if outcome.path is None else str(outcome.path),
        "unavailable": outcome.unavailable,
        "broken": outcome.broken,
        "unchanged_since": outcome.unchanged_since,
    }


def from_note(note: dict[str, Any]) -> Outcome:
    path = None if note["record"] is None else Path(note["record"])
    record = None if path is None else records.read(path)
    return Outcome(record, path, note["unavailable"], note["broken"], note["unchanged_since"])


def not_written(error: OSError, reports: Path) -> str:
    """The message about files that could not be written, in the cache or under `reports`."""
    where = f" ({error.filename})" if error.filename else ""
    cache = cache_root()
    if error.filename and Path(str(error.filename)).is_relative_to(cache):
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        advice = "a larger disk; or free some" if full else "a writable folder"
        return f"can't use the cache {cache}{where}: {error.strerror}; set MODELLAB_CACHE to {advice}"
    return (
        f"can't write under {reports}{where}: {error.strerror};"
        " what was measured so far is kept: free the disk and run again"
    )
