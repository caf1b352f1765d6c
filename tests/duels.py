"""Models with the errors of each of their utterances: records, rows and the comparisons of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from records import edits, record, utterance
from rows import RTF, WER, row, timing

from pytest_modellab.catalog.profile_spec import ProfileSpec
from pytest_modellab.catalog.specs import LimitSpec
from pytest_modellab.reports.scorecard.contest import Contest
from pytest_modellab.reports.scorecard.recommendation import Recommendation, recommend
from pytest_modellab.reports.scorecard.row import Row
from pytest_modellab.results.record import Record
from pytest_modellab.results.values import valued
from pytest_modellab.results.verdicts import case_key

WORDS = 10
"""Of each utterance."""


def measured(model: str, dataset: str, errors: Sequence[int], rtf: float = 0.2, speakers: int = 0) -> Record:
    """A record of utterances with so many errors each, all of which took as long."""
    utterances = []
    for i, wrong in enumerate(errors):
        words = edits(substitutions=min(wrong, WORDS), insertions=max(0, wrong - WORDS), hits=max(0, WORDS - wrong))
        one = utterance(f"{dataset}-{i:04}", words=words)
        speaker = f"speaker {i % speakers}" if speakers else None
        utterances.append(one.model_copy(update={"processing_s": rtf, "speaker": speaker}))
    made = record(model, dataset=dataset, utterances=utterances, words=WORDS * len(errors), timing=timing(rtf))
    own = valued(made).values
    values = {**made.values, **{name: own[name] for name in ("wer", "rtf", "success_rate")}}
    inputs = {**made.provenance.inputs, "dataset": dataset}
    provenance = made.provenance.model_copy(update={"inputs": inputs})
    return made.model_copy(update={"values": values, "provenance": provenance})


def table(records: Sequence[Record], limits: Sequence[LimitSpec] = (WER, RTF)) -> tuple[list[Row], Contest]:
    """The rows of records, and the comparisons by their utterances."""
    rows = [row(each, limits=limits) for each in records]
    return rows, Contest({case_key(each.case): each for each in records})


def chosen(records: Sequence[Record], limits: Sequence[LimitSpec] = (WER, RTF), **spec: Any) -> Recommendation:
    """What is recommended by WER, then by RTF, on however few words."""
    asked: Mapping[str, Any] = {
        "title": "notes",
        "why": "Notes are read once.",
        "require": {"asr": {}},
        "prefer": ["asr.wer", "asr.rtf"],
        "least_words": 0,
        **spec,
    }
    rows, contest = table(records, limits)
    return recommend("notes", ProfileSpec.model_validate(asked), rows, contest)
