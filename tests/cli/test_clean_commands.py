"""`modellab clean` on reports and a cache filled by hand: what may go, what always stays."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from catalogs import write_catalog
from commands import Told
from shelf import Shelf

from pytest_modellab.cli.cleaning import part
from pytest_modellab.cli.exits import Exit
from pytest_modellab.reports.scorecard import kept
from pytest_modellab.reports.scorecard.build import build

DAY_S = 24 * 3600


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Reports in the folder one stands in, a catalog and an empty cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    write_catalog(tmp_path / "fixtures")
    return Shelf(tmp_path)


def old(path: Path) -> Path:
    os.utime(path, (time.time() - 3 * DAY_S,) * 2)
    return path


def blob(shelf: Shelf, digest: str) -> Path:
    path = shelf.reports.parent / "cache" / "blobs" / "sha256" / digest[:2] / digest
    path.parent.mkdir(parents=True)
    path.write_bytes(b"abc")
    return old(path)


class TestRecords:
    def test_only_those_that_newer_ones_stand_for(self, shelf: Shelf, told: Told) -> None:
        first, *_ = [shelf.put(session, {"tiny": 0})[0] for session in ("s1", "s2", "s3")]
        assert "may go" not in told("clean").partition("  sessions")[0]
        shown = told("clean", "--keep", "2")
        assert "may go: 1, " in shown
        assert first.name in shown
        assert first.exists()
        assert "1, " in told("clean", "--keep", "2", "--yes")
        assert not first.exists()
        assert len([*shelf.reports.glob("runs/*/*/*.json")]) == 2

    def test_one_that_cannot_be_read_is_left_alone(self, shelf: Shelf, told: Told) -> None:
        [path] = shelf.put("s1", {"tiny": 0})
        path.write_text("{")
        assert "left alone, not a record that can be read: " in told("clean", "--older-than", "0", "--yes")
        assert path.exists()

    def test_days_are_a_number(self, shelf: Shelf, told: Told) -> None:
        told("clean", "--older-than", "soon", code=Exit.USAGE)


class TestScorecards:
    def test_one_that_cannot_be_read_is_left_alone_and_counts_for_nothing(self, shelf: Shelf, told: Told) -> None:
        readable = [
            kept.keep(
                build(f"session{day}", [], partial=None).model_copy(update={"created": f"2026-01-0{day}T00:00:00Z"}),
                shelf.reports,
            )
            for day in (1, 2, 3)
        ]
        damaged = shelf.reports / "scorecards" / "20260104T000000-session4.json"
        damaged.write_text('{"session": ')
        shown = told("clean", "--keep", "2", "--yes")
        assert damaged.name in shown.partition("left alone, can't be read: ")[2].partition("\n")[0]
        assert [path.exists() for path in (*readable, damaged)] == [False, True, True, True]


class TestCache:
    DIGEST = "ab" * 32

    def test_what_the_catalog_does_not_name_goes_if_it_is_asked_for(self, shelf: Shelf, told: Told) -> None:
        path = blob(shelf, self.DIGEST)
        assert "--unnamed takes what this catalog doesn't name" in told("clean")
        assert f"- blobs/sha256/ab/{self.DIGEST}: no model or data set" in told("clean", "--unnamed")
        told("clean", "--unnamed", "--yes")
        assert not path.exists()

    def test_weights_of_a_model_stay(self, shelf: Shelf, told: Told) -> None:
        path = blob(shelf, "0123456789abcdef" * 4)
        told("clean", "--unnamed", "--yes")
        assert path.exists()

    def test_without_a_catalog_nothing_is_done(self, shelf: Shelf, told: Told) -> None:
        told("--catalog", "none", "clean", code=Exit.USAGE)
        assert "no catalog here" in told.errors


class TestPart:
    def test_sizes(self, tmp_path: Path) -> None:
        (tmp_path / "a" / "b").mkdir(parents=True)
        (tmp_path / "a" / "b" / "c").write_bytes(b"abc")
        (tmp_path / "a" / "link").symlink_to(tmp_path / "a" / "b" / "c")
        assert part.size_of(tmp_path / "a") == 3
        assert part.size_of(tmp_path / "a" / "link") == part.size_of(tmp_path / "none") == 0

    def test_ages_and_what_goes(self, tmp_path: Path) -> None:
        file, folder = tmp_path / "file", tmp_path / "folder"
        file.write_bytes(b"abc")
        folder.mkdir()
        assert part.age_s([]) == part.age_s([tmp_path / "none"]) == 0
        assert part.age_s([old(file), folder]) < DAY_S < part.age_s([file])
        for doomed in (part.file(file, "old"), part.folder(folder, "old")):
            assert doomed.why == "old"
            doomed.remove()
            assert not doomed.path.exists()
            doomed.remove()
