"""Commands that look at records: baseline, rescore, history, results, compare, merge; no model is run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from catalogs import write_catalog
from commands import Told
from shelf import Shelf

from pytest_modellab.cli.exits import Exit
from pytest_modellab.results.record_files import read


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Reports in the folder one stands in, where there is a catalog, too."""
    monkeypatch.chdir(tmp_path)
    write_catalog(tmp_path / "fixtures")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return Shelf(tmp_path)


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


NAMES = ("baseline save", "baseline compare", "rescore", "history", "results save")


@pytest.mark.parametrize("command", NAMES)
def test_without_a_record_there_is_nothing_to_look_at(shelf: Shelf, told: Told, command: str) -> None:
    told(*command.split(), *([] if command == "rescore" else ["a*"]), code=Exit.USAGE)
    assert "in reports/runs; run pytest first" in told.errors.replace(str(shelf.reports.parent) + "/", "")


class TestBaseline:
    def test_a_rise_is_told_and_is_wrong(self, shelf: Shelf, told: Told) -> None:
        shelf.put("s1", {"tiny": 0})
        saved = told("baseline", "save")
        assert saved.startswith("tiny:cpu:talk: ")
        assert "tiny:cpu:talk" in told("baseline", "show")
        shelf.put("s2", {"tiny": 20})
        assert "red green blue" in told("baseline", "compare", code=Exit.WRONG)

    def test_the_same_answers_are_no_change(self, shelf: Shelf, told: Told) -> None:
        shelf.put("s1", {"tiny": 2})
        told("baseline", "save", "tiny:*")
        shelf.put("s2", {"tiny": 2})
        assert told("baseline", "compare").startswith("tiny:cpu:talk: ")

    def test_where_there_is_none(self, shelf: Shelf, told: Told) -> None:
        shelf.put("s1", {"tiny": 0})
        assert "no baseline " in told("baseline", "compare", code=Exit.WRONG)
        assert told("baseline", "show").startswith("none in ")


class TestRescore:
    def test_the_figures_before_and_after(self, shelf: Shelf, told: Told) -> None:
        [path] = shelf.put("s1", {"tiny": 3})
        said = told("rescore", str(path))
        assert said.startswith("tiny:cpu:talk: WER 10.0 % CER ")
        assert " -> WER 2.5 % " in said
        assert len([*shelf.reports.rglob("runs/**/*.json")]) == 1
        told("rescore", "tiny:*", "--write", "--normalizer", "none")
        assert len([*shelf.reports.rglob("runs/**/*.json")]) == 2

    def test_a_normalizer_nobody_knows(self, shelf: Shelf, told: Told) -> None:
        shelf.put("s1", {"tiny": 0})
        told("rescore", "--normalizer", "nnoe", code=Exit.USAGE)
        assert "nnoe" in told.errors

    def test_a_record_without_a_seal_is_not_written_with_one(self, shelf: Shelf, told: Told) -> None:
        [path] = shelf.put("s1", {"tiny": 0})
        stored = json.loads(path.read_text())
        stored.pop("seal")
        path.write_text(json.dumps(stored))
        assert "not written: the old record has no checksum" in told("rescore", str(path), "--write", code=Exit.WRONG)


class TestHistory:
    def test_a_trend_for_each_case(self, shelf: Shelf, told: Told) -> None:
        for session, wrong in (("s1", 0), ("s2", 3), ("s3", 6)):
            shelf.put(session, {"tiny": wrong, "base": 0})
        said = told("history", "tiny:*")
        assert "tiny:cpu:talk: WER " in said
        assert "(3 records)" in said
        assert "base:" not in said
        assert "(1 record, 2 older)" in told("history", "tiny:*", "-n", "1")

    def test_as_json_and_by_another_metric(self, shelf: Shelf, told: Told) -> None:
        shelf.put("s1", {"tiny": 0})
        [trend] = json.loads(told("history", "--format", "json", "--metric", "cer"))["trends"]
        assert trend["metric"] == "cer"
        told("history", "--metric", "wre", code=Exit.USAGE)
        assert "no metric `wre`; did you mean `wer`?" in told.errors

    def test_a_damaged_record_is_passed_over_and_told(self, shelf: Shelf, told: Told) -> None:
        [path, _] = shelf.put("s1", {"tiny": 0, "base": 0})
        path.write_text("{")
        assert "passed over: " in told("history", code=Exit.WRONG)


class TestResults:
    def test_what_is_kept_is_shown(self, shelf: Shelf, told: Told, tmp_path: Path) -> None:
        shelf.put("s1", {"tiny": 1})
        assert told("results", "save").startswith("asr/tiny:cpu:talk: ")
        page = told("results", "show")
        assert "tiny" in page
        assert told("results", "-o", "page.md") == "page.md\n"
        assert (tmp_path / "page.md").read_text() == page

    def test_what_is_wrong(self, shelf: Shelf, told: Told) -> None:
        told("results", "show", "tiny", code=Exit.USAGE)
        assert "CASE is for `save`" in told.errors
        (shelf.reports.parent / "file").touch()
        told("results", "-o", "file/page.md", code=Exit.USAGE)
        assert "file/page.md: can't be written" in told.errors


class TestCompare:
    @pytest.mark.parametrize("form", ["text", "markdown", "json"])
    def test_two_sessions(self, shelf: Shelf, told: Told, form: str, tmp_path: Path) -> None:
        shelf.put("s1", {"tiny": 0})
        shelf.put("s2", {"tiny": 20})
        said = told("compare", "s1", "s2", "--format", form, code=Exit.WRONG)
        assert "tiny" in said
        told("compare", "s1", "s2", "--format", form, "-o", "out", code=Exit.WRONG)
        assert (tmp_path / "out").read_text() == said

    def test_only_some_cases(self, shelf: Shelf, told: Told) -> None:
        shelf.put("s1", {"tiny": 0, "base": 0})
        shelf.put("s2", {"tiny": 0, "base": 20})
        assert "base" not in told("compare", "s1", "s2", "--case", "tiny:*")
        told("compare", "s1", "s2", "--case", "other:*", code=Exit.USAGE)
        assert "no case of s1 matches other:*; it has asr/base:cpu:talk, asr/tiny:cpu:talk" in told.errors

    def test_a_side_nobody_knows(self, shelf: Shelf, told: Told) -> None:
        shelf.put("s1", {"tiny": 0})
        told("compare", "s9", code=Exit.USAGE)
        assert "s9" in told.errors


def test_shards_that_are_not_there(shelf: Shelf, told: Told) -> None:
    shelf.put("s1", {"tiny": 0})
    told("merge", "reports", "--output", "whole", code=Exit.USAGE)
    assert "`pytest --lab-shard=1/2` makes them" in told.errors


def test_a_record_that_was_read_is_the_one_that_was_written(shelf: Shelf) -> None:
    [path] = shelf.put("s1", {"tiny": 1})
    assert read(path).case.id == "tiny:cpu:talk"
