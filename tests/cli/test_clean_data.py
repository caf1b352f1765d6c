"""`modellab clean` and the data of the hub and of shared storage: what a data set of the catalog uses stays."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from dataforms import HEAD, REPO, clips, in_memory, offline_hub, upload, write_csv, write_hub, write_parquet, write_spec
from fakeruns import FakeRuns
from webserver import REVISION

from pytest_modellab.cli import main

DAYS_S = 2 * 24 * 3600


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    root = tmp_path / "cache"
    monkeypatch.setenv("MODELLAB_CACHE", str(root))
    return root


def blobs(cache: Path) -> list[Path]:
    """The files in the cache, aged so that they may go."""
    found = sorted(each for each in (cache / "blobs").rglob("*") if len(each.name) == 64)
    for each in found:
        then = time.time() - DAYS_S
        os.utime(each, (then, then))
    return found


def test_audio_of_the_hub_stays_while_a_set_names_it(
    runs: FakeRuns, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow")
    runs.model()
    runs.commanded(monkeypatch)
    offline_hub(runs.path / "hf", monkeypatch)
    folder, rows = clips(runs)
    write_parquet(runs.path / "part.parquet", rows, folder, embedded=True)
    write_hub(runs.path / "hf", {"data/test-00000-of-00001.parquet": runs.path / "part.parquet"})
    spec = write_spec(runs, {"hub": {"repo": REPO, "revision": REVISION}})
    assert main(["data", "prepare"]) == 0
    kept = blobs(cache)
    assert len(kept) == len(rows)
    assert main(["clean", "--yes", "--unnamed"]) == 0
    assert blobs(cache) == kept
    spec.unlink()
    assert main(["clean", "--yes", "--unnamed"]) == 0
    assert blobs(cache) == []


def test_copies_of_remote_files_stay_without_being_looked_up(
    runs: FakeRuns, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.model()
    runs.commanded(monkeypatch)
    folder, rows = clips(runs)
    write_csv(folder / "remote.csv", [{**row, "audio_filepath": f"memory://speech/{row['id']}.wav"} for row in rows])
    spec = write_spec(runs, {"table": {"path": "remote.csv"}}, audio_root="memory://speech")
    with in_memory() as system:
        for row in rows:
            path = folder / row["audio_filepath"]
            path.rename(folder / f"{row['id']}.wav")
        upload(system, "memory://speech", folder)
        assert main(["data", "prepare"]) == 0
    kept = blobs(cache)
    assert len(kept) == len(rows)
    assert main(["clean", "--yes", "--unnamed"]) == 0
    assert blobs(cache) == kept
    spec.write_text(spec.read_text().replace("memory://speech", "memory://other"))
    assert main(["clean", "--yes", "--unnamed"]) == 0
    assert blobs(cache) == []


def test_a_snapshot_of_the_hub_goes_with_the_set_that_named_it(
    runs: FakeRuns, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs.model()
    runs.commanded(monkeypatch)
    repo = cache / "hub" / "datasets--lab--calls"
    for revision in (REVISION, "b" * 40):
        snapshot, blob = repo / "snapshots" / revision, repo / "blobs" / revision
        snapshot.mkdir(parents=True)
        blob.parent.mkdir(exist_ok=True)
        blob.write_bytes(bytes(1000))
        (snapshot / "test.parquet").symlink_to(blob)
        then = time.time() - DAYS_S
        os.utime(snapshot, (then, then))
    runs.spec("datasets/calls.yaml", {**HEAD, "id": "calls", "hub": {"repo": REPO, "revision": REVISION}})
    assert main(["clean", "--yes", "--unnamed"]) == 0
    assert [each.name for each in (repo / "snapshots").iterdir()] == [REVISION]
    assert "no data set is lab/calls at bbbbbbbb" in capsys.readouterr().out


def test_weights_sent_to_a_node_go_after_a_month_and_half_of_them_after_a_day(
    runs: FakeRuns, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.ready().commanded(monkeypatch)
    days = {"a": 9, "b": 32, "c.1234": 2, "d.5678": 0}
    for name, old in days.items():
        file = cache / "shipped" / name / "model.bin"
        file.parent.mkdir(parents=True)
        file.write_bytes(b"weights")
        then = time.time() - old * 24 * 3600
        for each in (file, file.parent):
            os.utime(each, (then, then))
    assert main(["clean", "--yes"]) == 0
    assert sorted(each.name for each in (cache / "shipped").iterdir()) == ["a", "d.5678"]
