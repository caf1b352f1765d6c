"""What servers of ours let others do, and what other people's servers can make us keep."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from fakelab import FakeLab
from modellab_fake_stream import FakeStream, FakeStreamOptions, sound
from serving import ask, serving
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.server import serve

from pytest_modellab.cli import main, streaming_server
from pytest_modellab.cli.streaming_server import StreamingServer
from pytest_modellab.core.redaction import redacted
from pytest_modellab.core.schema_base import Failure
from pytest_modellab.engines import asr_contract as contract
from pytest_modellab.engines import websocket_stream
from pytest_modellab.engines.asr_contract import ContractError
from pytest_modellab.engines.base import DeviceRef, LoadRequest
from pytest_modellab.engines.websocket_asr import WebsocketAsr
from pytest_modellab.engines.websocket_options import WebsocketOptions
from pytest_modellab.engines.websocket_stream import WebsocketStream
from pytest_modellab.reports.web.progress import Watch

START = json.loads(contract.start_message(contract.Start()))


def served(**other: Any) -> StreamingServer:
    return StreamingServer(FakeStream(FakeStreamOptions()), "numbers", **other)


def said(server: StreamingServer, *messages: str | bytes, **headers: str) -> list[dict[str, Any]]:
    """What the server says to one client, until it closes or is ready."""
    with connect(server.url, additional_headers=headers, proxy=None) as client:
        with suppress(ConnectionClosed):  # what it said before that is still to be read
            for message in messages:
                client.send(message)
        found = []
        try:
            while True:
                found.append(json.loads(client.recv(timeout=10)))
        except (ConnectionClosed, TimeoutError):
            return found


class TestServeAsr:
    def test_it_listens_on_this_machine_alone_unless_told(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["serve-asr", "some", "--host", "0.0.0.0"]) == 2
        assert "0.0.0.0 is not a loopback address: anyone who can reach it could use" in capsys.readouterr().err
        with pytest.raises(ValueError, match="not a loopback address"):
            served(host="0.0.0.0")
        served(host="0.0.0.0", exposed=True).close()

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"Host": "evil.example"}, 421),
            ({"Origin": "http://evil.example"}, 403),
            ({"Origin": "null"}, 403),
            ({"Origin": "http://127.0.0.1:1"}, 403),
        ],
    )
    def test_a_page_of_another_site_is_refused(self, headers: dict[str, str], status: int) -> None:
        with served() as server:
            host = headers.get("Host", server.url.removeprefix("ws://"))
            lines = [f"GET / HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"]
            lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"]
            lines += [f"Origin: {headers['Origin']}\r\n"] if "Origin" in headers else []
            address = (server.url.removeprefix("ws://").partition(":")[0], int(server.url.rpartition(":")[2]))
            with closing(socket.create_connection(address, timeout=10)) as client:
                client.sendall("".join([*lines, "\r\n"]).encode())
                assert client.recv(100).startswith(f"HTTP/1.1 {status} ".encode())

    def test_its_own_page_and_no_page_may_connect(self) -> None:
        with served() as server:
            start, stop = json.dumps(START), contract.stop_message()
            assert said(server, start, stop)[-1]["type"] == "final_summary"
            origin = server.url.replace("ws://", "http://")
            assert said(server, start, stop, Origin=origin)[-1]["type"] == "final_summary"

    def test_so_many_at_once_and_then_again(self) -> None:
        with served() as server, ExitStack() as stack:
            most = streaming_server.MOST_CONNECTIONS
            held = [stack.enter_context(connect(server.url, proxy=None)) for _ in range(most)]
            for each in held:
                each.send(json.dumps(START))
                assert json.loads(each.recv(timeout=10))["state"] == "ready"
            refused = said(server, json.dumps(START))
            assert [each["message"] for each in refused] == ["8 are connected already"]
            for each in held:
                each.close()
            for _ in range(50):
                if "already" not in str(found := said(server, json.dumps(START), contract.stop_message())):
                    break
            assert found[-1]["type"] == "final_summary"

    def test_silence_ends_it(self) -> None:
        with served(idle_s=0.1) as server:
            assert said(server, json.dumps(START))[-1]["message"] == "nothing was sent for 0.1 s"

    def test_a_frame_that_is_too_large_ends_it(self) -> None:
        with served() as server, connect(server.url, proxy=None) as client:
            client.send(json.dumps(START))
            client.recv(timeout=10)
            client.send(bytes(contract.MOST_MESSAGE_BYTES + 2))
            with pytest.raises(ConnectionClosed) as closed:
                client.recv(timeout=10)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1009

    @pytest.mark.parametrize("key", sorted(set(START) - {"type"}))
    def test_a_field_of_another_type_is_told(self, key: str) -> None:
        with served() as server:
            for value in ({"a": 1}, ["x"], 10**400, "x" * 5000, True if key != "vad" else 7):
                (told,) = said(server, json.dumps({**START, key: value}))
                assert told["state"] == "error", (key, value)
            deep = "[" * 100_000 + "]" * 100_000
            (told,) = said(server, json.dumps(START)[:-1] + f', "more": {deep}}}')
            assert "no JSON object" in told["message"]


@contextmanager
def answering(talk: Callable[[Any], None]) -> Iterator[str]:
    """The address of a server that is ready, and then does as `talk` does."""

    def handle(connection: Any) -> None:
        connection.recv(timeout=10)
        connection.send(contract.server_message(contract.Status("ready", server="s" * 10_000)))
        with suppress(ConnectionClosed):
            talk(connection)

    with serve(handle, "127.0.0.1", 0, ping_interval=None) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"ws://user:token-of-mine@127.0.0.1:{server.socket.getsockname()[1]}/live?key=token-of-mine"
        server.shutdown()


def failure(url: str) -> str:
    """Why a stream to the server failed."""
    stream = WebsocketStream(WebsocketOptions(url=url, connect_timeout_s=5.0, answer_timeout_s=5.0), None)
    try:
        stream.push(sound([1, 2, 3]))
        with pytest.raises(ContractError) as found:
            stream.finish()
        return str(found.value)
    finally:
        stream.close()


class TestClient:
    """A server can't make it keep more than one utterance is worth, nor tell its secrets."""

    @pytest.fixture(autouse=True)
    def small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(websocket_stream, "MOST_MESSAGES", 200)
        monkeypatch.setattr(websocket_stream, "MOST_SHOWN", 100_000)

    @pytest.mark.parametrize(
        "message",
        [
            contract.AsrPartial("x" * 1_000),
            contract.AsrFinal("x" * 1_000, 0.0),
            contract.AsrFinal("", 0.0),
            contract.Status("news"),
        ],
    )
    def test_messages_without_end(self, message: contract.FromServer) -> None:
        def talk(connection: Any) -> None:
            while True:
                connection.send(contract.server_message(message))

        with answering(talk) as url:
            told = failure(url)
        assert "in one utterance; at most 200 and 100,000 are taken" in told
        assert "token-of-mine" not in told

    def test_one_message_that_is_too_large(self) -> None:
        def talk(connection: Any) -> None:
            connection.send(contract.server_message(contract.AsrPartial("x" * contract.MOST_MESSAGE_BYTES)))
            connection.recv(timeout=10)

        with answering(talk) as url:
            stream = WebsocketStream(WebsocketOptions(url=url, reconnects=0), None)
            stream.push(sound([1]))
            with pytest.raises(ConnectionError, match="was lost 1 times") as found:
                stream.finish()
            stream.close()
        assert "token-of-mine" not in str(found.value)

    def test_a_reason_is_cut_and_the_address_is_told_without_its_secrets(self) -> None:
        def talk(connection: Any) -> None:
            connection.send(contract.server_message(contract.Status("error", "no" * 100_000)))

        with answering(talk) as url:
            told = failure(url)
            engine = WebsocketAsr.load(LoadRequest(DeviceRef("cpu", 0), {"url": url}, None))
        assert len(told) < 2 * contract.MOST_TEXT
        assert "token-of-mine" not in told
        assert engine.facts()["address"] == url.replace("user:token-of-mine@", "").partition("?")[0]
        assert len(str(engine.facts()["server"])) == contract.MOST_TEXT

    def test_no_server_is_told_without_its_secrets(self) -> None:
        with pytest.raises(ConnectionError, match=r"no server at ws://127\.0\.0\.1:9/x") as found:
            WebsocketAsr.load(LoadRequest(DeviceRef("cpu", 0), {"url": "ws://user:token-of-mine@127.0.0.1:9/x"}, None))
        assert "token-of-mine" not in str(found.value)


