"""`modellab merge`: the folders that it joins, what it misses, and what it refuses."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from fakeruns import FakeRuns
from shard_parts import of_model, of_two_machines

from pytest_modellab.cli import main
from pytest_modellab.results import record_files as records
from pytest_modellab.results.record_files import read

Output = pytest.CaptureFixture[str]


@pytest.fixture
def parts(runs: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for each of two shards, of the catalog that commands find."""
    runs.commanded(monkeypatch)
    return of_two_machines(runs)


def test_folders_may_lie_anywhere_below_the_one_that_is_named(parts: Path, capsys: Output) -> None:
    assert main(["merge", str(parts)]) == 0
    assert re.search("^tiny:cpu:talk: 2 shards, 4 utterances: .*/reports/runs/tiny/asr/", capsys.readouterr().out)
    assert main(["merge", *map(str, parts.iterdir()), "--output", "other"]) == 0
    assert {path.relative_to("other").parts[0] for path in Path("other").rglob("*.json")} == {
        *("runs", "scorecard.json", "scorecards")
    }


def test_a_case_that_no_shard_ran_is_missed_where_it_is_required(parts: Path, capsys: Output) -> None:
    assert main(["merge", str(parts), "--require", "tiny:*"]) == 0
    assert main(["merge", str(parts), "--require", "other:*"]) == 1
    assert "NOT PASSED: required case `other:*` was not measured" in capsys.readouterr().out


def test_of_a_shard_that_was_run_again_in_its_folder_the_newest_counts(parts: Path) -> None:
    (last,) = (read(path) for path in (parts / "1").rglob("*.json"))
    origin = {"created": "2026-01-03T03:04:05.678+00:00", "worker_restarts": 1}
    again = last.model_copy(update={"id": "0" * 8, "provenance": last.provenance.model_copy(update=origin)})
    records.write(again, parts / "1")
    assert main(["merge", str(parts)]) == 0
    (path,) = Path("reports/runs").rglob("*.json")
    assert read(path).provenance.worker_restarts == 1


def test_the_same_shard_in_two_folders_is_refused_and_other_cases_go_on(
    runs: FakeRuns, parts: Path, capsys: Output
) -> None:
    shutil.copytree(parts / "1", parts / "2")
    for i, each in enumerate(of_model(runs, "other")):
        records.write(each, parts / str(i))
    assert main(["merge", str(parts)]) == 1
    out = capsys.readouterr().out
    assert "refused: tiny:cpu:talk: the same utterances are in more than one record:\n  shard 2/2: " in out
    assert "other:cpu:talk: 2 shards" in out


def damage(path: Path) -> None:
    path.write_text(path.read_text().replace('"one two three"', '"one two"'))


def cut_off(path: Path) -> None:
    path.write_text(path.read_text()[:-50])


@pytest.mark.parametrize(
    ("harm", "message"), [(damage, "was changed after it was written"), (cut_off, "not a modellab.record/2")]
)
def test_a_damaged_record_is_refused_by_name(
    parts: Path, harm: Callable[[Path], None], message: str, capsys: Output
) -> None:
    path = next((parts / "1").rglob("*.json"))
    harm(path)
    assert main(["merge", str(parts)]) == 1
    assert f"{path}: {message}" in capsys.readouterr().err


def test_a_folder_without_shards_is_bad_usage(parts: Path, tmp_path: Path, capsys: Output) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["merge", str(parts), str(tmp_path / "empty")]) == 2
    assert f"no record of a shard under {tmp_path / 'empty'}; `pytest --lab-shard=1/2`" in capsys.readouterr().err
    assert main(["merge", str(tmp_path / "nowhere")]) == 2
    assert "no such folder" in capsys.readouterr().err


def test_shards_of_another_catalog_are_refused_by_name(runs: FakeRuns, parts: Path, capsys: Output) -> None:
    runs.model("tiny", wrong={0: "another day"})
    assert main(["merge", str(parts)]) == 1
    out = capsys.readouterr().out
    assert re.search(
        r"^refused: tiny:cpu:talk: shard \d/2: .*/artifacts/\d/.*\.json is of other specs than", out, re.MULTILINE
    )
    assert not list(Path("reports/runs").rglob("*.json"))
