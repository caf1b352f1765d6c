"""Scoring of translations: sacrebleu's counts of each, and its signatures of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_modellab.core.metrics.measured import Row
from pytest_modellab.core.text import TextRules

from ..asr.text_analysis import Terms
from ..scoring import Judged, Parts, Scoring
from .counted import ABSENT, counter
from .record import Translated, TranslationSummary

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Utterance
    from pytest_modellab.catalog.specs import DatasetSpec


class TranslationScoring(Scoring):
    """The scoring of translations."""

    # What a translation that failed is held against is told by the others' language.
    by_row: ClassVar[bool] = False
    counts_terms: ClassVar[bool] = False
    utterance_part = Translated
    run_part = TranslationSummary

    def raw(
        self, utterance: Utterance, line: Mapping[str, Any], times: Mapping[str, Any], judged: Judged
    ) -> tuple[str | None, Parts]:
        part = line["part"]
        return line["text"], {} if part is None else {"translate": Translated(target=part["target"])}

    def known(self, dataset: DatasetSpec, judged: Judged) -> Parts:
        assert dataset.target is not None  # the catalog saw to it
        return {"translate": TranslationSummary(target=dataset.target)}

    def errors(self, row: Row, hypothesis: str | None, rules: TextRules) -> tuple[int, int]:
        """Edits and reference words of TER. Raises ImportError without sacrebleu."""
        found = counter(_target([row]))
        if found is None:
            raise ImportError(ABSENT)
        counts = found.counts(row.reference, hypothesis or "")
        return round(counts.edits), round(counts.reference_words)

    def score(self, rows: Sequence[Row], rules: TextRules) -> list[Parts]:
        """A row without an answer is scored as an empty translation."""
        target = _target(rows)
        found = counter(target)
        return [
            {
                "translate": Translated(
                    target=target, counts=None if found is None else found.counts(row.reference, row.hypothesis or "")
                )
            }
            for row in rows
        ]

    def summarize(self, rows: Sequence[Row], before: Mapping[str, Any], rules: TextRules, terms: Terms) -> Parts:
        known: TranslationSummary = before["translate"]
        found = counter(known.target)
        told = {"unscored": ABSENT} if found is None else {"signatures": found.signatures, "unscored": None}
        return {"translate": known.model_copy(update=told)}


def _target(rows: Sequence[Row]) -> str:
    """The language that rows of one run are translated into; "" where none was answered."""
    told = (row.parts["translate"].target for row in rows if "translate" in row.parts)
    return next(filter(None, told), "")
