"""The finding of a test that compared a case with its baseline."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_modellab.results.baseline import STATUS, SUFFIX

from .row import Judgement


def against_baseline(verdicts: Iterable[Judgement]) -> str:
    """In a word or two: `worse`, `unchanged`, `not told apart`, ...; "" where no test looked."""
    for verdict in verdicts:
        outcome = verdict.reason.partition(":")[0]
        if verdict.source.endswith(SUFFIX) and outcome in STATUS:
            return outcome
    return ""
