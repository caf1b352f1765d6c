"""What `modellab serve` tells of running sessions, event by event."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import labsessions
import pytest
from labsessions import LabSessions
from serving import ask, serving

from pytest_modellab.plugin.scorecard import finish
from pytest_modellab.plugin.session import LabSession
from pytest_modellab.reports.web.progress import Watch
from pytest_modellab.reports.web.server import MOST_STREAMS


def events(connection: http.client.HTTPConnection) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a stream tells, as it comes."""
    connection.request("GET", "/api/progress")
    stream = connection.getresponse()
    assert stream.headers["Content-Type"] == "text/event-stream"
    name = ""
    while line := stream.readline().decode().rstrip("\n") or (stream.closed and "end") or " ":
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))
        elif line == "end":
            return


def test_a_running_session_is_followed_to_its_end(sessions: LabSessions, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions.texts = [f"text {i}" for i in range(8)]
    sessions.ready(delay_s=0.3)
    reports = sessions.reports
    reports.mkdir()
    ended: list[int] = []

    def unhurried(lab: LabSession, status: int) -> int:
        # The folder goes when the session ends: on a busy machine before anybody has looked at the last answer.
        time.sleep(3)
        return finish(lab, status)

    monkeypatch.setattr(labsessions, "finish", unhurried)
    session = threading.Thread(target=lambda: ended.append(sessions.session()))
    with serving(reports) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=60)
        session.start()
        seen = []
        for name, data in events(connection):
            seen.append((name, data))
            if name == "ended":
                break
        connection.close()
        session.join(60)
        assert ended == [0]
        after = ask(server, "/api/scorecard").json()
    assert seen.pop(0) == ("standing", {"sessions": []})
    (one,) = {data["session"] for _, data in seen}
    assert one == after["session"]
    plans = [data["cases"] for name, data in seen if name == "session"]
    assert plans[-1] == ["asr/fake:cpu:clips"]
    steps = [data for name, data in seen if name == "progress"]
    done = [step["done"] for step in steps]
    assert done == sorted(done)
    assert len(set(done)) > 2
    assert (steps[-1]["case"], steps[-1]["done"], steps[-1]["total"]) == ("fake:cpu:clips", 8, 8)
    assert steps[-1]["error_rate"] == 0


def test_a_folder_that_is_half_removed_is_no_session_without_cases(tmp_path: Path) -> None:
    folder = tmp_path / "sessions" / "s"
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text('["asr/a:cpu:b"]')
    watch = Watch(tmp_path)
    assert [name for name, _ in watch.look()] == ["session"]
    (folder / "plan.json").unlink()
    assert list(watch.look()) == []
    folder.rmdir()
    assert list(watch.look()) == [("ended", {"session": "s"})]


def test_events_are_of_what_is_new(tmp_path: Path) -> None:
    folder = tmp_path / "sessions" / "s"
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text('["asr/a:cpu:b"]')
    journal = folder / "asr~a~cpu~b.jsonl"
    rows: list[dict[str, object]] = [{"key": "k", "case": "a:cpu:b", "utterances": 9, "spaced": False}]
    rows.append({"utterance": "u1", "errors": 1, "words": 4})
    journal.write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"utter')
    watch = Watch(tmp_path)
    (opened, step) = list(watch.look())
    assert opened == ("session", {"session": "s", "cases": ["asr/a:cpu:b"], "quiet_s": opened[1]["quiet_s"]})
    assert step[1] == {
        **{"session": "s", "case": "a:cpu:b", "key": "asr/a:cpu:b", "done": 1, "timed": 0, "total": 9},
        **{"error_rate": 0.25, "metric": "cer", "left_s": None},
    }
    assert list(watch.look()) == []
    with journal.open("a") as file:
        file.write('ance": "u2", "errors": 0, "words": 1}\nnonsense\n[]\n{"timed": "u1", "seconds": 1}\n')
    ((name, data),) = watch.look()
    assert (name, data["done"], data["timed"], data["error_rate"]) == ("progress", 2, 1, 0.2)
    other = folder / "other"
    other.write_text(json.dumps(rows[0]) + "\n")
    other.replace(journal)
    assert [data["done"] for _, data in watch.look()] == [0]
    note = {"case": "asr/a:cpu:b", "record": "/x/y.json", "unavailable": None, "broken": None}
    (folder / "a.outcome").write_text(json.dumps(note))
    (folder / "b.outcome").write_text("{")
    assert list(watch.look()) == [("outcome", {"session": "s", **note, "record": "y.json", "unchanged_since": None})]
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert list(watch.look()) == [("ended", {"session": "s"})]


def test_only_so_many_follow_at_once(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        followers = [socket.create_connection(("127.0.0.1", server.server_address[1])) for _ in range(MOST_STREAMS)]
        for follower in followers:
            follower.sendall(b"GET /api/progress HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert follower.recv(12) == b"HTTP/1.1 200"
        assert ask(server, "/api/progress").status == 503
        assert ask(server, "/health").status == 200
        for follower in followers:
            follower.close()
