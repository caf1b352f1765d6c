"""A web server on 127.0.0.1 that remembers what it was asked: a hub, a package index, a data set's home."""

import base64
import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pytest_modellab.assets.store import web

REVISION = "a" * 40


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Page:
    """What the server answers at one path."""

    body: bytes
    kind: str = "application/octet-stream"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    password: str | None = None
    seconds: float = 0.0
    cut_at: int | None = None
    """Where the connection breaks off."""


class Site:
    """A web server that remembers what it was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.asked: list[tuple[str, str]] = []
        self.ranges: list[str] = []
        """What was asked for of a page in part, and given."""
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.do_GET()

            def do_GET(self) -> None:
                site.asked.append((self.command, self.path))
                page = site.pages.get(self.path, Page(b"no such page", "text/plain", 404))
                time.sleep(page.seconds)
                secret = page.password and "Basic " + base64.b64encode(page.password.encode()).decode()
                if secret and self.headers.get("Authorization") != secret:
                    page = Page(b"who are you?", "text/plain", 401)
                body, begin = page.body, 0
                asked, etag = self.headers.get("Range"), page.headers.get("ETag")
                if asked and etag and self.headers.get("If-Range") == etag:
                    begin = int(asked.removeprefix("bytes=").removesuffix("-"))
                    site.ranges.append(asked)
                self.send_response(206 if begin else page.status)
                for name, value in {"Content-Type": page.kind, **page.headers}.items():
                    self.send_header(name, value)
                if begin:
                    self.send_header("Content-Range", f"bytes {begin}-{len(body) - 1}/{len(body)}")
                if "Content-Length" not in page.headers:
                    self.send_header("Content-Length", str(len(body) - begin))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body[begin : page.cut_at])

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_address[1]}"
        self.url = f"http://{self.host}"
        # Of another server, which had this port before, the process may know that it doesn't answer.
        web._verdicts.pop(web.origin(self.url), None)

    def hold(
        self, filename: str, data: bytes, seconds: float = 0.0, repo: str = "lab/model", revision: str = REVISION
    ) -> None:
        """Make this a hub whose repository holds the file; `datasets/owner/name` for a data set."""
        headers = {"ETag": f'"{sha256(data)}"', "X-Repo-Commit": REVISION}
        self.pages[f"/{repo}/resolve/{revision}/{filename}"] = Page(data, headers=headers, seconds=seconds)

    def list_files(self, project: str, files: dict[str, bytes], password: str | None = None) -> None:
        """Make this a package index whose project has the files."""
        links = []
        for name, data in files.items():
            self.pages[f"/files/{name}"] = Page(data, password=password)
            links.append(f'<a href="../../files/{name}#sha256={sha256(data)}">{name}</a>')
        page = f"<!DOCTYPE html><html><body>{'<br>'.join(links)}</body></html>"
        self.pages[f"/simple/{project}/"] = Page(page.encode(), "text/html; charset=utf-8", password=password)

    def gets(self, path: str) -> int:
        return self.asked.count(("GET", path))


@contextmanager
def serving() -> Iterator[Site]:
    site = Site()
    thread = threading.Thread(target=site.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield site
    site.server.shutdown()
    site.server.server_close()
    thread.join()
