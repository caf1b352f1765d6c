"""A good bundle of a release, spoiled in every way that `modellab verify` has to find."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from releases import edited, forged, the_record

from pytest_modellab.cli import main
from pytest_modellab.reports.release import bundle
from pytest_modellab.results import baseline
from pytest_modellab.results.baseline_lines import write_lines
from pytest_modellab.results.record_files import read


def older(data: dict[str, Any]) -> None:
    made = datetime.fromisoformat(data["provenance"]["created"]) - timedelta(days=3)
    data["provenance"]["created"] = made.isoformat(timespec="milliseconds")


def loaded(data: dict[str, Any], seconds: float) -> None:
    data["timing"]["load_s"] = data["values"]["load_s"]["value"] = seconds


class TestVerifying:
    def test_a_record_that_is_missing(self, released: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = the_record(released)
        path.unlink()
        assert main(["verify", str(released)]) == 1
        said = capsys.readouterr().out
        assert f"       {path.relative_to(released)}: is missing" in said
        assert "       asr/fake:cpu:clips: there is no record of it" in said

    def test_a_number_that_was_edited(self, released: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = the_record(released)
        edited(path, lambda data: data["values"]["wer"].update(value=0.01))
        assert main(["verify", str(released)]) == 1
        said = capsys.readouterr().out
        name = path.relative_to(released)
        assert f"       {name}: was changed after the bundle was made" in said
        assert f"       {name}: was changed after it was written; its values can't be relied on" in said

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            (lambda d: d["values"]["wer"].update(value=0.01), "says wer 0.01, its utterances come to 0.0"),
            (older, "is 3 days older than the release; at most 2 are allowed"),
            (lambda d: d["provenance"].update(commit="0" * 40), "is of commit 000000000000, the release of"),
            (lambda d: d["provenance"].update(dirty=True), "was made with uncommitted changes"),
            (lambda d: d["provenance"].update(session="x"), "is of another session, x"),
            (lambda d: d["provenance"].update(stands_again="2026-01-01"), "was not measured in this session"),
            (lambda d: d["provenance"].update(created="2999-01-01T00:00:00+00:00"), "is younger than the release"),
            (lambda d: d["provenance"].update(created="2026-01-01"), "its age is unknown"),
            (lambda d: d.update(limited_to=2), "only 2 utterances were run"),
            (lambda d: d.update(ran_on={"device": "cpu", "why": "x"}), "it ran on cpu (x)"),
            (lambda d: loaded(d, 0.5), "figures.load_s: says"),
            (lambda d: d["normalizer"].update(version="0"), "was scored with modellab 0, here is"),
        ],
    )
    def test_a_record_that_is_not_the_releases_own_though_everything_fits(
        self, released: Path, change: Callable[[dict[str, Any]], None], told: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        forged(released, change)
        assert main(["verify", str(released)]) == 1
        assert told in capsys.readouterr().out

    def test_a_record_that_is_there_twice(self, released: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = the_record(released)
        shutil.copyfile(path, path.with_name(f"20{path.name}"))
        bundle.write_checksums(released)
        assert main(["verify", str(released)]) == 1
        assert "asr/fake:cpu:clips: there are 2 records of it" in capsys.readouterr().out

    def test_a_baseline_that_it_is_worse_than(self, released: Path, capsys: pytest.CaptureFixture[str]) -> None:
        record = read(the_record(released))
        saved = baseline.place(record, released / "baselines")
        write_lines(saved, [baseline.of(record).head.model_copy(update={"dataset": "another"})])
        bundle.write_checksums(released)
        assert main(["verify", str(released)]) == 1
        assert (
            "asr/fake:cpu:clips: fake:cpu:clips: the data changed since the baseline was saved"
            in capsys.readouterr().out
        )

    @pytest.mark.parametrize("name", ["scorecard.json", "control-scorecard.json"])
    def test_a_scorecard_that_is_gone_or_none(
        self, released: Path, name: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (released / name).write_text("{}")
        assert main(["verify", str(released)]) == 1
        assert f"       {name}: is no scorecard" in capsys.readouterr().out
        (released / name).unlink()
        assert main(["verify", str(released)]) == 1
        assert f"       {name}: can't be read" in capsys.readouterr().out

    def test_a_file_that_was_added(self, released: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (released / "more.txt").write_text("x")
        assert main(["verify", str(released)]) == 1
        assert "       more.txt: was not in the bundle when it was made" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("spoil", "told"),
        [
            (lambda path: path.write_bytes(b"x"), "is no bundle of a release"),
            (lambda path: _damaged(path), "is no bundle of a release"),
            (lambda path: _zip(path, "../x"), "the member `../x` would leave the bundle's folder"),
            (lambda path: _zip(path, "/x"), "the member `/x` would leave the bundle's folder"),
            (lambda path: _zip(path, "x", "x"), "the member `x` is there twice"),
            (lambda path: _zip(path, "x"), "release.json: can't be read"),
            (lambda path: _zip(path, "release.json"), "release.json: not a modellab.release-bundle/2"),
        ],
    )
    @pytest.mark.filterwarnings("ignore:Duplicate name")
    def test_what_is_no_bundle(
        self, tmp_path: Path, spoil: Callable[[Path], Any], told: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "release.zip"
        path.touch()
        spoil(path)
        assert main(["verify", str(path)]) == 1
        assert told in capsys.readouterr().err


def _damaged(path: Path) -> None:
    """A member whose compressed bytes are no longer what zlib wrote."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("release.json", "x" * 10_000)
    data = bytearray(path.read_bytes())
    data[44:50] = b"\xff" * 6
    path.write_bytes(data)


def _zip(path: Path, *names: str) -> None:
    with zipfile.ZipFile(path, "w") as made:
        for name in names:
            made.writestr(name, "x")
