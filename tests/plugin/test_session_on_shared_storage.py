"""Sessions whose reports are on shared storage: fetched before, sent after, and what happens where that fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import Told
from configs import parsed
from dataforms import in_memory
from labsessions import LabSessions

from pytest_modellab.cli.exits import Exit
from pytest_modellab.plugin import hooks, options, remote
from pytest_modellab.plugin.options import Config
from pytest_modellab.results.remote_reports import copy_of

URL = "memory://lab/run-7"


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    with in_memory() as system:
        yield system


def settings(sessions: LabSessions, url: str = URL) -> Config:
    with parsed(sessions.path, f"--lab-report={url}", ini=None) as config:
        return options.read(config)


def names(system: Any) -> set[str]:
    return {path.removeprefix("/lab/run-7/").partition("/")[0] for path in system.find("/lab/run-7")}


def test_reports_are_sent_and_found_again_on_another_machine(
    sessions: LabSessions, storage: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions.ready()
    assert sessions.session(f"--lab-report={URL}") == 0
    assert {"runs", "scorecard.json", "scorecards"} <= names(storage)
    assert not (sessions.path / "reports").exists()
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "another"))
    found = settings(sessions)
    assert found.reports == copy_of(URL)
    assert not found.reports.exists()
    remote.fetch(found)
    assert len(list(found.reports.glob("runs/*/*/*.json"))) == 1


def test_the_first_session_finds_nothing_and_that_is_no_error(sessions: LabSessions, storage: Any) -> None:
    sessions.ready()
    remote.fetch(settings(sessions))


def test_reports_of_this_machine_are_left_alone(sessions: LabSessions) -> None:
    sessions.ready()
    with parsed(sessions.path, ini=None) as config:
        found = options.read(config)
    remote.fetch(found)
    assert remote.send(found) == ""


def test_what_can_not_be_sent_fails_the_session_and_says_how(
    sessions: LabSessions, storage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions.ready()

    def refuse(*_: object) -> None:
        raise OSError("the bucket is full")

    monkeypatch.setattr("pytest_modellab.results.remote_reports.send", refuse)
    assert sessions.session(f"--lab-report={URL}") == 1
    told = remote.send(settings(sessions))
    assert told == (
        f"reports were not sent to {URL}: the bucket is full; `modellab copy {copy_of(URL)} {URL}` sends them"
    )


@pytest.mark.parametrize(
    ("url", "message"),
    [("ftp://host/x", "unknown protocol `ftp`"), ("s3://user:secret@host/x::y", "reports at shared storage: ")],
)
def test_what_can_not_be_fetched_is_told_before_anything_runs(
    sessions: LabSessions, storage: Any, url: str, message: str
) -> None:
    sessions.ready()
    with (
        parsed(sessions.path, f"--lab-report={url}", ini=None) as config,
        pytest.raises(pytest.UsageError, match=message) as refused,
    ):
        hooks.pytest_configure(config)
    assert "shared storage" in str(refused.value)


def test_the_ini_file_names_a_folder_of_this_machine(sessions: LabSessions) -> None:
    sessions.ready()
    sessions.ini("modellab_reports = s3://bucket/x")
    with (
        parsed(sessions.path, ini=None) as config,
        pytest.raises(pytest.UsageError, match="is not on this machine; --lab-report=s3://bucket/x has"),
    ):
        options.read(config)


def test_shards_are_merged_from_there(
    sessions: LabSessions, storage: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = Told(capsys)
    sessions.texts = [*LabSessions.texts, "four fine days"]
    sessions.ready()
    monkeypatch.chdir(sessions.path)
    for i in (1, 2):
        sessions.session(f"--lab-shard={i}/2", f"--lab-report=memory://lab/{i}")
    assert "2 shards, 4 utterances" in told("merge", "memory://lab/1", "memory://lab/2")
    told("merge", "memory://lab/3", code=Exit.USAGE)
    assert "no reports are there" in told.errors
    told("sessions", "--reports", "memory://lab/1", code=Exit.USAGE)
    assert "`modellab copy memory://lab/1 DIR`" in told.errors
