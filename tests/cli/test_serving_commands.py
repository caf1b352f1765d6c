"""`modellab serve` and `modellab serve-asr` in this process, ended as by Ctrl-C once they listen."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
import urllib.request
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from commands import Told
from labsessions import LabSessions
from modellab_fake_stream import sound
from streamlab import ENGINE
from waiting import wait_for
from websockets.sync.client import connect

from pytest_modellab.cli import serve
from pytest_modellab.cli.exits import Exit
from pytest_modellab.engines import asr_contract as contract


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def interrupted(port: int, use: Callable[[], object]) -> Iterator[None]:
    """Use the server at the port as soon as it listens, then interrupt this thread, which serves."""

    over = threading.Event()

    def visit() -> None:
        try:
            assert wait_for(lambda: over.is_set() or listens(port), seconds=20)
            time.sleep(0.2)  # it listens before it says so
            use()
        finally:
            if not over.is_set():
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        yield
    finally:
        over.set()
        visitor.join()


class TestServe:
    def test_until_it_is_interrupted(self, tmp_path: Path, told: Told) -> None:
        port, found = free_port(), []

        def use() -> None:
            found.append(urllib.request.urlopen(f"http://127.0.0.1:{port}/api/records").read())

        with interrupted(port, use):
            said = told("serve", "--port", str(port), "--reports", str(tmp_path))
        assert said == f"{tmp_path}: http://127.0.0.1:{port}/ (Ctrl-C ends it)\nended\n"
        assert len(found) == 1

    def test_where_others_can_reach_it_is_said(self, tmp_path: Path, told: Told) -> None:
        port = free_port()
        with interrupted(port, lambda: None):
            told("serve", "--port", str(port), "--reports", str(tmp_path), "--host", "0.0.0.0", "--exposed")
        assert told.errors == "whoever can reach it can read all of it\n"

    def test_a_browser_is_opened(self, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
        port = free_port()
        opened: list[str] = []
        monkeypatch.setattr(serve, "open_browser", opened.append)
        with interrupted(port, lambda: None):
            told("serve", "--port", str(port), "--reports", str(tmp_path), "--open")
        assert opened == [f"http://127.0.0.1:{port}/"]

    def test_what_cannot_be(self, tmp_path: Path, told: Told) -> None:
        told("serve", "--reports", str(tmp_path / "none"), code=Exit.USAGE)
        assert "none; run pytest first, or name another: --reports DIR" in told.errors
        told("serve", "--reports", str(tmp_path), "--host", "0.0.0.0", code=Exit.USAGE)
        assert "0.0.0.0 is not a loopback address: anyone who can reach it could read" in told.errors
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            told("serve", "--reports", str(tmp_path), "--port", str(port), code=Exit.USAGE)
        assert f"can't listen on 127.0.0.1:{port}: " in told.errors
        assert "; --port 0 takes any" in told.errors

    def test_only_a_browser_with_windows_of_its_own_is_opened(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def none() -> webbrowser.BaseBrowser:
            raise webbrowser.Error

        class Windows(webbrowser.BaseBrowser):
            def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
                return url == "http://x/"

        monkeypatch.setattr(webbrowser, "get", none)
        assert not serve.open_browser("http://x/")
        monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.GenericBrowser("w3m"))
        assert not serve.open_browser("http://x/")
        monkeypatch.setattr(webbrowser, "get", Windows)
        assert serve.open_browser("http://x/")


@pytest.fixture
def streams(sessions: LabSessions) -> LabSessions:
    """A catalog of one streaming model, and one that does no streaming."""
    spec: dict[str, Any] = {"schema": "modellab.model/1", "id": "numbers", "engine": ENGINE, "tasks": ["streaming"]}
    sessions.spec("models/numbers.yaml", {**spec, "tiers": ["smoke"], "devices": {"cpu": {}}})
    sessions.model("deaf")
    sessions.spec("devices.yaml", {"schema": "modellab.devices/1", "devices": [{"id": "cpu", "kind": "cpu"}]})
    return sessions


class TestServeAsr:
    def test_a_model_recognises_until_it_is_interrupted(self, streams: LabSessions, told: Told) -> None:
        port = free_port()
        heard: list[Any] = []

        def use() -> None:
            with connect(f"ws://127.0.0.1:{port}", proxy=None) as client:
                client.send(contract.start_message(contract.Start()))
                client.send(contract.to_pcm(sound([1, 2, 3])))
                client.send(contract.stop_message())
                heard.extend(json.loads(each) for each in client)

        with interrupted(port, use):
            said = told("serve-asr", "numbers", "--port", str(port))
        assert said == f"numbers on cpu: ws://127.0.0.1:{port} (Ctrl-C ends it)\nended\n"
        assert heard[0] == {**heard[0], "type": "status", "state": "ready", "server": "numbers"}
        assert heard[-1]["type"] == "final_summary"
        assert heard[-1]["text"] == "1 2 3"

    def test_where_others_can_reach_it_is_said(self, streams: LabSessions, told: Told) -> None:
        port = free_port()
        with interrupted(port, lambda: None):
            told("serve-asr", "numbers", "--port", str(port), "--host", "0.0.0.0", "--exposed")
        assert told.errors == "whoever can reach it can use the model\n"

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["nunbers"], "no model `nunbers` in the catalog; did you mean `numbers`?"),
            (["deaf"], "deaf has not the task `streaming`; these have: numbers"),
            (["numbers", "--device", "gpu"], "numbers is not set up for the device `gpu`; did you mean `cpu`?"),
        ],
    )
    def test_what_cannot_be_served_is_told(
        self, streams: LabSessions, told: Told, arguments: list[str], message: str
    ) -> None:
        told("serve-asr", *arguments, code=Exit.USAGE)
        assert message in told.errors

    def test_an_environment_of_its_own_cannot_be_entered(self, streams: LabSessions, told: Told) -> None:
        path = streams.catalog / "models" / "numbers.yaml"
        path.write_text(path.read_text() + "environment: {requirements: [numpy]}\n")
        told("serve-asr", "numbers", code=Exit.USAGE)
        assert "numbers has an environment of its own, which serve-asr can't enter" in told.errors

    def test_a_port_that_is_taken(self, streams: LabSessions, told: Told) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            told("serve-asr", "numbers", "--port", str(port), code=Exit.USAGE)
        assert f"can't listen on 127.0.0.1:{port}: " in told.errors
        assert "; --port 0 takes any" in told.errors


class TestServeModels:
    def test_models_are_served_until_it_is_interrupted(self, streams: LabSessions, told: Told) -> None:
        port = free_port()
        found: list[Any] = []

        def use() -> None:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models") as answer:
                found.extend(each["id"] for each in json.load(answer)["data"])

        with interrupted(port, use):
            said = told("serve-models", "numbers", "deaf", "--port", str(port))
        assert said == f"numbers, deaf on cpu: http://127.0.0.1:{port}/v1 (Ctrl-C ends it)\nended\n"
        assert found == ["numbers", "deaf"]

    def test_where_others_can_reach_it_is_said(self, streams: LabSessions, told: Told) -> None:
        port = free_port()
        with interrupted(port, lambda: None):
            told("serve-models", "numbers", "--port", str(port), "--host", "0.0.0.0", "--exposed")
        assert told.errors == "whoever can reach it can use the models\n"

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["nunbers"], "no model `nunbers` in the catalog; did you mean `numbers`?"),
            (["numbers", "--device", "gpu"], "numbers is not set up for the device `gpu`; did you mean `cpu`?"),
            (["numbers", "--host", "0.0.0.0"], "0.0.0.0 is not a loopback address"),
        ],
    )
    def test_what_cannot_be_served_is_told(
        self, streams: LabSessions, told: Told, arguments: list[str], message: str
    ) -> None:
        told("serve-models", *arguments, code=Exit.USAGE)
        assert message in told.errors

    def test_an_environment_of_its_own_cannot_be_entered(self, streams: LabSessions, told: Told) -> None:
        path = streams.catalog / "models" / "numbers.yaml"
        path.write_text(path.read_text() + "environment: {requirements: [numpy]}\n")
        told("serve-models", "numbers", code=Exit.USAGE)
        assert "numbers has an environment of its own, which serve-models can't enter" in told.errors

    def test_a_port_that_is_taken(self, streams: LabSessions, told: Told) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            told("serve-models", "numbers", "--port", str(port), code=Exit.USAGE)
        assert f"can't listen on 127.0.0.1:{port}: " in told.errors
        assert "; --port 0 takes any" in told.errors
