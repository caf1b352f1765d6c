"""Fields and labels of rows, in memory and in a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from records import record, utterance

from pytest_modellab.core.metrics.aggregate import Column
from pytest_modellab.core.metrics.metric import Metric
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.stored import StoredTable, field, fields, labels
from pytest_modellab.core.metrics.table import Table
from pytest_modellab.core.stats.labels import Labels

ROWS = tuple(utterance(f"u{i}").model_copy(update={"speaker": "ab"[i % 2], "audio_s": 1.0 + i}) for i in range(4))


class Kept(tuple[Any, ...]):
    """Rows that tell of themselves by column."""

    def fields(self, *names: str) -> Iterator[tuple[Any, ...]]:
        return iter([tuple(getattr(row, name) for name in names) for row in self])

    def labels(self, name: str) -> Labels:
        return Labels.of(getattr(row, name) for row in self)

    def contributes(self, metric: Metric) -> bool:
        return metric.name == "wer"

    def contributions(self, metric: Metric) -> Column | None:
        return Table(record(utterances=ROWS)).column(metric) if self.contributes(metric) else None

    def same_ids(self, other: object) -> bool:
        raise NotImplementedError

    def id_order(self, rows: Any) -> Any:
        raise NotImplementedError

    def numbers(self, paths: Sequence[str]) -> Any:
        raise NotImplementedError


def test_fields_are_the_same_wherever_rows_are() -> None:
    kept = Kept(ROWS)
    assert isinstance(kept, StoredTable)
    assert not isinstance(ROWS, StoredTable)
    for rows in (ROWS, kept):
        assert list(fields(rows, "id", "audio_s")) == [("u0", 1.0), ("u1", 2.0), ("u2", 3.0), ("u3", 4.0)]
        assert list(fields(rows, "id")) == [("u0",), ("u1",), ("u2",), ("u3",)]
        assert list(field(rows, "speaker")) == [*"abab"]
        assert list(labels(rows, "speaker")) == [*"abab"]


def test_a_stored_column_is_taken_and_another_computed() -> None:
    made = record(utterances=ROWS)
    table = Table(made.model_copy(update={"utterances": Kept(ROWS)}))
    table.prepare([METRICS["wer"], METRICS["rtf"]])
    for name in ("wer", "rtf"):
        assert table.column(METRICS[name]).values.tolist() == Table(made).column(METRICS[name]).values.tolist()
