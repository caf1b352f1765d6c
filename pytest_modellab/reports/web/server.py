"""The server of `modellab serve`: one folder of reports, read only."""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs

from pytest_modellab.core.version import __version__

from . import api, guard, live, pages
from .progress import Watch, encoded, running
from .refused import Refused

MOST_STREAMS = 16
"""Of progress at once: each holds a thread."""
LOOK_EVERY_S = 0.5
ALIVE_EVERY_S = 10.0
IDLE_S = 30.0
"""So long a connection may say nothing."""
_CHUNK = 1 << 16

_PAGES = {"scorecard.html": "text/html; charset=utf-8", "scorecard.json": "application/json"}
_SOUND = re.compile(r"[0-9a-f]{64}\.flac")
_RECORD = re.compile(r"\d{8}T\d{9}-.+-[0-9a-f]{8}\.json")
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")

# The scorecard's page is one file with its style and script in it. It is a stored file, which anybody may have written:
# the sandbox gives it an origin of its own, so that its script can't ask this server for anything else.
_POLICY = (
    "sandbox allow-scripts allow-downloads; default-src 'none'; style-src 'unsafe-inline';"
    " script-src 'unsafe-inline'; img-src 'self' data:;"
    " media-src 'self' data: blob:; font-src data:; connect-src 'none';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Pages that are made here, of what records say: escaped, and without any script.
_LISTED = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)
_NO_PAGE = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

