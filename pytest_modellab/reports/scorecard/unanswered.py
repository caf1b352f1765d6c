"""Utterances without an answer: how many of a case, and why, in a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_modellab.core.metrics.stored import field
from pytest_modellab.core.schema_base import Failure
from pytest_modellab.results.record import Record

if TYPE_CHECKING:
    from .row import Row

_LONGEST = 100
"""Characters of a reason."""
_MOST_CASES = 3
_WORDS = {"crash": "the worker died", "timeout": "timed out"}
"""Kind of failure -> what is said of it; of another kind its message."""


def unanswered(record: Record) -> str:
    """`1 of 60 unanswered: the worker died`; "" where all were answered, or none was: that is a failure of its own."""
    of, answered = record.summary.utterances, record.summary.answered
    if record.failure is not None or not 0 < answered < of:
        return ""
    reasons = Counter(_why(error) for error in field(record.utterances, "error") if error is not None).most_common()
    told = f"{of - answered:,} of {of:,} unanswered"
    if not reasons:  # of a header
        return told
    more = f", and {len(reasons) - 1} other reason{'s' * (len(reasons) > 2)}" if len(reasons) > 1 else ""
    return f"{told}: {reasons[0][0]}{more}"


def _why(error: Failure) -> str:
    first = next(iter(error.message.splitlines()), "")
    return _WORDS.get(error.kind, first if len(first) <= _LONGEST else f"{first[:_LONGEST]}...")


def line(rows: Sequence[Row]) -> str:
    """All cases that lack answers, in one line; "" where none does."""
    found = [row for row in rows if row.unanswered]
    told = [f"{row.case.id}: {row.unanswered}" for row in found[:_MOST_CASES]]
    more = len(found) - _MOST_CASES
    return "; ".join([*told, *([f"and {more} more case{'s' * (more > 1)}"] if more > 0 else [])])
