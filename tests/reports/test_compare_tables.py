"""Records in tables on the pages and in comparisons: the same as those that hold their utterances."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from tabled import answered_anew, made, tables_from

from pytest_modellab.reports.comparison.compare import compare
from pytest_modellab.reports.comparison.parts import Compared
from pytest_modellab.reports.comparison.sides import Side
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import write
from pytest_modellab.results.verdicts import case_key


def compared(folder: Path, *records: Record) -> Compared:
    paths = [write(each, folder / str(i)) for i, each in enumerate(records)]
    sides = [Side(str(i), "w", {case_key(each.case): paths[i]}) for i, each in enumerate(records)]
    return compare(sides)


@pytest.mark.parametrize("languages", [("en",), ("en", "zh", "de")], ids=["one language", "several"])
@pytest.mark.parametrize("seed", range(2))
def test_a_comparison_is_the_same(tmp_path: Path, languages: Sequence[str], seed: int) -> None:
    with tables_from(10_000):
        before = made(150, seed, languages=tuple(languages))
        after = answered_anew(before, seed, id="fedcba98")
        plain = compared(tmp_path / "plain", before, after)
    with tables_from(10):
        stored = compared(tmp_path / "tables", before, after)
    assert stored == plain
    assert plain.told > 8


def test_of_one_that_lies_in_a_table_and_one_that_does_not(tmp_path: Path) -> None:
    with tables_from(10_000):
        before = made(150)
        after = answered_anew(before, 1, id="fedcba98")
        plain = compared(tmp_path / "plain", before, after)
        old = write(before, tmp_path / "old")
    with tables_from(10):
        new = write(after, tmp_path / "new")
        key = case_key(after.case)
        mixed = compare([Side("0", "w", {key: old}), Side("1", "w", {key: new})])
    assert mixed == plain


def test_other_utterances_are_not_compared(tmp_path: Path) -> None:
    with tables_from(10):
        before = made(60)
        after = made(70, id="fedcba98")
        (pair,) = compared(tmp_path, before, after).pairs
    assert pair.refused == "they hold different utterances (60 and 70); run both whole"
