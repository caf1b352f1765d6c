"""`modellab serve-asr`: a model of the catalog behind a websocket, and a model that is a client of it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fakelab import FakeLab
from streamlab import TEXTS, measured, stream_lab

from pytest_modellab.cli import main


@pytest.fixture
def streams(lab: FakeLab) -> FakeLab:
    return stream_lab(lab)


def client(lab: FakeLab, url: str) -> None:
    """A model that is a client of the server at `url`."""
    spec: dict[str, Any] = {"schema": "modellab.model/1", "id": "there", "engine": "websocket", "tasks": ["streaming"]}
    lab.spec("models/there.yaml", {**spec, "tiers": ["smoke"], "options": {"url": url}, "devices": {"cpu": {}}})


@contextmanager
def serving(lab: FakeLab, name: str) -> Iterator[str]:
    """The address of a server in a process of its own; ended as by Ctrl-C."""
    command = [sys.executable, "-m", "pytest_modellab.cli", "serve-asr", name, "--port", "0"]
    server = subprocess.Popen(command, cwd=lab.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert server.stdout is not None
    line = server.stdout.readline()
    found = re.search(r"ws://127\.0\.0\.1:\d+", line)
    assert found, line + server.stdout.read()
    yield found[0]
    server.send_signal(signal.SIGINT)
    assert "ended" in server.communicate(timeout=30)[0]
    assert server.returncode == 0


def test_a_model_behind_a_websocket_writes_what_it_writes_in_process(streams: FakeLab) -> None:
    with serving(streams, "numbers") as url:
        client(streams, url)
        record = measured(streams, "--lab-model=there")
    assert [each.hypothesis for each in record.utterances] == list(TEXTS)
    assert record.loaded["server"] == "numbers"
    assert record.value("reconnects") == 0
    assert record.value("backpressure_s") is not None
    assert record.value("kept_up") == 1
    assert record.why_missing("offline_wer") == "the engine recognises no clip as a whole"


def test_a_server_that_is_not_there_is_a_failure_that_says_what_to_do(streams: FakeLab) -> None:
    client(streams, "ws://127.0.0.1:9")
    record = measured(streams, "--lab-model=there", code=1)
    assert record.failure is not None
    assert "no server at ws://127.0.0.1:9" in record.failure.message
    assert "modellab serve-asr MODEL" in record.failure.message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nunbers"], "no model `nunbers` in the catalog; did you mean `numbers`?"),
        (["deaf"], "deaf has not the task `streaming`; these have: numbers"),
        (["numbers", "--device", "gpu"], "numbers is not set up for the device `gpu`; did you mean `cpu`?"),
    ],
)
def test_what_cannot_be_served_is_told(
    streams: FakeLab,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    streams.model("deaf")
    monkeypatch.chdir(streams.path)
    assert main(["serve-asr", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_port_that_is_taken_is_told(
    streams: FakeLab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(streams.path)
    with serving(streams, "numbers") as url:
        assert main(["serve-asr", "numbers", "--port", url.rpartition(":")[2]]) == 2
    assert "can't listen on 127.0.0.1:" in capsys.readouterr().err


def test_what_a_server_answers_is_measured_in_every_session(
    streams: FakeLab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(streams, "numbers") as url:
        client(streams, url)
        measured(streams, "--lab-model=there")
        again = measured(streams, "--lab-model=there")
        assert len(streams.records()) == 2
        assert again.provenance.resumed == 0
    monkeypatch.chdir(streams.path)
    assert main(["why", "there:*"]) == 1
    told = "there:cpu:numbers: run in every session: there: something outside its process can change its answers"
    assert told in capsys.readouterr().out
    # The server is gone: the record of when it was there doesn't pass for it.
    gone = measured(streams, "--lab-model=there", code=1)
    assert gone.failure is not None
    assert len(streams.records()) == 3