HEAD = {"case": "asr/fake:cpu:clips", "utterances": 3, "audio_s": 3.0}
ANSWER = {"utterance": "a", "errors": 1, "words": 4, "seconds": 0.5, "audio_s": 1.0}
BAD: list[Any] = ["x", None, [], {"a": 1}, True, -1, float("inf"), float("nan"), 10**400]


class TestProgress:
    """A line that no session wrote costs no more than itself."""

    def look(self, reports: Path, *lines: str) -> dict[str, Any]:
        folder = reports / "sessions" / "one"
        folder.mkdir(parents=True)
        (folder / "plan.json").write_text('["asr/fake:cpu:clips"]')
        (folder / "case.jsonl").write_text("".join(f"{line}\n" for line in lines))
        ((_, told),) = [event for event in Watch(reports).look() if event[0] == "progress"]
        return told

    @pytest.mark.parametrize("value", BAD)
    @pytest.mark.parametrize("key", ANSWER)
    def test_an_answer(self, tmp_path: Path, key: str, value: Any) -> None:
        good = json.dumps(ANSWER)
        told = self.look(tmp_path, json.dumps(HEAD), good, json.dumps({**ANSWER, key: value}), good)
        assert told["done"] == 3
        json.dumps(told, allow_nan=False)

    @pytest.mark.parametrize("value", BAD)
    @pytest.mark.parametrize("key", HEAD)
    def test_the_head(self, tmp_path: Path, key: str, value: Any) -> None:
        told = self.look(tmp_path, json.dumps({**HEAD, key: value}), json.dumps(ANSWER))
        assert told["done"] == 1
        json.dumps(told, allow_nan=False)

    @pytest.mark.parametrize("line", ["", "{", "[]", "7", "[" * 100_000, '"\x00"', "{}"])
    def test_a_line_that_is_none(self, tmp_path: Path, line: str) -> None:
        assert self.look(tmp_path, json.dumps(HEAD), line, json.dumps(ANSWER))["done"] == 1


