"""Scoring of cuts: right or wrong by the reference, how well both kinds are told apart, the curve over thresholds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from pytest_modellab.core.metrics.measured import Row
from pytest_modellab.core.text import TextRules

from ..scoring import Judged, Parts, Scoring
from .record import Cut, TurnSummary, cut_of
from .truth import finished

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Utterance

    from ..asr.text_analysis import Terms

FEWEST_CUT_OFF = 0.05
"""The share of unfinished cuts for which one waits as long as it takes to cut off no more."""


class TurnScoring(Scoring):
    """The scoring of end-of-turn detection."""

    utterance_part = Cut
    run_part = TurnSummary
    counts_terms = False

    def raw(
        self, utterance: Utterance, line: Mapping[str, Any], times: Mapping[str, Any], judged: Judged
    ) -> tuple[str | None, Parts]:
        part = line["part"]
        return line["text"], {} if part is None else {"turn": Cut.model_validate({**part, **times})}

    def untimed(self, parts: Parts) -> Parts:
        cut: Cut | None = parts.get("turn")
        return parts if cut is None else {**parts, "turn": cut.model_copy(update={"calls_s": None})}

    def errors(self, row: Row, hypothesis: str | None, rules: TextRules) -> tuple[int, int]:
        return int(hypothesis is None or finished(hypothesis) is not finished(row.reference)), 1

    def score(self, rows: Sequence[Row], rules: TextRules) -> list[Parts]:
        from .sweep import placements

        kinds = [finished(row.reference) for row in rows]
        first = [_first(row, kind) for row, kind in zip(rows, kinds, strict=True)]
        ends, pauses = ([place for place, kind in enumerate(kinds) if kind is which] for which in (True, False))
        found: dict[int, float] = {}
        for own, others, above in ((ends, pauses, True), (pauses, ends, False)):
            if own and others:
                shares = placements([first[i] for i in own], [first[i] for i in others], above=above)
                found.update(zip(own, shares.tolist(), strict=True))
        return [
            {"turn": cut.model_copy(update={"placement": found.get(place)})} if (cut := cut_of(row)) else {}
            for place, row in enumerate(rows)
        ]

    def summarize(self, rows: Sequence[Row], before: Mapping[str, Any], rules: TextRules, terms: Terms) -> Parts:
        from .sweep import Sweep

        kinds = [(finished(row.reference), cut_of(row)) for row in rows]
        ends, pauses = ([cut for kind, cut in kinds if kind is which] for which in (True, False))
        calls_s = [cut.calls_s[0] for _, cut in kinds if cut is not None and cut.calls_s]
        summary = TurnSummary(finished=len(ends), unfinished=len(pauses), call_s=median(calls_s) if calls_s else None)
        threshold = next((cut.threshold for _, cut in kinds if cut is not None), None)
        if ends and pauses and threshold is not None:
            sweep = Sweep(ends, pauses)
            summary = summary.model_copy(
                update={
                    # One on which the model failed is told from none.
                    "auc": math.fsum((cut.placement or 0.0) for cut in ends if cut is not None) / len(ends),
                    "own": sweep.at(threshold),
                    "at_5": sweep.at(sweep.threshold_at(FEWEST_CUT_OFF)),
                    "curve": sweep.curve(),
                }
            )
        return {"turn": summary}


def _first(row: Row, kind: bool | None) -> float:
    """The first probability; of a cut on which the model failed, on the wrong side of all others."""
    cut = cut_of(row)
    if cut is None or not cut.probabilities:
        return -math.inf if kind else math.inf
    return cut.probabilities[0]
