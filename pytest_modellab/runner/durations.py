"""Durations of cases in earlier sessions."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from pytest_modellab.catalog.cases import Case

from .reuse import records_of


def seconds_of(case: Case, reports: Path) -> float | None:
    """Seconds that the newest record of a case took to measure, without waiting; None where none tells.

    The record is not checked: a wrong duration costs time, nothing else.
    """
    for path in records_of(case, reports):
        try:
            passes = json.loads(path.read_bytes())["timing"]["passes"]
            spans = [datetime.fromisoformat(each["end"]) - datetime.fromisoformat(each["start"]) for each in passes]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if spans:
            return sum(span.total_seconds() for span in spans)
    return None
