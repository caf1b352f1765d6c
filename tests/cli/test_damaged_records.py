"""Commands on reports with a damaged record among them: it is named, and the others are shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from catalogs import write_catalog
from commands import Told
from loadlevels import level
from pages import card
from shelf import Shelf
from tabled import tables_from

from pytest_modellab.cli.exits import Exit
from pytest_modellab.reports.scorecard import files
from pytest_modellab.results.record_files import files_of, read, write
from pytest_modellab.results.shard_ref import ShardOf


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


def spoil(path: Path) -> None:
    path.write_text("{")


COMMANDS = pytest.mark.parametrize(
    "command", ["baseline save", "baseline compare", "export csv", "results save", "rescore"]
)


class TestNewest:
    @COMMANDS
    def test_the_others_are_done_and_the_damaged_one_is_named(self, shelf: Shelf, told: Told, command: str) -> None:
        path, _ = shelf.put("s1", {"tiny": 0, "base": 0})
        spoil(path)
        assert "base" in told(*command.split(), code=Exit.WRONG)
        assert f"modellab: passed over: {path}: " in told.errors
        assert told.errors.endswith("; delete the file, or run the case again\n")

    @COMMANDS
    @pytest.mark.parametrize("glob", ["base:*", "base:cpu:talk", "b*"])
    def test_one_that_nobody_asks_for_stops_nothing(self, shelf: Shelf, told: Told, command: str, glob: str) -> None:
        path, _ = shelf.put("s1", {"tiny": 0, "base": 0})
        told("baseline", "save", "base:*")
        spoil(path)
        assert "base" in told(*command.split(), glob)
        assert told.errors == ""

    @COMMANDS
    def test_alone_it_is_named_and_nothing_is_done(self, shelf: Shelf, told: Told, command: str) -> None:
        [path] = shelf.put("s1", {"tiny": 0})
        spoil(path)
        assert told(*command.split(), code=Exit.WRONG) == ""
        assert f"passed over: {path}: " in told.errors

    def test_an_older_record_does_not_stand_in_for_it(self, shelf: Shelf, told: Told) -> None:
        shelf.put("s1", {"tiny": 5})
        [path] = shelf.put("s2", {"tiny": 0})
        spoil(path)
        assert told("export", "csv", code=Exit.WRONG) == ""

    def test_an_older_damaged_one_does_not_matter(self, shelf: Shelf, told: Told) -> None:
        [path] = shelf.put("s1", {"tiny": 5})
        shelf.put("s2", {"tiny": 0})
        spoil(path)
        assert "tiny" in told("export", "csv")

    @pytest.mark.usefixtures("tables")
    def test_a_table_with_a_byte_changed(self, shelf: Shelf, told: Told) -> None:
        path, _ = shelf.put("s1", {"tiny": 0, "base": 0})
        byte_changed(files_of(path)[1])
        assert "tiny" not in told("export", "csv", code=Exit.WRONG)
        assert "was changed after it was written, or is another record's; delete the file" in told.errors


@COMMANDS
def test_parts_alone_are_told(shelf: Shelf, told: Told, command: str) -> None:
    shelf.put("s1", {"tiny": 0}, limited_to=30)
    told(*command.split(), code=Exit.USAGE)
    assert "no whole record of any case in " in told.errors
    assert "only 1 record limited to the first utterances; run pytest on all of the data" in told.errors
    of = ShardOf(index=1, of=2, places=tuple(range(30)), utterances=60)
    shelf.put("s2", {"tiny": 0, "base": 0}, shard=of)
    told(*command.split(), code=Exit.USAGE)
    assert "only 2 records of shards (`modellab merge` joins them) and 1 record limited to" in told.errors


class TestLoad:
    def test_a_damaged_level_is_named_and_the_others_are_shown(self, told: Told, tmp_path: Path) -> None:
        _, path = (write(level(users, 0.1), tmp_path) for users in (1, 4))
        spoil(path)
        said = told("load", "--reports", str(tmp_path), code=Exit.WRONG)
        assert "\n1 user " in said
        assert "\n4 users " not in said
        assert f"modellab: passed over: {path}: " in told.errors

    def test_of_another_model_it_does_not_matter(self, told: Told, tmp_path: Path) -> None:
        case = level(4, 0.1).case.model_copy(update={"model": "other"})
        path = write(level(4, 0.1).model_copy(update={"case": case}), tmp_path)
        write(level(1, 0.1), tmp_path)
        spoil(path)
        assert "\n1 user " in told("load", "--reports", str(tmp_path), "--model", "ti*")
