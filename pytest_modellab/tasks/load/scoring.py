"""Scoring of a level of load: its texts as those of recognition, its calls as they were timed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_modellab.core.metrics.measured import Row
from pytest_modellab.core.text import TextRules

from ..asr.scoring import AsrScoring
from ..asr.text_analysis import Terms
from ..scoring import Judged, Parts
from .record import LoadedCall, LoadSummary

if TYPE_CHECKING:
    from pytest_modellab.catalog.datasets import Utterance
    from pytest_modellab.catalog.specs import DatasetSpec


class LoadScoring(AsrScoring):
    """The scoring of answers that were given under load."""

    utterance_part = LoadedCall
    run_part = LoadSummary

    def raw(
        self, utterance: Utterance, line: Mapping[str, Any], times: Mapping[str, Any], judged: Judged
    ) -> tuple[str | None, Parts]:
        part = line["part"]
        return line["text"], {} if part is None else {"load": LoadedCall.model_validate(part)}

    def known(self, dataset: DatasetSpec, judged: Judged) -> Parts:
        load = dataset.load
        assert load is not None  # the catalog was checked
        level = LoadSummary(
            level=load.level,
            concurrency=next(iter(load.concurrency), None),
            rate=next(iter(load.rate), None),
            streams=next(iter(load.streams), None),
            arrivals=load.arrivals if load.rate else None,
            warmup_s=load.warmup_s,
            seed=load.seed,
        )
        return {"load": level}

    def score(self, rows: Sequence[Row], rules: TextRules) -> list[Parts]:
        return [
            {**transcript, **({"load": row.parts["load"]} if "load" in row.parts else {})}
            for row, transcript in zip(rows, super().score(rows, rules), strict=True)
        ]

    def summarize(self, rows: Sequence[Row], before: Mapping[str, Any], rules: TextRules, terms: Terms) -> Parts:
        known = {"load": before["load"]} if "load" in before else {}
        return {**super().summarize(rows, before, rules, terms), **known}
