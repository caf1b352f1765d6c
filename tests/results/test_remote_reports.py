"""Reports on shared storage and back: whole, and no more than is new."""

from __future__ import annotations

from pathlib import Path

import pytest
from dataforms import in_memory, s3_server
from records import record, utterance

from pytest_modellab.core.remote_path import RemotePath
from pytest_modellab.results import record_files
from pytest_modellab.results.remote_reports import fetch, send
from pytest_modellab.results.values import valued


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    folder = tmp_path / "reports"
    path = record_files.write(valued(record(utterances=[utterance("one")])), folder)
    path.with_suffix(".utterances.parquet").write_bytes(b"a table")
    for name in ("audio/ab/sound.flac", "baselines/tiny/talk.jsonl", "scorecard.json", "sessions/s/journal.jsonl"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "runs" / ".x.part").touch()
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def wanted(folder: Path) -> dict[str, bytes]:
    return {
        name: data for name, data in files(folder).items() if not name.startswith("sessions") and ".part" not in name
    }


def test_what_comes_back_is_what_was_sent(reports: Path, tmp_path: Path) -> None:
    there = RemotePath("memory://lab/run-7")
    with in_memory():
        assert len(send(reports, there)) == 5
        assert send(reports, there) == ["baselines/tiny/talk.jsonl", "scorecard.json"]  # what may change
        first = fetch(there, tmp_path / "back")
        assert first[0].endswith(".parquet")  # a record is there once its table is
        assert fetch(there, tmp_path / "back") == ["baselines/tiny/talk.jsonl", "scorecard.json"]
    assert files(tmp_path / "back") == wanted(reports)


def test_s3(reports: Path, tmp_path: Path) -> None:
    with s3_server():
        send(reports, RemotePath("s3://speech/run-7"))
        fetch(RemotePath("s3://speech/run-7"), tmp_path / "back")
    assert files(tmp_path / "back") == wanted(reports)


def test_what_is_no_report_stays_there(tmp_path: Path) -> None:
    with in_memory() as system:
        for name in ("runs/tiny/asr/x.json", "secrets.txt", "runs/../../outside"):
            system.pipe_file(f"/lab/{name}", b"x")
        fetch(RemotePath("memory://lab"), tmp_path / "back")
    assert set(files(tmp_path)) == {"back/runs/tiny/asr/x.json"}


def test_nothing_there_is_told(tmp_path: Path) -> None:
    with in_memory(), pytest.raises(FileNotFoundError, match="memory://nothing: no reports are there"):
        fetch(RemotePath("memory://nothing"), tmp_path)
