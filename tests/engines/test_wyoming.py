"""The Wyoming protocol against a server in this process: what is sent, what is made of its answers, and its faults."""

from __future__ import annotations

import io
import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from pytest_modellab.engines.base import Clip, DeviceRef, Endpointing, LoadRequest, Remote, Transcript
from pytest_modellab.engines.wyoming import RATE, Wyoming, WyomingOptions
from pytest_modellab.engines.wyoming_events import MOST_DATA, Event, ProtocolError, read, to_bytes

INFO = {"asr": [{"name": "echo", "version": "1", "requires_external_vad": False, "models": [{"name": "numbers"}]}]}


class Server(socketserver.ThreadingTCPServer):
    """Answers `describe`, and hands each event of an utterance to `answer`, which gives what to send back.

    None from `answer` closes the connection.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, answer: Callable[[Event, list[Event]], list[Event | bytes] | None], info: Any = INFO) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer, self.info = answer, info
        self.heard: list[Event] = []

    @property
    def url(self) -> str:
        return "tcp://{}:{}".format(*self.server_address)


class Handler(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        while True:
            try:
                event = read(self.rfile)  # type: ignore[arg-type]
            except OSError:
                return
            if event is None:
                return
            if event.type == "describe":
                self.wfile.write(to_bytes(Event("info", self.server.info)))
                continue
            self.server.heard.append(event)
            answers = self.server.answer(event, self.server.heard)
            if answers is None:
                return
            for each in answers:
                self.wfile.write(each if isinstance(each, bytes) else to_bytes(each))


def seconds(heard: list[Event]) -> float:
    return sum(len(event.payload) for event in heard) / 2 / RATE


def counts(event: Event, heard: list[Event]) -> list[Event | bytes] | None:
    """Says how many seconds it has heard, once the audio is over."""
    return [Event("transcript", {"text": f" {seconds(heard):g} s"})] if event.type == "audio-stop" else []


@contextmanager
def serving(answer: Any = counts, info: Any = INFO) -> Iterator[Server]:
    with Server(answer, info) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def engine(server: Server, **options: Any) -> Wyoming:
    given = {"url": server.url, "connect_timeout_s": 2.0, "answer_timeout_s": 2.0, **options}
    return Wyoming.load(LoadRequest(DeviceRef("cpu"), given, None))


def sound(length_s: float) -> Any:
    return np.full(round(length_s * RATE), 0.5, np.float32)


class TestClips:
    def test_all_is_sent_and_the_answer_taken(self) -> None:
        with serving() as server:
            found = engine(server, model="numbers").transcribe(Clip(sound(0.25), RATE, "en-US"))
        assert found == Transcript("0.25 s")
        kinds = [event.type for event in server.heard]
        assert kinds == ["transcribe", "audio-start", *["audio-chunk"] * 3, "audio-stop"]
        assert server.heard[0].data == {"name": "numbers", "language": "en"}
        assert server.heard[1].data == {"rate": RATE, "width": 2, "channels": 1}
        assert np.frombuffer(server.heard[2].payload, "<i2")[0] == 16384

    def test_what_the_server_says_of_itself_is_told(self) -> None:
        with serving() as server:
            found = engine(server)
        assert found.facts() == {
            "server": "echo",
            "server_version": "1",
            "server_models": "numbers",
            "address": server.url,
        }
        found.synchronize()
        found.close()
        assert found.outside

    def test_a_language_is_of_the_text_where_none_was_asked_for(self) -> None:
        def answer(event: Event, heard: list[Event]) -> list[Event]:
            done = event.type == "audio-stop"
            return [Event("transcript", {"text": "ja", "language": "jw"})] if done else []

        with serving(answer) as server:
            assert engine(server).transcribe(Clip(sound(0.1), RATE)) == Transcript("ja", "jv")
            assert engine(server).transcribe(Clip(sound(0.1), RATE, "de")).language is None
            engine(server, language="fr").transcribe(Clip(sound(0.1), RATE, "de"))
        assert [event.data for event in server.heard if event.type == "transcribe"] == [
            {},
            {"language": "de"},
            {"language": "fr"},
        ]


class TestStreams:
    def test_pieces_of_the_text_are_partials(self) -> None:
        def answer(event: Event, heard: list[Event]) -> list[Event]:
            if event.type == "audio-chunk":
                number = len(heard) - 2
                start = [Event("transcript-start")] if number == 1 else []
                return [*start, Event("transcript-chunk", {"text": f" w{number}"}), Event("ping")]
            return [Event("transcript", {"text": "w1 w2"})] if event.type == "audio-stop" else []

        with serving(answer) as server:
            stream = engine(server).start("en")
            assert isinstance(stream, Endpointing)
            assert isinstance(stream, Remote)
            stream.push(sound(0.2))
            partials: list[Any] = []
            while len(partials) < 2:
                partials += stream.partials()
            assert stream.finish().text == "w1 w2"
            stream.close()
            stream.close()
        assert [partial.text for partial in partials] == ["w1", "w1 w2"]
        assert all(partial.at is not None and not partial.end_of_speech for partial in partials)
        assert (stream.reconnects, stream.waited_s > 0) == (0, True)

    def test_a_transcript_before_the_end_of_the_audio_is_the_end_of_speech(self) -> None:
        def answer(event: Event, heard: list[Event]) -> list[Event]:
            return [Event("transcript", {"text": "that's it"})] if len(heard) == 4 else []

        with serving(answer) as server:
            stream = engine(server).start("en")
            stream.push(sound(0.2))
            while not (partials := stream.partials()):
                pass
            stream.push(sound(0.5))
            assert stream.finish().text == "that's it"
            stream.close()
        assert [(partial.text, partial.end_of_speech) for partial in partials] == [("that's it", True)]
        assert len(server.heard) == 4, "it hears no more"

    def test_a_server_may_be_silent_for_longer_than_it_may_take_to_answer(self) -> None:
        with serving() as server:
            stream = engine(server, answer_timeout_s=0.2).start("en")
            for _ in range(3):
                stream.push(sound(0.1))
                threading.Event().wait(0.2)
            assert stream.finish().text == "0.3 s"
            stream.close()

    def test_without_a_detector_of_its_own_it_finds_no_ends(self) -> None:
        with serving(info={"asr": [{"name": "plain"}]}) as server:
            stream = engine(server).start("en")
            assert not stream.finds_ends
            stream.close()


def at_the_end(*answers: Event | bytes) -> Any:
    return lambda event, heard: list(answers) if event.type == "audio-stop" else []


class TestFaults:
    @pytest.mark.parametrize(
        ("answer", "kind", "said"),
        [
            (at_the_end(Event("error", {"text": "no memory"})), RuntimeError, "the server failed: no memory"),
            (at_the_end(), TimeoutError, "no transcript within 0.3 s"),
            (at_the_end(b'{"type": "transcript", "data_length": 5}\n{"te'), TimeoutError, "no transcript within"),
            (at_the_end(b"no json\n"), ProtocolError, "what is no JSON: b'no json"),
            (at_the_end(b"[1]\n"), ProtocolError, "JSON that is no object"),
            (at_the_end(b'{"data": {}}\n'), ProtocolError, "an event without a type"),
            (at_the_end(b'{"type": "x", "payload_length": -1}\n'), ProtocolError, "a length of -1 bytes"),
            (at_the_end(Event("transcript", {"text": 7})), ProtocolError, "`transcript` without the text `text`"),
            (lambda event, heard: None if event.type == "audio-stop" else [], ConnectionError, "without a transcript"),
            (lambda event, heard: None, ConnectionError, "without a transcript|the connection was lost"),
        ],
    )
    def test_each_is_told_as_what_it_is(self, answer: Any, kind: type[Exception], said: str) -> None:
        with serving(answer) as server, pytest.raises(kind, match=said):
            engine(server, answer_timeout_s=0.3).transcribe(Clip(sound(0.1), RATE))

    @pytest.mark.parametrize(
        ("info", "said"),
        [({}, "recognises no speech"), ({"asr": []}, "recognises no speech"), ({"asr": "x"}, "recognises no speech")],
    )
    def test_a_server_that_recognises_nothing(self, info: Any, said: str) -> None:
        with serving(info=info) as server, pytest.raises(ProtocolError, match=said):
            engine(server)

    def test_a_model_that_the_server_does_not_have(self) -> None:
        with serving() as server, pytest.raises(ValueError, match="has no model `letters`: numbers"):
            engine(server, model="letters")

    def test_where_there_is_no_server_it_says_what_to_do(self) -> None:
        with pytest.raises(ConnectionError, match=r"no server at tcp://127.0.0.1:9: .*wyoming-faster-whisper"):
            Wyoming.load(LoadRequest(DeviceRef("cpu"), {"url": "tcp://127.0.0.1:9"}, None))


class TestEvents:
    def test_data_is_read_in_both_places(self) -> None:
        more = json.dumps({"b": 2}).encode()
        line = json.dumps({"type": "x", "data": {"a": 1}, "data_length": len(more), "payload_length": 3}).encode()
        assert read(io.BytesIO(line + b"\n" + more + b"abc")) == Event("x", {"a": 1, "b": 2}, b"abc")

    def test_what_is_written_is_read(self) -> None:
        for event in (Event("x"), Event("y", {"text": "日"}, b"\n")):
            assert read(io.BytesIO(to_bytes(event))) == event
        assert read(io.BytesIO()) is None

    @pytest.mark.parametrize(
        ("data", "said"),
        [
            (b'{"type": "x"', "broke off in one"),
            (b'{"type": "x", "payload_length": 3}\nab', "broke off in an event"),
            (b'{"type": "x", "payload_length": %d}\n' % (MOST_DATA + 1), "a length of"),
            (b"[" * 60_000 + b"\n", "no JSON"),
            (b"1" * 70_000, "too long"),
        ],
    )
    def test_what_is_none_is_refused(self, data: bytes, said: str) -> None:
        with pytest.raises(ProtocolError, match=said):
            read(io.BytesIO(data))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"url": "http://localhost:1"}, "url must be an address such as tcp://"),
        ({"url": "tcp://localhost"}, "url must be an address such as tcp://"),
        ({"url": "tcp://a:1", "connect_timeout_s": 0}, "connect_timeout_s must be more than 0"),
        ({"url": "tcp://a:1", "answer_timeout_s": 0}, "answer_timeout_s must be more than 0"),
    ],
)
def test_bounds(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        WyomingOptions(**options)
