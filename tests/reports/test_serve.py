"""`modellab serve`: what it shows, and each thing that it refuses, on a real server."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import pytest
from records import record
from serving import ask, serving

from pytest_modellab.cli import main
from pytest_modellab.cli.serve import open_browser
from pytest_modellab.reports.web import guard
from pytest_modellab.reports.web.server import ReportsServer
from pytest_modellab.results import record_files as stored

Output = pytest.CaptureFixture[str]
DIGEST = "ab" + "0" * 62
SOUND = bytes(range(256)) * 10


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """A folder of reports beside a secret."""
    folder = tmp_path / "reports"
    for number in range(3):
        one = record(f"model-{number}")
        origin = one.provenance.model_copy(
            update={"created": f"2026-01-02T03:04:0{number}.000+00:00", "session": f"s{number}"}
        )
        stored.write(one.model_copy(update={"id": f"0000000{number}", "provenance": origin}), folder)
    (folder / "audio" / "ab").mkdir(parents=True)
    (folder / "audio" / "ab" / f"{DIGEST}.flac").write_bytes(SOUND)
    (folder / "scorecard.json").write_text('{"schema": "modellab.scorecard/2"}')
    (tmp_path / "secret.json").write_text("secret")
    return folder


@pytest.fixture
def server(reports: Path) -> Iterator[ReportsServer]:
    with serving(reports) as server:
        yield server


def raw(server: ReportsServer, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


class TestShown:
    def test_health(self, server: ReportsServer) -> None:
        found = ask(server, "/health")
        assert (found.status, found.json()["status"]) == (200, "ok")

    def test_without_a_page_it_says_how_to_get_one(self, server: ReportsServer) -> None:
        found = ask(server, "/")
        assert found.status == 200
        assert b"pytest-modellab[report]" in found.body
        assert "script-src" not in found.headers["Content-Security-Policy"]

    def test_the_scorecards_page(self, server: ReportsServer, reports: Path) -> None:
        (reports / "scorecard.html").write_text("<p>the card</p>")
        for path in ("/", "/scorecard.html"):
            found = ask(server, path)
            assert (found.status, found.body) == (200, b"<p>the card</p>")
            assert "default-src 'none'" in found.headers["Content-Security-Policy"]

    def test_the_scorecard_as_json(self, server: ReportsServer, reports: Path) -> None:
        assert ask(server, "/api/scorecard").json() == {"schema": "modellab.scorecard/2"}
        (reports / "scorecard.json").unlink()
        assert ask(server, "/api/scorecard").status == 404

    def test_records_in_pages_newest_first(self, server: ReportsServer) -> None:
        found = ask(server, "/api/records?limit=2").json()
        assert [each["id"] for each in found["records"]] == ["00000002", "00000001"]
        assert found["more"] is True
        assert found["records"][0]["figures"]["wer"] == 0.1
        found = ask(server, "/api/records?limit=2&offset=2").json()
        assert [each["id"] for each in found["records"]] == ["00000000"]
        assert found["more"] is False

    @pytest.mark.parametrize(
        ("query", "ids"),
        [
            ("case=model-1:*", ["00000001"]),
            ("model=model-1&model=model-2", ["00000002", "00000001"]),
            ("session=s0", ["00000000"]),
            ("commit=bbbb", ["00000002", "00000001", "00000000"]),
            ("commit=cc", []),
            ("task=tts", []),
            ("dataset=talk&device=cpu&task=asr&limit=1", ["00000002"]),
        ],
    )
    def test_records_by_what_they_are_of(self, server: ReportsServer, query: str, ids: list[str]) -> None:
        assert [each["id"] for each in ask(server, f"/api/records?{query}").json()["records"]] == ids

    @pytest.mark.parametrize(
        "query", ["limit=-1", "limit=501", "limit=x", "offset=1e3", "colour=red", "limit=", "a=%ff"]
    )
    def test_a_query_that_means_nothing_is_refused(self, server: ReportsServer, query: str) -> None:
        assert ask(server, f"/api/records?{query}").status == 400

    def test_a_record_is_given_as_it_was_written(self, server: ReportsServer, reports: Path) -> None:
        (path,) = reports.glob("runs/*/*/*-00000001.json")
        assert ask(server, "/api/records/00000001").body == path.read_bytes()
        assert ask(server, "/api/records/0000000f").status == 404
        assert ask(server, "/api/records/0000000*").status == 404

    def test_a_damaged_one_is_told(self, server: ReportsServer, reports: Path) -> None:
        (path,) = reports.glob("runs/*/*/*-00000001.json")
        path.write_text(path.read_text().replace("one two", "one too"))
        found = ask(server, "/api/records/00000001")
        assert found.status == 500
        assert found.json()["error"].startswith("runs/model-1/asr/")
        path.write_text("{")
        found = ask(server, "/api/records")
        assert len(found.json()["records"]) == 2
        assert found.json()["damaged"][0].startswith("runs/model-1/asr/")

    def test_a_records_file_lies_where_the_scorecard_names_it(self, server: ReportsServer, reports: Path) -> None:
        (path,) = reports.glob("runs/*/*/*-00000001.json")
        assert ask(server, f"/{path.relative_to(reports).as_posix()}").body == path.read_bytes()

    def test_sound_and_parts_of_it(self, server: ReportsServer) -> None:
        path = f"/audio/ab/{DIGEST}.flac"
        found = ask(server, path)
        assert (found.body, found.headers["Content-Type"]) == (SOUND, "audio/flac")
        found = ask(server, path, headers={"Range": "bytes=100-199"})
        assert (found.status, found.body) == (206, SOUND[100:200])
        assert found.headers["Content-Range"] == f"bytes 100-199/{len(SOUND)}"
        assert ask(server, path, headers={"Range": "bytes=-10"}).body == SOUND[-10:]
        assert ask(server, path, headers={"Range": "bytes=2500-"}).body == SOUND[2500:]
        assert ask(server, path, headers={"Range": "bytes=9999-"}).status == 416
        assert ask(server, path, headers={"Range": "lines=1-2"}).body == SOUND

    @pytest.mark.parametrize("path", ["/", "/health", "/api/records", "/api/scorecard", f"/audio/ab/{DIGEST}.flac"])
    def test_head_is_get_without_the_body(self, server: ReportsServer, path: str) -> None:
        got, head = ask(server, path), ask(server, path, "HEAD")
        assert (head.status, head.body) == (got.status, b"")
        assert head.headers["Content-Length"] == str(len(got.body))


class TestRefused:
    @pytest.mark.parametrize(
        "path",
        [
            "/../secret.json",
            "/audio/../../secret.json",
            "/%2e%2e/secret.json",
            "/..%2fsecret.json",
            "/%2e%2e%2fsecret.json",
            "/%252e%252e/secret.json",
            "/..%5csecret.json",
            "//secret.json",
            "/./scorecard.json",
            "/scorecard.json%00.html",
            "/scorecard.json%0d%0aX-Other:1",
            "/audio/ab/../../scorecard.json",
            f"/audio/cd/{DIGEST}.flac",
            f"/audio/ab/{DIGEST.upper()}.flac",
            "/%ff",
            "/%C2%AF",
            "http://127.0.0.1/scorecard.json",
            "scorecard.json",
        ],
    )
    def test_paths_that_lead_elsewhere(self, server: ReportsServer, path: str) -> None:
        found = ask(server, path)
        assert found.status == 404
        assert b"secret" not in found.body

    @pytest.mark.parametrize(
        "path", ["/audio", "/audio/", "/audio/ab", "/audio/ab/", "/runs", "/sessions", "/api", "/api/"]
    )
    def test_folders_are_not_listed(self, server: ReportsServer, path: str) -> None:
        assert ask(server, path).status == 404

    @pytest.mark.parametrize("path", ["/baselines/asr/a.jsonl", "/runs/model-1/asr/x.json", "/sessions/s/plan.json"])
    def test_what_is_no_page_of_it(self, server: ReportsServer, reports: Path, path: str) -> None:
        file = reports / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{}")
        assert ask(server, path).status == 404

    def test_links_that_lead_out(self, server: ReportsServer, reports: Path) -> None:
        other = "ab" + "1" * 62
        (reports / "audio" / "ab" / f"{other}.flac").symlink_to(reports.parent / "secret.json")
        (reports / "audio" / "cd").symlink_to(reports.parent)
        (reports / "scorecard.html").symlink_to(reports.parent / "secret.json")
        (reports / "scorecard.json").unlink()
        (reports / "scorecard.json").symlink_to("../secret.json")
        (reports / "runs" / "linked").symlink_to(reports.parent / "elsewhere")
        stored.write(record("far").model_copy(update={"id": "fffffff0"}), reports.parent / "outside")
        (reports / "runs" / "far").symlink_to(reports.parent / "outside" / "runs" / "far")
        for path in (f"/audio/ab/{other}.flac", "/scorecard.html", "/scorecard.json", "/api/scorecard"):
            assert ask(server, path).status == 404
        assert b"secret" not in ask(server, "/").body
        assert ask(server, "/api/records/fffffff0").status == 404
        assert len(ask(server, "/api/records").json()["records"]) == 3

    def test_links_within_are_followed(self, server: ReportsServer, reports: Path) -> None:
        (reports / "scorecard.html").symlink_to(reports / "scorecard.json")
        assert ask(server, "/").body.startswith(b"{")

    @pytest.mark.parametrize(
        "host",
        ["example.org", "127.0.0.1.example.org", "localhost.example.org", "10.0.0.1", "evil@127.0.0.1", "", "[::2]:1"],
    )
    def test_other_hosts(self, server: ReportsServer, host: str) -> None:
        for path in ("/health", "/api/records", "/api/progress", f"/audio/ab/{DIGEST}.flac"):
            assert ask(server, path, headers={"Host": host}).status == 421

    @pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:9", "[::1]:8000", "LOCALHOST"])
    def test_names_of_this_machine_will_do(self, server: ReportsServer, host: str) -> None:
        assert ask(server, "/health", headers={"Host": host}).status == 200

    def test_no_host_or_two(self, server: ReportsServer) -> None:
        assert b" 421 " in raw(server, b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert b" 421 " in raw(server, b"GET /health HTTP/1.0\r\n\r\n")
        two = b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: example.org\r\nConnection: close\r\n\r\n"
        assert b" 421 " in raw(server, two)

    @pytest.mark.parametrize(
        "method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get"]
    )
    def test_other_methods(self, server: ReportsServer, reports: Path, method: str) -> None:
        found = ask(server, "/api/records/00000001", method, body="x" if method == "POST" else None)
        assert (found.status, found.headers["Allow"]) == (405, "GET, HEAD")
        assert len(list(reports.glob("runs/*/*/*.json"))) == 3

    def test_a_request_with_a_body(self, server: ReportsServer) -> None:
        inner = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
        outer = f"GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(inner)}\r\n\r\n"
        smuggled = outer.encode() + inner
        found = raw(server, smuggled)
        assert found.count(b"HTTP/1.1 ") == 1
        assert b" 400 " in found

    @pytest.mark.parametrize("request_line", [b"nonsense", b"GET / HTTP/9.9", b"GET /" + b"a" * 70_000 + b" HTTP/1.1"])
    def test_what_is_no_request(self, server: ReportsServer, request_line: bytes) -> None:
        found = raw(server, request_line + b"\r\nHost: localhost\r\n\r\n")
        assert b"Traceback" not in found
        assert ask(server, "/health").status == 200

    @pytest.mark.parametrize("path", ["/", "/health", "/none", "/api/records", "/api/records?limit=x", "/api/progress"])
    def test_every_answer_carries_the_headers(self, server: ReportsServer, path: str) -> None:
        for method, host in (("HEAD", "localhost"), ("HEAD", "example.org"), ("POST", "localhost")):
            headers = ask(server, path, method, {"Host": host}).headers
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Content-Security-Policy"].startswith("default-src 'none'")
            assert headers["X-Frame-Options"] == "DENY"
            assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert "Access-Control-Allow-Origin" not in headers
            assert "Python" not in headers["Server"]

    def test_where_it_is_exposed_addresses_will_do_but_no_names(self, reports: Path) -> None:
        with serving(reports, exposed=True) as server:
            assert ask(server, "/health", headers={"Host": "192.0.2.7:8000"}).status == 200
            assert ask(server, "/health", headers={"Host": "example.org"}).status == 421

    def test_an_address_that_others_can_reach_has_to_be_meant(self, reports: Path, capsys: Output) -> None:
        for host in ("0.0.0.0", "::", "192.0.2.7", "example.org"):
            with pytest.raises(ValueError, match="not a loopback address"):
                ReportsServer(reports, host, 0)
            assert main(["serve", "--host", host, "--reports", str(reports)]) == 2
            assert "--exposed" in capsys.readouterr().err

    def test_a_port_that_is_taken_and_a_folder_that_is_not_there(
        self, server: ReportsServer, reports: Path, capsys: Output
    ) -> None:
        port = str(server.server_address[1])
        assert main(["serve", "--port", port, "--reports", str(reports)]) == 2
        assert "--port 0 takes any" in capsys.readouterr().err
        assert main(["serve", "--port", "99999", "--reports", str(reports)]) == 2
        assert main(["serve", "--reports", str(reports / "none")]) == 2

    @pytest.mark.parametrize(
        ("host", "own"),
        [
            ("127.0.0.1", True),
            ("127.8.9.1", True),
            ("::1", True),
            ("localhost", True),
            ("0.0.0.0", False),
            ("a", False),
        ],
    )
    def test_loopback(self, host: str, own: bool) -> None:
        assert guard.is_loopback(host) is own


class TestCommand:
    def test_it_serves_until_interrupted(self, reports: Path) -> None:
        command = [sys.executable, "-m", "pytest_modellab.cli", "serve", "--port", "0", "--reports", str(reports)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        line = process.stdout.readline()
        port = int(line.partition("http://127.0.0.1:")[2].partition("/")[0])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/health")
        assert connection.getresponse().status == 200
        follower = socket.create_connection(("127.0.0.1", port))
        follower.sendall(b"GET /api/progress HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert follower.recv(12) == b"HTTP/1.1 200"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert "ended" in process.stdout.read()
        follower.close()

    def test_a_browser_of_windows_is_opened_and_one_of_text_is_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        opened = []

        class Windows(webbrowser.BaseBrowser):
            def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
                opened.append(url)
                return True

        monkeypatch.setattr(webbrowser, "get", Windows)
        assert open_browser("http://127.0.0.1:8000/")
        monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.GenericBrowser("lynx"))
        assert not open_browser("http://127.0.0.1:8000/")

        def none() -> None:
            raise webbrowser.Error("none")

        monkeypatch.setattr(webbrowser, "get", none)
        assert not open_browser("http://127.0.0.1:8000/")
        assert opened == ["http://127.0.0.1:8000/"]