def test_a_stored_page_is_sandboxed_and_hears_its_sounds_all_the_same(tmp_path: Path) -> None:
    digest = "ab" + "0" * 62
    (tmp_path / "audio" / "ab").mkdir(parents=True)
    (tmp_path / "audio" / "ab" / f"{digest}.flac").write_bytes(b"x")
    (tmp_path / "scorecard.html").write_text("<body><script>fetch('/api/records')</script>")
    with serving(tmp_path) as server:
        for path in ("/", "/scorecard.html"):
            policy = ask(server, path).headers["Content-Security-Policy"]
            assert policy.startswith("sandbox allow-scripts allow-downloads; default-src 'none'")
            assert "allow-same-origin" not in policy
            assert "connect-src 'none'" in policy
        assert ask(server, f"/audio/ab/{digest}.flac").headers.get_all("Cross-Origin-Resource-Policy") == [
            "cross-origin"
        ]
        for path in ("/", "/api/records", "/scorecard.json"):
            assert ask(server, path).headers.get_all("Cross-Origin-Resource-Policy") == ["same-origin"]
        assert "sandbox" not in ask(server, "/live").headers["Content-Security-Policy"]


SECRET = "token-of-mine"


class TestSecrets:
    """`user:token@` of an address reaches nothing that is stored or shown."""

    def test_in_a_session(self, lab: FakeLab) -> None:
        lab.ready(faults={lab.size(0): "raise"})
        spec = lab.catalog / "models" / "fake.yaml"
        address = f"wss://me:{SECRET}@asr.example.com/live"
        spec.write_text(f"{spec.read_text().rstrip()}\n  facts: {{address: {address!r}}}\n")
        lab.run("--junitxml=junit.xml")
        record = lab.record()
        assert record.loaded["address"] == "wss://***@asr.example.com/live"
        assert "wss://***@asr.example.com/live" in str(record.provenance.inputs["options"])
        told = [path for path in lab.path.rglob("*") if path.is_file() and lab.catalog not in path.parents]
        assert told
        assert not [path for path in told if SECRET.encode() in path.read_bytes()]

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("401 for https://me:pw@host/x?y", "401 for https://***@host/x?y"),
            ("wss://token@host and http://a:b@c", "wss://***@host and http://***@c"),
            ("https://a:p@ss@host", "https://***@host"),
            ("mail me@host, see https://host/@me", "mail me@host, see https://host/@me"),
        ],
    )
    def test_in_the_words_of_a_library(self, text: str, shown: str) -> None:
        assert Failure(kind="exception", message=text, detail=text).model_dump() == {
            **{"kind": "exception", "message": shown, "detail": shown}
        }
        assert redacted({"a": [text, {text: 1}]}) == {"a": [shown, {shown: 1}]}