_WITHOUT_CARD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Model Lab</title>
<style>body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 45rem; padding: 0 1rem }
:root { color-scheme: light dark }</style>
</head>
<body>
<h1>No scorecard page yet</h1>
<p>This folder of reports has no <code>scorecard.html</code>. A session that can make pages writes it when it ends:</p>
<pre>pip install 'pytest-modellab[report]'
pytest -m smoke</pre>
<p>What there is meanwhile: <a href="/api/records">the records</a>, <a href="/api/scorecard">the last scorecard</a> as
JSON, and <a href="/live">running sessions</a> as they go.</p>
</body>
</html>
"""


class ReportsServer(ThreadingHTTPServer):
    """Serves `reports`. With `exposed` it accepts any host name, else only names of this machine."""

    daemon_threads = True

    def __init__(self, reports: Path, host: str = "127.0.0.1", port: int = 8000, *, exposed: bool = False) -> None:
        """Raises OSError where it can't listen, ValueError for a host that others can reach, unless `exposed`."""
        if not exposed and not guard.is_loopback(host):
            raise ValueError(f"{host} is not a loopback address")
        if ":" in host:
            self.address_family = socket.AF_INET6
        self.reports = reports
        self.exposed = exposed
        self.streams = threading.BoundedSemaphore(MOST_STREAMS)
        self.ended = threading.Event()
        super().__init__((host, port), Handler)

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        name = host.decode() if isinstance(host, bytes | bytearray) else str(host)
        return f"http://{f'[{name}]' if ':' in name else name}:{port}/"

    def server_bind(self) -> None:
        # Without asking the name service for this machine's name, as HTTPServer does.
        super(ThreadingHTTPServer, self).server_bind()

    def shutdown(self) -> None:
        self.ended.set()
        super().shutdown()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Closed connections aren't reported as errors."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: ReportsServer
    own_resource_policy = False
    """Whether the answer that is begun says itself who may embed it."""
    protocol_version = "HTTP/1.1"
    timeout = IDLE_S
    error_content_type = "text/plain; charset=utf-8"
    error_message_format = "%(code)d: %(message)s\n"

    _ROUTES: ClassVar[dict[tuple[str, ...], str]] = {
        (): "_index",
        ("live",): "_live",
        ("past",): "_sessions",
        ("compare",): "_compare",
        ("trends",): "_trends",
        ("leaderboard",): "_leaderboard",
        ("health",): "_health",
        ("api", "records"): "_records",
        ("api", "scorecard"): "_scorecard",
        ("api", "progress"): "_progress",
    }

    def do_GET(self) -> None:
        try:
            self._route()
        except Refused as refused:
            self._refuse(refused.status, str(refused))
        except OSError:
            # The browser went away, or the file did while it was sent: the connection is of no more use.
            self.close_connection = True

    do_HEAD = do_GET

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Every other method, known or made up."""
        if name.startswith("do_"):
            return self._no_method
        raise AttributeError(name)

    def _no_method(self) -> None:
        self.close_connection = True  # what it carries isn't read
        self._refuse(405, "only GET and HEAD", {"Allow": "GET, HEAD"})

    def _route(self) -> None:
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or not guard.host_allowed(hosts[0], self.server.exposed):
            raise Refused(421, "this server doesn't go by that name; see the address that `modellab serve` shows")
        if self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            raise Refused(400, "a request that only reads carries nothing")
        parts = guard.parts(self.path)
        if parts is None:
            raise Refused(404, "no such page")
        named = self._ROUTES.get(parts)
        if named is not None:
            getattr(self, named)()
        elif len(parts) == 3 and parts[:2] == ("api", "records"):
            self._send(api.one(self.server.reports, parts[2]), "application/json")
        elif len(parts) == 2 and parts[0] == "past":
            self._html(pages.session(self.server.reports, parts[1]), _POLICY)
        elif len(parts) == 3 and parts[0] == "audio" and _SOUND.fullmatch(parts[2]) and parts[2][:2] == parts[1]:
            self._file(parts, "audio/flac", lasting=True)
        elif len(parts) == 4 and parts[0] == "runs" and _RECORD.fullmatch(parts[3]):
            self._file(parts, "application/json")
        elif len(parts) == 1 and parts[0] in _PAGES:
            self._file(parts, _PAGES[parts[0]], policy=_POLICY)
        else:
            raise Refused(404, "no such page")

    def _index(self) -> None:
        line = live.links(running(self.server.reports))
        path = guard.inside(self.server.reports, "scorecard.html")
        if path is None:
            self._send(live.with_notice(_WITHOUT_CARD.encode(), line), "text/html; charset=utf-8")
        else:
            self._send(live.with_notice(path.read_bytes(), line), _PAGES["scorecard.html"], policy=_POLICY)

    def _live(self) -> None:
        self._send(live.page(), "text/html; charset=utf-8", policy=live.policy())

    def _sessions(self) -> None:
        self._html(pages.sessions(self.server.reports), _LISTED)

    def _compare(self) -> None:
        self._html(pages.compared(self.server.reports, self._query()), _LISTED)

    def _trends(self) -> None:
        self._html(pages.trend(self.server.reports, self._query()), _LISTED)

    def _leaderboard(self) -> None:
        self._html(pages.board(self.server.reports), pages.board_policy())

    def _health(self) -> None:
        self._json({"status": "ok", "version": __version__})

    def _records(self) -> None:
        self._json(api.listed(self.server.reports, self._query()))

    def _query(self) -> dict[str, list[str]]:
        try:
            return parse_qs(self.path.partition("?")[2], keep_blank_values=True, max_num_fields=20, errors="strict")
        except ValueError:
            raise Refused(400, "the query can't be read") from None

    def _html(self, text: bytes, policy: str) -> None:
        self._send(text, "text/html; charset=utf-8", policy=policy)

    def _scorecard(self) -> None:
        self._file(("scorecard.json",), "application/json")

    def _progress(self) -> None:
        """Events until the browser goes or the server ends; a comment now and then tells whether it is still there."""
        if not self.server.streams.acquire(blocking=False):
            raise Refused(503, f"{MOST_STREAMS} are following already")
        try:
            self.close_connection = True
            self._head(200, "text/event-stream", {"Cache-Control": "no-store", "Connection": "close"})
            if self.command == "HEAD":
                return
            watch, said = Watch(self.server.reports), 0.0
            events = b"".join(map(encoded, watch.look())) + encoded(("standing", {"sessions": watch.sessions()}))
            while True:
                if events or time.monotonic() - said > ALIVE_EVERY_S:
                    self.wfile.write(events or b": still here\n\n")
                    said = time.monotonic()
                if self.server.ended.wait(LOOK_EVERY_S):
                    return
                events = b"".join(map(encoded, watch.look()))
        finally:
            self.server.streams.release()

    def _file(self, parts: tuple[str, ...], kind: str, policy: str = _NO_PAGE, *, lasting: bool = False) -> None:
        path = guard.inside(self.server.reports, *parts)
        if path is None:
            raise Refused(404, f"{'/'.join(parts)} isn't there")
        with path.open("rb") as file:
            size = path.stat().st_size
            begin, end = 0, size
            headers = {"Accept-Ranges": "bytes", "Cache-Control": "no-cache"}
            if lasting:  # named by its digest, which nobody guesses; the sandboxed page is of another origin
                headers["Cache-Control"] = "private, max-age=31536000, immutable"
                headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            span = _span(self.headers.get("Range"), size)
            if span is not None:
                begin, end = span
                headers["Content-Range"] = f"bytes {begin}-{end - 1}/{size}"
            headers["Content-Length"] = str(end - begin)
            self._head(200 if span is None else 206, kind, headers, policy)
            if self.command == "HEAD":
                return
            file.seek(begin)
            left = end - begin
            while left > 0 and (data := file.read(min(_CHUNK, left))):
                self.wfile.write(data)
                left -= len(data)
            if left:  # it became shorter meanwhile: what was promised can't be kept
                self.close_connection = True

    def _json(self, data: dict[str, Any]) -> None:
        self._send(json.dumps(data, allow_nan=False).encode(), "application/json")

    def _send(self, body: bytes, kind: str, policy: str = _NO_PAGE) -> None:
        self._head(200, kind, {"Content-Length": str(len(body)), "Cache-Control": "no-cache"}, policy)
        if self.command != "HEAD":
            self.wfile.write(body)

    def _refuse(self, status: int, why: str, headers: dict[str, str] | None = None) -> None:
        body = (json.dumps({"error": why}) + "\n").encode()
        self._head(status, "application/json", {"Content-Length": str(len(body)), **(headers or {})})
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: int, kind: str, headers: dict[str, str], policy: str = _NO_PAGE) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", policy)
        for name, value in headers.items():
            self.send_header(name, value)
        self.own_resource_policy = "Cross-Origin-Resource-Policy" in headers
        if self.close_connection and "Connection" not in headers:
            self.send_header("Connection", "close")
        self.end_headers()

    def end_headers(self) -> None:
        """With what every answer carries, the refusals of http.server itself among them."""
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("X-Frame-Options", "DENY")
        self.send_header("Referrer-Policy", "no-referrer")
        if not self.own_resource_policy:
            self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.own_resource_policy = False
        super().end_headers()

    def version_string(self) -> str:
        return f"modellab/{__version__}"

    def log_message(self, format: str, *args: object) -> None:
        """No access log."""


def _span(header: str | None, size: int) -> tuple[int, int] | None:
    """The bytes that a `Range:` asks for, first and one past the last; None for all. Raises Refused beyond the end."""
    found = _RANGE.fullmatch(header or "")
    if found is None or found[0] == "bytes=-":
        return None
    if not found[1]:
        return max(0, size - int(found[2])), size
    begin, end = int(found[1]), int(found[2]) + 1 if found[2] else size
    if begin >= size or end <= begin:
        raise Refused(416, f"of {size} bytes")
    return begin, min(end, size)
