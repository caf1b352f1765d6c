"""Commands on reports with a damaged record among them: it is named, and the others are shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from catalogs import write_catalog
from commands import Told
from pages import card
from shelf import Shelf
from tabled import tables_from

from pytest_modellab.cli.exits import Exit
from pytest_modellab.reports.scorecard import files
from pytest_modellab.results.record_files import files_of, read


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.chdir(tmp_path)
    write_catalog(tmp_path / "fixtures")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return Shelf(tmp_path)


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


@pytest.fixture
def tables() -> Iterator[None]:
    with tables_from(10):
        yield


def cut(table: Path) -> None:
    table.write_bytes(table.read_bytes()[:-100])


def emptied(table: Path) -> None:
    table.write_bytes(b"")


def byte_changed(table: Path) -> None:
    data = bytearray(table.read_bytes())
    data[len(data) // 2] ^= 1
    table.write_bytes(data)


SEEN_BY_SIZE = pytest.mark.parametrize(
    ("damage", "why"),
    [(Path.unlink, "is missing"), (cut, "was changed after it was written: it has "), (emptied, "it has 0 bytes, ")],
)


@pytest.mark.usefixtures("tables")
class TestTables:
    @SEEN_BY_SIZE
    def test_history_passes_over_them(self, shelf: Shelf, told: Told, damage: Callable[[Path], None], why: str) -> None:
        path, _ = shelf.put("s1", {"tiny": 0, "base": 0})
        damage(files_of(path)[1])
        said = told("history", code=Exit.WRONG)
        assert "asr/base:cpu:talk" in said
        assert "asr/tiny:cpu:talk" not in said
        assert f"passed over: {path}: its table {path.stem}.utterances.parquet" in said
        assert why in said

    @SEEN_BY_SIZE
    @pytest.mark.parametrize("form", ["terminal", "markdown", "json"])
    def test_a_scorecard_names_them(
        self, shelf: Shelf, told: Told, damage: Callable[[Path], None], why: str, form: str
    ) -> None:
        path, _ = shelf.put("s1", {"tiny": 0, "base": 0})
        with_scorecard(shelf, path, _)
        told("scorecard", "--format", form)
        damage(files_of(path)[1])
        said = told("scorecard", "--format", form, code=Exit.WRONG)
        assert "base" in said
        assert f"modellab: asr/tiny:cpu:talk: {path}: its table " in told.errors
        assert why in told.errors

    @pytest.mark.parametrize("damage", [Path.unlink, cut, emptied, byte_changed])
    def test_a_page_names_them(self, shelf: Shelf, told: Told, damage: Callable[[Path], None], tmp_path: Path) -> None:
        pytest.importorskip("jinja2")
        path, other = shelf.put("s1", {"tiny": 0, "base": 0})
        with_scorecard(shelf, path, other)
        damage(files_of(path)[1])
        told("scorecard", "--html", "page.html", code=Exit.WRONG)
        assert f"modellab: asr/tiny:cpu:talk: {path}: its table " in told.errors
        assert f"its table {path.stem}.utterances.parquet" in (tmp_path / "page.html").read_text()

    def test_a_record_from_before_sizes_were_stored(self, shelf: Shelf, told: Told) -> None:
        path, _ = shelf.put("s1", {"tiny": 0, "base": 0})
        stored = json.loads(path.read_text())
        del stored["table"]["size"], stored["seal"]
        path.write_text(json.dumps(stored, indent=1))
        assert "asr/tiny:cpu:talk" in told("history")
        cut(files_of(path)[1])
        assert "is no whole Parquet file" in told("history", code=Exit.WRONG)


def with_scorecard(shelf: Shelf, *paths: Path) -> None:
    files.write(card(shelf.reports, *map(read, paths)), shelf.reports, with_page=False)


def test_a_scorecard_without_its_records_is_whole(shelf: Shelf, told: Told) -> None:
    [path] = shelf.put("s1", {"tiny": 0})
    with_scorecard(shelf, path)
    path.unlink()
    assert "tiny" in told("scorecard")
