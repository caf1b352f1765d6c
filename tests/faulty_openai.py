"""A server with OpenAI's interface whose answers and faults are told ahead, for tests of clients."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from fakelab import FIRST_LENGTH, STEP

from pytest_modellab.engines.pcm import speech_of_wav


@dataclass
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, Any]:
        """The fields of a form; of files, their bytes."""
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        parts = BytesParser().parsebytes(head + self.body).get_payload()
        found: dict[str, Any] = {}
        for part in parts:
            data = part.get_payload(decode=True)  # type: ignore[union-attr]
            name = part.get_param("name", header="content-disposition")  # type: ignore[union-attr]
            found[str(name)] = data if part.get_filename() else data.decode()  # type: ignore[union-attr]
        return found


def heard(asked: Asked) -> int:
    """The number of the FakeCatalog's clip in a request for its text, by its length."""
    [piece] = speech_of_wav([asked.form["file"]])
    return (len(piece.samples) - FIRST_LENGTH) // STEP


@dataclass
class Told:
    """An answer: what is sent, and what goes wrong.

    Attributes:
        drop: whether the connection is closed before anything is answered.
        cut: of the body, so many bytes are sent and then the connection is closed.
        hang_s: how long nothing is said.
    """

    body: bytes | dict[str, Any] | list[bytes] = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    cut: int | None = None
    hang_s: float = 0.0


class FaultyOpenAi:
    """The server. `answers` maps a path to what is told in turn, the last of it again and again."""

    def __init__(self, answers: Mapping[str, list[Told] | Callable[[Asked], Told]]) -> None:
        self.answers: dict[str, list[Told] | Callable[[Asked], Told]] = {
            "models": [Told({"data": [{"id": "tiny"}]})],
            **answers,
        }
        self.asked: list[Asked] = []
        self._lock = threading.Lock()
        faulty = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None: ...

            def do_GET(self) -> None:
                self._answer()

            def do_POST(self) -> None:
                self._answer()

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.command, self.path.removeprefix("/v1/"), headers, body)
                told = faulty._next(asked)
                time.sleep(told.hang_s)
                if told.drop:
                    self.close_connection = True
                    return
                try:
                    self._send(told)
                except OSError:
                    self.close_connection = True  # the client is gone

            def _send(self, told: Told) -> None:
                pieces = told.body if isinstance(told.body, list) else [told.body]
                raw = [json.dumps(each).encode() if isinstance(each, dict) else each for each in pieces]
                kind = "application/json" if isinstance(told.body, dict) else "application/octet-stream"
                self.send_response(told.status)
                self.send_header("Content-Type", told.headers.get("Content-Type", kind))
                self.send_header("Content-Length", str(sum(map(len, raw))))
                for name, value in told.headers.items():
                    if name != "Content-Type":
                        self.send_header(name, value)
                self.end_headers()
                if told.cut is not None:
                    self.wfile.write(b"".join(raw)[: told.cut])
                    self.close_connection = True
                    return
                for each in raw:
                    self.wfile.write(each)
                    self.wfile.flush()

        class Server(ThreadingHTTPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def calls(self, path: str) -> list[Asked]:
        """The requests of a path, in the order they came."""
        return [each for each in self.asked if each.path == path]

    def _next(self, asked: Asked) -> Told:
        with self._lock:
            self.asked.append(asked)
            told = self.answers.get(asked.path)
            if told is None:
                return Told({"error": {"message": f"no {asked.path} here"}}, status=404)
            if not callable(told):
                return told.pop(0) if len(told) > 1 else told[0]
        return told(asked)

    def __enter__(self) -> FaultyOpenAi:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
