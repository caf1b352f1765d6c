"""JSON Lines as a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_modellab.catalog.datasets.jsonl_table import JsonLinesTable
from pytest_modellab.catalog.datasets.utterance import DatasetError


def table(folder: Path, text: str) -> JsonLinesTable:
    path = folder / "x.jsonl"
    path.write_text(text, encoding="utf-8")
    return JsonLinesTable(path, path)


def test_columns_are_the_keys_of_all_lines_in_their_order(tmp_path: Path) -> None:
    assert table(tmp_path, '{"a": 1}\n\n{"b": 2, "a": 3}\n').columns == ("a", "b")


def test_rows_have_their_lines(tmp_path: Path) -> None:
    found = list(table(tmp_path, '{"a": 1}\n\n{"a": 2}\n').rows(None))
    assert [(row.place.rpartition(":")[2], row.number, row.values["a"]) for row in found] == [("1", 0, 1), ("3", 1, 2)]


def test_chosen_rows_alone(tmp_path: Path) -> None:
    found = table(tmp_path, '{"a": 1}\n{"a": 2}\n{"a": 3}\n')
    assert [row.values["a"] for row in found.rows({1})] == [2]
    assert found.count == 3


@pytest.mark.parametrize(("line", "said"), [("{", "x.jsonl:2: not JSON"), ("[1]", "x.jsonl:2: expected an object")])
def test_what_is_no_object_is_told_with_its_line(line: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=said):
        list(table(tmp_path, f'{{"a": 1}}\n{line}\n').rows(None))
