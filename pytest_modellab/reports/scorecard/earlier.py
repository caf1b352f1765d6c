"""Earlier answers to the utterances of a case: those of its previous record, and those of its baseline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pytest_modellab.core.metrics.stored import fields
from pytest_modellab.results import baseline, record_files
from pytest_modellab.results.baseline_lines import BaselineError
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_names import case_named

from .page.model_answers import EarlierAnswers
from .row import Row

BASELINES = "baselines"
_MOST_UTTERANCES = 20_000
"""Of larger sets nothing earlier is read besides: each of its answers would be counted anew."""


def earlier(reports: Path, row: Row, record: Record) -> Iterator[EarlierAnswers]:
    """Answers to the same recordings and references, the newest first; nothing of what can't be read."""
    if len(record.utterances) > _MOST_UTTERANCES:
        return
    data = record.provenance.inputs.get("dataset")
    previous = _previous(reports, row, record)
    if previous is not None and previous.provenance.inputs.get("dataset") == data:
        told = dict(fields(previous.utterances, "id", "hypothesis"))
        yield EarlierAnswers(f"before ({previous.provenance.created[:10]})", told)
    try:
        kept = baseline.of_case(baseline.place(record, reports / BASELINES), record.case)
    except BaselineError:
        return
    if kept.head.dataset == data:
        yield EarlierAnswers("baseline", {each.id: each.hypothesis for each in kept.answers})


def _previous(reports: Path, row: Row, record: Record) -> Record | None:
    """The newest whole record of the case before the row's own."""
    own = record_files.place_of(reports, row.case, row.record or "")
    try:
        older = sorted(
            path for path in own.parent.glob("*.json") if path.name < own.name and case_named(path) == case_named(own)
        )
        found = record_files.read(older[-1]) if older else None
    except (OSError, record_files.RecordError):
        return None
    return found if found is not None and found.case == record.case else None
