"""Published models as CSV: what was written is read back the same, and a mistake is told with its row and column."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_published import figure, model

from pytest_modellab.catalog import CatalogError
from pytest_modellab.catalog.published import table
from pytest_modellab.catalog.published.shipped import shipped
from pytest_modellab.catalog.published.spec import PublishedModel

CARD = "a card | https://example.org/card | opened 2026-01-31"


def read(tmp_path: Path, text: str, known: dict[str, PublishedModel] | None = None) -> dict[str, PublishedModel]:
    place = tmp_path / "own.csv"
    place.write_text(text, encoding="utf-8")
    return table.read(place, known or {})


def told(models: Iterable[PublishedModel]) -> list[dict[str, Any]]:
    """All that is known of models, wherever they were read."""
    return [model.model_dump() for model in models]


def refused(tmp_path: Path, text: str) -> str:
    with pytest.raises(CatalogError) as error:
        read(tmp_path, text)
    return str(error.value)


def test_all_that_ship_come_back_the_same(tmp_path: Path) -> None:
    models = shipped().models
    assert told(read(tmp_path, table.text(models)).values()) == told(models)


def test_computed_columns_are_passed_over(tmp_path: Path) -> None:
    whole = model(figures=[figure(), figure("eer", 0.188, unit="%")], languages=["en", "de"], commercial=False)
    text = table.text([whole], [{"local_models": "a, b", "measured_here": "WER 3.3 %"}])
    assert "WER 3.3 %" in text
    assert told(read(tmp_path, text).values()) == told([whole])


def test_a_new_id_is_added(tmp_path: Path) -> None:
    text = f'id,title,tasks,sources,figures\nown,Our own,asr,{CARD},"wer = 0.05 | calls | {CARD}"\n'
    found = read(tmp_path, text, {"tiny": model()})
    assert list(found) == ["tiny", "own"]
    assert found["own"].values("wer") == [0.05]


def test_a_known_id_replaces_the_columns_of_the_file(tmp_path: Path) -> None:
    known = {"tiny": model(parameters=7, licence="MIT", figures=[figure()])}
    found = read(tmp_path, "id,parameters,licence\ntiny,,Apache-2.0\n", known)["tiny"]
    assert (found.parameters, found.licence, found.title) == (None, "Apache-2.0", "Tiny")
    assert found.values("wer") == known["tiny"].values("wer")


def test_empty_lines_and_a_mark_of_byte_order_do_not_matter(tmp_path: Path) -> None:
    found = read(tmp_path, f"\ufeffid,title,tasks,sources\n\nown,Own,asr,{CARD}\n")
    assert found["own"].all_tasks == ("asr",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "own.csv:1: no column `id`"),
        ("id,titel\n", "own.csv:1: unknown column `titel`; did you mean `title`?"),
        ("id,id\n", "own.csv:1: the column `id` stands twice"),
        ("id,title\na\n", "own.csv:2: row 1: 1 cells, but 2 headings"),
        (f"id,title,tasks,sources\na,A,asr,{CARD}\na,A,asr,{CARD}\n", "own.csv:3: row 2, column id: duplicate id `a`"),
        (
            f"id,title,tasks,sources,parameters\na,A,asr,{CARD},many\n",
            "row 1, column parameters: expected a whole number",
        ),
        (
            f"id,title,tasks,sources\na,A,asrr,{CARD}\n",
            "row 1, column tasks: unknown value `asrr`; did you mean `asr`?",
        ),
        (
            f"id,title,tasks,sources,engine\na,A,asr,{CARD},vosc\n",
            "column engine: unknown value `vosc`; did you mean `vosk`",
        ),
        (
            f"id,title,tasks,sources,commercial\na,A,asr,{CARD},maybe\n",
            "row 1, column commercial: expected true or false",
        ),
        (
            "id,title,tasks,sources\na,A,asr,a card\n",
            "row 1, column sources: write `title | address | opened 2026-01-31`",
        ),
        (
            f"id,title,tasks,sources,figures\na,A,asr,{CARD},5 %\n",
            "row 1, column figures: write `wer = 0.05 | data set",
        ),
        (
            f"id,title,tasks,sources,figures\na,A,asr,{CARD},wer = 5 | calls | {CARD}\n",
            "column figures: wer is a ratio",
        ),
        (f"id,title,tasks,sources\na,,asr,{CARD}\n", "row 1, column title: missing key `title`"),
        (f"id,title,sources\na,A,{CARD}\n", "row 1: names neither `tasks` nor `other_tasks`"),
        ('id,title\na,"A\n', "not valid CSV"),
    ],
)
def test_a_mistake_is_told_with_row_and_column(tmp_path: Path, text: str, message: str) -> None:
    assert message in refused(tmp_path, text)


def test_all_mistakes_are_told_at_once_with_the_line_of_their_row(tmp_path: Path) -> None:
    said = refused(tmp_path, f'id,title,tasks,sources\na,"A",asr,"{CARD}\n{CARD}"\nb,B,asrr,{CARD}\nc,C,asr,none\n')
    assert "2 problems" in said
    assert "own.csv:4: row 2" in said
    assert "own.csv:5: row 3" in said


@pytest.mark.parametrize(("data", "why"), [(b"id\n\xff\n", "not UTF-8"), (b"i" * 5_000_001, "more than 5 MB")])
def test_what_can_not_be_read_says_so(tmp_path: Path, data: bytes, why: str) -> None:
    place = tmp_path / "own.csv"
    place.write_bytes(data)
    with pytest.raises(CatalogError, match=why):
        table.read(place, {})
    with pytest.raises(CatalogError, match="can't be read: No such file"):
        table.read(tmp_path / "none.csv", {})


def test_any_reader_of_csv_sees_the_same_cells() -> None:
    rows = list(csv.DictReader(table.text([model(languages=["en", "de"])]).splitlines()))
    assert rows[0]["languages"] == "en, de"
    assert rows[0]["sources"] == CARD


_WORDS = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="|"), min_size=1, max_size=12).filter(
    lambda text: text.isprintable() and not text.startswith(("=", "+", "-", "@"))
)
_SOURCES = st.fixed_dictionaries(
    {"title": _WORDS, "url": st.just("https://example.org/a"), "opened": st.dates()},
    optional={"dated": st.dates()},
)
_FIGURES = st.fixed_dictionaries(
    {"metric": st.just("rtfx"), "value": st.floats(0, 1e9), "data": _WORDS, "source": _SOURCES}
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    title=_WORDS,
    note=_WORDS,
    sources=st.lists(_SOURCES, min_size=1, max_size=3),
    figures=st.lists(_FIGURES, max_size=3),
    parameters=st.none() | st.integers(1, 10**13),
    streaming=st.none() | st.booleans(),
)
def test_whatever_a_model_says_comes_back_the_same(tmp_path: Path, **values: Any) -> None:
    whole = model(**values)
    assert told(read(tmp_path, table.text([whole])).values()) == told([whole])
