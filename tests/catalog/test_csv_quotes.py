"""Quotation marks of CSV and TSV: cells that are left open are refused, and those over several lines are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_tables import csv, refusal

from pytest_modellab.catalog.datasets import DatasetError
from pytest_modellab.catalog.datasets.csv_table import last_opened

ADVICE = "double a mark that belongs to the text, or set `quoted: false` if marks enclose no cells"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('file,text\none.wav,"one\ntwo.wav,two\n', 2),
        ('file,text\none.wav,one\n"two.wav,two\n', 3),
        # The next quotation mark would close it.
        ('file,text\none.wav,"one\ntwo.wav,"two"\n', 2),
        ('file,text\none.wav,"he said "one" there"\n', 2),
        # The row begins above.
        ('file,text,note\none.wav,"one\nmore",""\ntwo.wav,"two\nmore","note\n', 5),
        ('file,"text\none.wav,one\n', 1),
        ('file,text\none.wav,"one ""quoted""\ntwo.wav,two\n', 2),
    ],
)
def test_an_open_quotation_mark_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    found = refusal_of_all(tmp_path, text)
    assert f"talk.csv:{line}: the quotation mark that opens a cell here" in found
    assert ADVICE in found


def test_of_a_tsv_that_has_quoted_cells(tmp_path: Path) -> None:
    found = refusal_of_all(tmp_path, 'file\ttext\none.wav\t"one\ntwo.wav\ttwo\n', "talk.tsv", quoted=True)
    assert "talk.tsv:2: the quotation mark that opens a cell here" in found


def test_a_mark_within_a_cell_that_has_none_around_it_is_text(tmp_path: Path) -> None:
    found = csv(tmp_path, 'file,text\none.wav,five" tape\ntwo.wav,two\n').utterances
    assert [each.text for each in found] == ['five" tape', "two"]


def test_a_text_over_several_lines_is_kept_and_told(tmp_path: Path) -> None:
    found = csv(tmp_path, 'file,text\none.wav,"one\nmore"\ntwo.wav,two\n')
    assert [each.text.split() for each in found.utterances] == [["one", "more"], ["two"]]
    assert [note.replace(f"{tmp_path}/fixtures/datasets/", "") for note in found.notes] == [
        "1 reference over several lines, the first at talk.csv:2: is a quotation mark missing or one too many?"
    ]


def test_a_path_over_several_lines_is_refused(tmp_path: Path) -> None:
    (found,) = refusal(tmp_path, 'file,text\n"one.wav,one\ntwo.wav",two\n')
    assert found == f"talk.csv:2: a line break in `file`, the path of an audio file; {ADVICE}"


def test_cells_that_are_missing_after_a_cell_over_several_lines(tmp_path: Path) -> None:
    assert f"talk.csv:2: 2 cells, where 3 are expected; {ADVICE}" in refusal_of_all(
        tmp_path, 'file,text,note\none.wav,"one\ntwo.wav,two"\n'
    )


@pytest.mark.parametrize(
    ("lines", "offset"),
    [(["a,b\n"], None), (['"a","b\n', "c\n"], 0), (['"a\n', 'b","c\n'], 1), (['a,"b""\n', "c"], 0), (['a"b,c"'], None)],
)
def test_where_the_last_quoted_cell_opens(lines: list[str], offset: int | None) -> None:
    assert last_opened(lines, ",") == offset


def refusal_of_all(folder: Path, text: str, name: str = "talk.csv", /, **table: bool) -> str:
    with pytest.raises(DatasetError) as caught:
        csv(folder, text, name, **table)
    return str(caught.value).replace(f"{folder}/fixtures/datasets/", "")
