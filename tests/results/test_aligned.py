"""Two records of the same utterances brought together, in tables and out of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tabled import answered_anew, made, tables_from

from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.table import Table
from pytest_modellab.core.stats.regression import DEFAULT
from pytest_modellab.results import answers_by_column, baseline, speed_baseline
from pytest_modellab.results.aligned import aligned, same_order, same_utterances
from pytest_modellab.results.baseline_lines import BaselineError
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import read, write
from pytest_modellab.results.worst_utterances import errors_by_row, failed_rows


def pair(count: int = 60, languages: tuple[str | None, ...] = ("en",)) -> tuple[Record, Record]:
    with tables_from(10_000):
        before = made(count, languages=languages)
        return before, answered_anew(before, 1, id="fedcba98")


def stored(folder: Path, *records: Record) -> list[Record]:
    with tables_from(10):
        return [read(write(each, folder / str(i))) for i, each in enumerate(records)]


@pytest.mark.parametrize("by_id", [False, True])
def test_columns_are_of_the_utterances_that_both_have(tmp_path: Path, by_id: bool) -> None:
    plain = pair()
    tables = stored(tmp_path, *pair())
    mixed = (plain[0], tables[1])
    for metric in map(METRICS.__getitem__, ("wer", "casing_error", "rtf")):
        found = []
        for both in (plain, tables, mixed):
            rows = both[0].utterances, both[1].utterances
            one, other = aligned(rows, (Table(both[0]).column(metric), Table(both[1]).column(metric)), by_id=by_id)
            assert [rows[0][row].id for row in one.rows] == [rows[1][row].id for row in other.rows]
            found.append([column.values.tolist() for column in (one, other)])
        assert found[0] == found[1] == found[2]


def test_the_same_utterances_in_another_order(tmp_path: Path) -> None:
    before, after = pair()
    turned = after.model_copy(update={"utterances": tuple(reversed(after.utterances))})
    one, other = (each.utterances for each in stored(tmp_path, before, turned))
    assert not same_order(one, other)
    assert same_utterances(one, other)
    assert not same_utterances(one, after.utterances[1:])
    assert same_order(one, one)


@pytest.mark.parametrize("languages", [("en",), ("en", "zh")], ids=["one unit", "two"])
def test_a_change_is_the_same_by_stored_counts(tmp_path: Path, languages: tuple[str | None, ...]) -> None:
    before, after = pair(80, languages)
    plain = baseline.against(after, baseline.of(before), DEFAULT, 400)
    old, new = stored(tmp_path, before, after)
    assert answers_by_column.comparable(old, new)
    assert not answers_by_column.comparable(before, after)
    found = answers_by_column.against(old, new, DEFAULT, 400, 5)
    assert found == replace(plain, worse=plain.worse[:5], better=plain.better[:5])


def test_without_words_nothing_is_compared(tmp_path: Path) -> None:
    before, after = pair(20)
    silent = [
        each.model_copy(
            update={"utterances": tuple(row.model_copy(update={"reference": ""}) for row in each.utterances)}
        )
        for each in (before, after)
    ]
    with tables_from(10_000):
        silent = [answered_anew(each, 2) for each in silent]
    old, new = stored(tmp_path, *silent)
    with pytest.raises(BaselineError, match="no reference has a word to compare by"):
        answers_by_column.against(old, new, DEFAULT, 400, 5)


def test_times_are_compared_the_same(tmp_path: Path) -> None:
    before, after = pair()
    plain = speed_baseline.against(after, speed_baseline.of(before))
    old, new = stored(tmp_path, before, after)
    assert speed_baseline.against(new, speed_baseline.of(old)) == plain


def test_errors_and_failures_by_row(tmp_path: Path) -> None:
    plain, _ = pair()
    (kept,) = stored(tmp_path, plain)
    assert errors_by_row(kept).tolist() == [plain.errors_of(row) for row in plain.utterances]
    assert failed_rows(kept).tolist() == [row.error is not None for row in plain.utterances]
