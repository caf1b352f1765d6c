"""The client of OpenAI's realtime interface, against a server that says what it is told."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from websockets.sync.server import serve

from pytest_modellab.engines.base import Partial
from pytest_modellab.engines.openai_client import AnswerTimeout, BadAnswer, ConnectionLost, OpenAiClient, ServerError
from pytest_modellab.engines.openai_options import OpenAiOptions
from pytest_modellab.engines.openai_realtime import RealtimeStream

RATE = 16_000
TONE = (np.sin(np.arange(RATE) / 9) / 2).astype(np.float32)
KINDS = ("delta", "completed", "failed")
DELTA, COMPLETED, FAILED = (f"conversation.item.input_audio_transcription.{each}" for each in KINDS)


def committed(item: str) -> dict[str, Any]:
    return {"type": "input_audio_buffer.committed", "item_id": item}


def delta(item: str, text: str) -> dict[str, Any]:
    return {"type": DELTA, "item_id": item, "delta": text}


def completed(item: str, text: str) -> dict[str, Any]:
    return {"type": COMPLETED, "item_id": item, "transcript": text}


class Server:
    """It says `early` once half a second was sent, and `late` at the commit; what it gets is kept."""

    def __init__(self, early: list[Any], late: list[Any], close: bool = False) -> None:
        self.early, self.late, self.close = early, late, close
        self.got: list[dict[str, Any]] = []
        self.samples = 0
        self.headers: dict[str, str] = {}
        self.path = ""

    def __call__(self, socket: Any) -> None:
        self.headers = dict(socket.request.headers)
        self.path = socket.request.path
        for raw in socket:
            event = json.loads(raw)
            self.got.append(event)
            if event["type"] == "input_audio_buffer.append":
                self.samples += len(base64.b64decode(event["audio"])) // 2
            told: list[Any] = []
            if self.samples >= 12_000:
                told, self.early = self.early, []
            if event["type"] == "input_audio_buffer.commit":
                told = self.late
            for each in told:
                socket.send(each if isinstance(each, str) else json.dumps(each))
            if told and self.close:
                return


@contextmanager
def streaming(server: Callable[[Any], None], **options: Any) -> Iterator[RealtimeStream]:
    with serve(server, "127.0.0.1", 0) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{listening.socket.getsockname()[1]}/v1"
        given = OpenAiOptions(url=url, model="tiny", **options)
        client = OpenAiClient(given)
        stream = RealtimeStream(given, client, "en", RATE)
        try:
            yield stream
        finally:
            stream.close()
            client.close()
            listening.shutdown()


def partials(stream: RealtimeStream, count: int) -> list[Partial]:
    found: list[Partial] = []
    for _ in range(200):
        found += stream.partials()
        if len(found) >= count:
            return found
        threading.Event().wait(0.02)
    return found


def test_items_are_put_together_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "sk-1")
    server = Server(
        [delta("a", "one"), delta("a", " fine"), committed("a"), completed("a", "One fine day.")],
        [delta("b", "And"), committed("b"), completed("b", "And one more.")],
    )
    with streaming(server, api_key_env="SOME_KEY") as stream:
        assert stream.finds_ends
        for chunk in np.split(TONE, 4):
            stream.push(chunk)
        early = partials(stream, 3)
        assert [(each.text, each.end_of_speech) for each in early] == [
            ("one", False),
            ("one fine", False),
            ("One fine day.", True),
        ]
        assert all(each.at is not None for each in early)
        assert stream.finish().text == "One fine day. And one more."
        assert not any(each.end_of_speech for each in stream.partials())
    assert server.headers["authorization"] == "Bearer sk-1"
    assert server.path == "/v1/realtime?intent=transcription"
    # A second of sound at the interface's rate.
    assert server.samples == pytest.approx(24_000, abs=2)
    asked = server.got[0]["session"]["audio"]["input"]
    assert asked["transcription"] == {"model": "tiny", "language": "en"}
    assert asked["turn_detection"] == {"type": "server_vad"}


def test_nothing_left_to_commit_is_no_fault() -> None:
    empty = {"type": "error", "error": {"code": "input_audio_buffer_commit_empty", "message": "too small"}}
    with streaming(Server([committed("a"), completed("a", "One.")], [empty])) as stream:
        stream.push(TONE)
        partials(stream, 1)
        assert stream.finish().text == "One."


def test_without_a_detector_the_server_finds_no_ends() -> None:
    server = Server([], [committed("a"), completed("a", "One.")])
    with streaming(server, turn_detection=False) as stream:
        stream.push(TONE)
        assert not stream.finds_ends
        assert stream.finish().text == "One."
    assert server.got[0]["session"]["audio"]["input"]["turn_detection"] is None


@pytest.mark.parametrize(
    ("late", "error", "message"),
    [
        ([{"type": "error", "error": {"message": "no such model"}}], ServerError, "says: no such model"),
        (
            [{"type": FAILED, "error": {"message": "too loud"}}],
            ServerError,
            "too loud",
        ),
        (["junk"], BadAnswer, "sent no event: 'junk'"),
        ([[]], BadAnswer, "sent no event"),
        ([committed("a")], AnswerTimeout, r"has said nothing for 0.3 s since the end .*`answer_timeout_s`"),
        ([], AnswerTimeout, "has said nothing"),
    ],
)
def test_what_goes_wrong_is_told(late: list[Any], error: type[Exception], message: str) -> None:
    with streaming(Server([], late), answer_timeout_s=0.3) as stream:
        stream.push(TONE)
        with pytest.raises(error, match=message):
            stream.finish()


def test_a_connection_that_ends_is_lost() -> None:
    with streaming(Server([], [committed("a")], close=True)) as stream:
        stream.push(TONE)
        with pytest.raises(ConnectionLost, match=r"closed the connection|was lost"):
            stream.finish()


def test_no_server_is_told() -> None:
    options = OpenAiOptions(url="http://127.0.0.1:9/v1", model="tiny")
    with pytest.raises(ConnectionLost, match=r"the connection to http://127.0.0.1:9/v1/realtime failed"):
        RealtimeStream(options, OpenAiClient(options), None, RATE)
