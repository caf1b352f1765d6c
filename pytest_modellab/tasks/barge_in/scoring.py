"""Scoring of interruptions: what was understood of what interrupted, against its words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_modellab.core.metrics import asr
from pytest_modellab.core.metrics.measured import Row
from pytest_modellab.core.schema_base import edits
from pytest_modellab.core.text import TextRules

from ..scoring import Judged, Parts, Scoring
from .record import Scenario, scenario_of

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Utterance


class BargeInScoring(Scoring):
    """The scoring of scenarios."""

    utterance_part = Scenario
    counts_terms = False

    def raw(
        self, utterance: Utterance, line: Mapping[str, Any], times: Mapping[str, Any], judged: Judged
    ) -> tuple[str | None, Parts]:
        part = line["part"]
        return line["text"], {} if part is None else {"barge_in": Scenario.model_validate({**part, **times})}

    def untimed(self, parts: Parts) -> Parts:
        found: Scenario | None = parts.get("barge_in")
        if found is None:
            return parts
        return {**parts, "barge_in": found.model_copy(update={"lags_s": None, "slowest_s": None})}

    def score(self, rows: Sequence[Row], rules: TextRules) -> list[Parts]:
        # Whether the model tells what it understands is known of the run alone: a scenario without words has lost them.
        tells = any(found.heard for row in rows if (found := scenario_of(row)) is not None)
        return [
            {} if (found := scenario_of(row)) is None else {"barge_in": _scored(row, found, rules, tells)}
            for row in rows
        ]


def _scored(row: Row, scenario: Scenario, rules: TextRules, tells: bool) -> Scenario:
    """With the words that were lost, of a model that tells what it has understood."""
    if scenario.kind != "interruption" or not tells:
        return scenario.model_copy(update={"words": None})
    found = asr.score(row.reference, " ".join(scenario.heard[scenario.turns :]), rules.of(row.language)).words
    return scenario.model_copy(update={"words": edits(found)})
