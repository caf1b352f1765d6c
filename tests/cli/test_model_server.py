"""The server of models: every route asked by this package's own client, by the official one, and wrongly."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any, ClassVar

import httpx2
import numpy as np
import openai
import pytest
from modellab_fake_stream import FakeStream, FakeStreamOptions, sound

from pytest_modellab.cli.model_server.server import ModelServer
from pytest_modellab.engines.base import Clip, DeviceRef, Heard, LoadRequest, Speech, Transcript, Turn
from pytest_modellab.engines.openai_audio import OpenAiAudio
from pytest_modellab.engines.openai_client import ServerError
from pytest_modellab.engines.pcm import encoded, wav
from pytest_modellab.tasks.streaming import handler as streaming_handler

RATE = 16_000
TONE = (np.sin(np.arange(RATE) / 9) / 2).astype(np.float32)


class FakeSpeaker:
    """A model that says what it is told in tones, and what it was told in a dialogue."""

    tasks: ClassVar[frozenset[str]] = frozenset({"asr", "tts", "chat"})
    rate: ClassVar[int] = RATE
    hears: ClassVar[bool] = True
    speaks: ClassVar[bool] = True

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.closed = 0

    def transcribe(self, clip: Clip) -> Transcript:
        if len(clip.samples) < 100:
            raise RuntimeError("told to fail")
        return Transcript(f"{len(clip.samples)} in {clip.language}", "en")

    def synthesize(self, text: str, language: str | None) -> Iterator[Speech]:
        try:
            if text == "fail":
                raise RuntimeError("told to fail")
            for _ in text.split():
                yield Speech(TONE[:8000], RATE)
        finally:
            self.closed += 1

    def respond(self, turn: Turn) -> Iterator[str | Speech | Heard]:
        self.turns.append(turn)
        yield Heard("hello")
        yield "Good "
        yield Speech(TONE[:8000], RATE)
        if turn.text == "fail":
            raise RuntimeError("told to fail")
        yield "day."

    def synchronize(self) -> None: ...

    def close(self) -> None: ...


@pytest.fixture(scope="module")
def speaker() -> FakeSpeaker:
    return FakeSpeaker()


@pytest.fixture(scope="module")
def server(speaker: FakeSpeaker) -> Iterator[ModelServer]:
    numbers = FakeStream(FakeStreamOptions(ends_at_s=0.5))
    with ModelServer({"speaker": speaker, "numbers": numbers}) as serving:
        yield serving


def client(server: ModelServer, model: str = "speaker", **options: Any) -> OpenAiAudio:
    return OpenAiAudio.load(LoadRequest(DeviceRef("cpu"), {"url": server.url, "model": model, **options}, None))


@pytest.fixture
def official(server: ModelServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="none", base_url=server.url, max_retries=0) as found:
        yield found


class TestOwnClient:
    def test_recognition(self, server: ModelServer) -> None:
        for stream in (False, True):
            engine = client(server, stream=stream)
            assert engine.transcribe(Clip(TONE, RATE, "en")).text == "16000 in en"
            assert engine.facts()["models"] == "speaker, numbers"
            assert str(engine.facts()["x-server-version"]).startswith("modellab ")
        detecting = client(server, language="auto", response_format="verbose_json")
        assert detecting.transcribe(Clip(TONE, RATE, None)) == Transcript("16000 in None", "en")

    @pytest.mark.parametrize("format", ["pcm", "wav"])
    def test_synthesis(self, server: ModelServer, format: str) -> None:
        pieces = [*client(server, speech_format=format).synthesize("one two", "en")]
        seconds = sum(len(piece.samples) / piece.rate for piece in pieces)
        assert seconds == pytest.approx(1.0, abs=0.001)

    def test_dialogue(self, server: ModelServer, speaker: FakeSpeaker) -> None:
        pieces = [*client(server).respond(Turn(Clip(TONE, RATE), None))]
        assert "".join(piece for piece in pieces if isinstance(piece, str)) == "Good day."
        spoken = [piece for piece in pieces if isinstance(piece, Speech)]
        assert sum(len(piece.samples) / piece.rate for piece in spoken) == pytest.approx(0.5, abs=0.001)
        heard = speaker.turns[-1].clip
        assert heard is not None
        assert np.abs(heard.samples - TONE).max() < 1e-4

    def test_streams(self, server: ModelServer) -> None:
        engine = client(server, "numbers", turn_detection=False)
        samples = sound([3, 3, 3, 3, 3, 3])
        message = {"rate": RATE, "language": "en", "chunk_s": 0.1, "pace": None, "offline": False, "endpoint_s": None}
        reply, _ = streaming_handler.answer(engine, message, samples.astype("<f4").tobytes())
        assert reply["text"].split() == ["3"] * 6

    def test_a_stream_whose_end_the_server_finds(self, server: ModelServer) -> None:
        engine = client(server, "numbers")
        message = {"rate": RATE, "language": "en", "chunk_s": 0.1, "pace": 4.0, "offline": False, "endpoint_s": 2.0}
        samples = sound([3, 3, 3])
        reply, _ = streaming_handler.answer(engine, message, samples.astype("<f4").tobytes())
        assert reply["endpoint"]["at_s"] is not None
        assert reply["endpoint"]["text"].startswith("3 3 3")

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda engine: engine.transcribe(Clip(TONE[:50], RATE, "en")), "answers 500: RuntimeError: told to fail"),
            (lambda engine: list(engine.respond(Turn(None, "hello"))), "answers 400: .*as `input_audio`"),
        ],
    )
    def test_what_a_model_fails_on_is_told(self, server: ModelServer, call: Any, message: str) -> None:
        with pytest.raises(Exception, match=message):
            call(client(server))

    def test_a_model_that_is_not_there(self, server: ModelServer) -> None:
        with pytest.raises(ServerError, match=r"404: no model 'other': choose from speaker, numbers"):
            client(server, "other").transcribe(Clip(TONE, RATE, "en"))
        with pytest.raises(ServerError, match=r"numbers does not do `tts`, only asr, streaming"):
            list(client(server, "numbers").synthesize("one", "en"))


class TestOfficialClient:
    def test_models(self, official: openai.OpenAI) -> None:
        assert [each.id for each in official.models.list()] == ["speaker", "numbers"]

    def test_recognition(self, official: openai.OpenAI) -> None:
        file = ("clip.wav", wav(Clip(TONE, RATE)))
        found = official.audio.transcriptions.create(model="speaker", file=file, language="en")
        assert found.text == "16000 in en"
        whole = official.audio.transcriptions.create(model="speaker", file=file, response_format="verbose_json")
        assert (whole.language, whole.duration) == ("en", 1.0)
        events = official.audio.transcriptions.create(model="speaker", file=file, stream=True)
        assert [each.type for each in events] == ["transcript.text.delta", "transcript.text.done"]

    def test_synthesis(self, official: openai.OpenAI) -> None:
        with official.audio.speech.with_streaming_response.create(
            model="speaker", voice="alloy", input="one two", response_format="pcm"
        ) as response:
            assert len(response.read()) == pytest.approx(48_000, abs=50)

    def test_dialogue(self, official: openai.OpenAI) -> None:
        data = base64.b64encode(wav(Clip(TONE, RATE))).decode()
        said: Any = {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}
        found = official.chat.completions.create(
            model="speaker",
            messages=[{"role": "user", "content": [said]}],
            modalities=["text", "audio"],
            audio={"voice": "alloy", "format": "pcm16"},
        )
        message = found.choices[0].message
        assert message.content == "Good day."
        pieces = official.chat.completions.create(
            model="speaker", messages=[{"role": "user", "content": [said]}], stream=True
        )
        assert "".join(each.choices[0].delta.content or "" for each in pieces) == "Good day."

    def test_streams(self, official: openai.OpenAI) -> None:
        with official.realtime.connect(extra_query={"intent": "transcription"}) as connection:
            transcription: Any = {"model": "numbers", "language": "en"}
            given: Any = {"transcription": transcription, "turn_detection": None}
            connection.session.update(session={"type": "transcription", "audio": {"input": given}})
            upsampled = np.repeat(sound([3, 3, 3, 3]), 3)[::2]
            connection.input_audio_buffer.append(audio=base64.b64encode(encoded(upsampled)).decode())
            connection.input_audio_buffer.commit()
            kinds = []
            for event in connection:
                kinds.append(event.type)
                if event.type == "conversation.item.input_audio_transcription.completed":
                    assert event.transcript.split() == ["3"] * 4
                    break
        assert kinds[:2] == ["session.created", "session.updated"]
        assert "input_audio_buffer.committed" in kinds


class TestWrongRequests:
    @pytest.mark.parametrize(
        ("path", "content", "state", "message"),
        [
            ("audio/speech", {"content": b"{"}, 400, "the body must be JSON"),
            ("audio/speech", {"json": {"model": "speaker"}}, 400, "`input` must be the text"),
            ("audio/speech", {"json": {"model": "speaker", "input": "a", "response_format": "mp3"}}, 400, "pcm, wav"),
            ("audio/speech", {"json": {"model": "speaker", "input": "fail"}}, 500, "told to fail"),
            (
                "audio/speech",
                {"json": {"model": "speaker", "input": "fail", "response_format": "pcm"}},
                500,
                "told to fail",
            ),
            ("audio/transcriptions", {"data": {"model": "speaker"}}, 400, "`file` must be the recording"),
            (
                "audio/transcriptions",
                {"data": {"model": "speaker"}, "files": {"file": ("a.wav", b"no sound")}},
                400,
                "a.wav",
            ),
            (
                "audio/transcriptions",
                {"data": {"response_format": "srt"}, "files": {"file": ("a.wav", b"")}},
                400,
                "json, verbose_json, text",
            ),
            ("chat/completions", {"content": b"{"}, 400, "the body must be JSON"),
            ("chat/completions", {"json": {"model": "speaker"}}, 400, "`messages` must be a list"),
            ("chat/completions", {"json": {"model": "speaker", "messages": []}}, 400, "the last .* must be the user's"),
            ("chat/completions", {"json": {"model": "speaker", "messages": [{"role": "x"}]}}, 400, "in turn"),
            (
                "chat/completions",
                {"json": {"model": "speaker", "messages": [{"role": "user", "content": 1}]}},
                400,
                "must be text, or parts",
            ),
            ("no/such/route", {"json": {}}, 404, "Not Found"),
        ],
    )
    def test_they_are_refused_with_a_reason(
        self, server: ModelServer, path: str, content: dict[str, Any], state: int, message: str
    ) -> None:
        answer = httpx2.post(f"{server.url}/{path}", **content)
        assert answer.status_code == state
        assert re.search(message, answer.json()["error"]["message"])

    def test_other_hosts_and_pages_are_refused(self, server: ModelServer) -> None:
        for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
            assert httpx2.get(f"{server.url}/models", headers=headers).status_code == 421

    @pytest.mark.parametrize(
        ("events", "message"),
        [
            (["junk"], "can't be understood"),
            ([{"no": "type"}], "can't be understood"),
            ([{"type": "input_audio_buffer.append", "audio": "AAAA"}], "`session.update` with a model comes first"),
            ([{"type": "response.create"}], "an event of type 'response.create'"),
            (
                [{"type": "session.update", "session": {"audio": {"input": {"transcription": {"model": "x"}}}}}],
                "no model 'x'",
            ),
        ],
    )
    def test_events_that_are_none(self, server: ModelServer, events: list[Any], message: str) -> None:
        from websockets.sync.client import connect

        with connect(f"ws{server.url[4:]}/realtime") as socket:
            assert json.loads(socket.recv())["type"] == "session.created"
            for event in events:
                socket.send(event if isinstance(event, str) else json.dumps(event))
            told = json.loads(socket.recv())
        assert told["type"] == "error"
        assert message in told["error"]["message"]


def test_a_listener_that_leaves_ends_the_speech(server: ModelServer, speaker: FakeSpeaker) -> None:
    engine = client(server)
    pieces = engine.synthesize(" ".join(["word"] * 500), "en")
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]  # it is a generator
    assert engine.transcribe(Clip(TONE, RATE, "en")).text == "16000 in en"
    assert speaker.closed
