"""`modellab copy`: reports on shared storage and back, whole and no more than is new."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import Told
from dataforms import in_memory
from records import record, utterance

from pytest_modellab.cli.exits import Exit
from pytest_modellab.results import record_files
from pytest_modellab.results.values import valued


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    folder = tmp_path / "reports"
    record_files.write(valued(record(utterances=[utterance("one")])), folder)
    return folder


def test_there_and_back(reports: Path, told: Told, tmp_path: Path) -> None:
    with in_memory():
        assert told("copy", str(reports), "memory://lab/run-7") == "1 file copied to memory://lab/run-7\n"
        back = tmp_path / "back"
        assert told("copy", "memory://lab/run-7", str(back)) == f"1 file copied to {back}\n"
    assert len(list(back.glob("runs/*/asr/*.json"))) == 1


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("reports", "elsewhere", "one of FROM and TO is a folder on this machine"),
        ("memory://a", "memory://b", "one of FROM and TO is a folder on this machine"),
        ("nowhere", "memory://lab", "nowhere is no folder of reports"),
        ("memory://nothing", "back", "memory://nothing: no reports are there"),
        ("ftp://host/x", "back", "unknown protocol `ftp`"),
    ],
)
def test_what_cannot_be_copied(
    told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, target: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with in_memory():
        told("copy", source, target, code=Exit.USAGE)
    assert message in told.errors
