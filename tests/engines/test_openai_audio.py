"""The client of OpenAI's interface: what it sends, what it takes for an answer, what it says of each fault."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from faulty_openai import FaultyOpenAi, Told

from pytest_modellab.engines.base import Clip, DeviceRef, Exchange, LoadRequest, Speech, TryAgain, Turn
from pytest_modellab.engines.openai_audio import OpenAiAudio
from pytest_modellab.engines.openai_client import AnswerTimeout, BadAnswer, ConnectionLost, ServerBusy, ServerError
from pytest_modellab.engines.openai_options import OpenAiOptions
from pytest_modellab.engines.pcm import encoded, speech_of_wav, wav

RATE = 16_000
TONE = (np.sin(np.arange(RATE) / 9) / 2).astype(np.float32)
CLIP = Clip(TONE, RATE, "en-GB")
TEXT = Told({"text": " one fine day "})
KEY = "sk-very-secret-0123"


@contextmanager
def served(answers: dict[str, Any], **options: Any) -> Iterator[tuple[OpenAiAudio, FaultyOpenAi]]:
    with FaultyOpenAi(answers) as server:
        engine = OpenAiAudio.load(LoadRequest(DeviceRef("cpu"), {"url": server.url, "model": "tiny", **options}, None))
        try:
            yield engine, server
        finally:
            engine.close()


def events(*said: dict[str, Any]) -> Told:
    lines = [f"data: {json.dumps(each)}\n\n".encode() for each in said]
    return Told([*lines, b"data: [DONE]\n\n"], headers={"Content-Type": "text/event-stream"})


class TestRecognition:
    def test_a_clip_is_sent_as_a_file_with_its_language(self) -> None:
        with served({"audio/transcriptions": [TEXT]}, prompt="days", extra={"vad": True, "best_of": 2}) as (
            engine,
            server,
        ):
            assert engine.transcribe(CLIP).text == "one fine day"
            assert engine.transcribe(CLIP).language is None
            form = server.calls("audio/transcriptions")[0].form
            client_s = engine.client_s()
        assert {name: value for name, value in form.items() if name != "file"} == {
            "model": "tiny",
            "language": "en",
            "prompt": "days",
            "response_format": "json",
            "temperature": "0",
            "vad": "true",
            "best_of": "2",
        }
        [piece] = speech_of_wav([form["file"]])
        assert piece.rate == RATE
        assert np.abs(piece.samples - TONE).max() < 1e-4
        assert client_s is not None
        assert 0 < client_s < 5

    @pytest.mark.parametrize(("said", "tag"), [("english", "en"), ("de", "de"), ("no such tongue", None), (None, None)])
    def test_a_language_that_was_detected(self, said: str | None, tag: str | None) -> None:
        answer = Told({"text": "one", "language": said})
        with served({"audio/transcriptions": [answer]}, language="auto", response_format="verbose_json") as (
            engine,
            server,
        ):
            assert engine.transcribe(CLIP).language == tag
            form = server.calls("audio/transcriptions")[0].form
        assert "language" not in form
        assert form["response_format"] == "verbose_json"

    def test_text_that_is_streamed(self) -> None:
        said = events(
            {"type": "transcript.text.delta", "delta": "one"},
            {"type": "transcript.text.done", "text": "one fine day"},
        )
        with served({"audio/transcriptions": [said]}, stream=True) as (engine, server):
            assert engine.transcribe(CLIP).text == "one fine day"
            assert server.calls("audio/transcriptions")[0].form["stream"] == "true"

    def test_events_that_end_too_soon_are_no_text(self) -> None:
        said = events({"type": "transcript.text.delta", "delta": "one"})
        with (
            served({"audio/transcriptions": [said]}, stream=True) as (engine, _),
            pytest.raises(BadAnswer, match=r"ended its events before `transcript.text.done`"),
        ):
            engine.transcribe(CLIP)


class TestSynthesis:
    def spoken(self, told: Told, **options: Any) -> tuple[list[Speech], Any]:
        with served({"audio/speech": [told]}, **options) as (engine, server):
            return [*engine.synthesize("one", "en")], server.calls("audio/speech")[0].json

    def test_raw_samples_in_pieces_of_any_size(self) -> None:
        raw = encoded(TONE)
        pieces, asked = self.spoken(
            Told([raw[:3], raw[3:1001], raw[1001:]]), instructions="Slowly.", extra={"speed": 1.5}
        )
        assert np.abs(np.concatenate([each.samples for each in pieces]) - TONE).max() < 1e-4
        assert {each.rate for each in pieces} == {24_000}
        assert asked == {
            "model": "tiny",
            "input": "one",
            "voice": "alloy",
            "response_format": "pcm",
            "instructions": "Slowly.",
            "speed": 1.5,
        }

    def test_a_wav_file_tells_its_rate(self) -> None:
        raw = wav(Clip(TONE, 22_050))
        pieces, _ = self.spoken(Told([raw[:10], raw[10:50], raw[50:]]), speech_format="wav")
        assert {each.rate for each in pieces} == {22_050}
        assert sum(len(each.samples) for each in pieces) == len(TONE)

    @pytest.mark.parametrize(
        ("told", "format", "message"),
        [
            (Told({"error": "no"}), "pcm", "sent application/json, no sound"),
            (Told(b"\0\0\0"), "pcm", "ends in the middle of a sample"),
            (Told(b"ID3\4 and so on"), "wav", "no WAV file: it begins with"),
            (Told(b"RIFF\0\0"), "wav", "no WAV file, or ends before its samples begin"),
        ],
    )
    def test_what_is_no_speech(self, told: Told, format: str, message: str) -> None:
        with pytest.raises(BadAnswer, match=message):
            self.spoken(told, speech_format=format)


class TestDialogue:
    def test_a_turn_with_its_history(self) -> None:
        data = base64.b64encode(encoded(TONE[:100])).decode()
        said = events(
            {"choices": [{"delta": {"role": "assistant"}}]},
            {"choices": [{"delta": {"audio": {"transcript": "Good "}}}]},
            {"choices": [{"delta": {"audio": {"data": data}}}]},
            {"choices": [{"delta": {"content": "day."}}]},
            {"choices": []},
        )
        past = Exchange(None, "Hello", None, "Hello to you")
        with served({"chat/completions": [said]}, instructions="Be brief.") as (engine, server):
            pieces = [*engine.respond(Turn(CLIP, None, [past]))]
            asked = server.calls("chat/completions")[0].json
        assert [each for each in pieces if isinstance(each, str)] == ["Good ", "day."]
        [sound] = [each for each in pieces if isinstance(each, Speech)]
        assert (len(sound.samples), sound.rate) == (100, 24_000)
        roles = [each["role"] for each in asked["messages"]]
        assert roles == ["system", "user", "assistant", "user"]
        assert asked["messages"][3]["content"][0]["input_audio"]["format"] == "wav"
        assert asked["modalities"] == ["text", "audio"]

    @pytest.mark.parametrize("delta", [{"audio": {"data": "§"}}, {"audio": {"data": "AAAA"}}, "text"])
    def test_what_is_no_piece_of_a_reply(self, delta: Any) -> None:
        with (
            served({"chat/completions": [events({"choices": [{"delta": delta}]})]}) as (engine, _),
            pytest.raises(BadAnswer),
        ):
            list(engine.respond(Turn(None, "Hello")))


class TestFaults:
    @pytest.mark.parametrize(
        ("told", "error", "message", "after_s"),
        [
            (Told({"error": {"message": "slow down"}}, 429, {"Retry-After": "3"}), ServerBusy, "429: slow down", 3.0),
            (Told({"detail": "no room"}, 503), ServerError, "503: no room", 0.5),
            (Told(b"<h1>oops</h1>", 500), ServerError, "500: <h1>oops", 0.5),
            (Told(drop=True), ConnectionLost, "the connection to .* failed", 0.5),
            (Told({"text": "one fine day"}, cut=9), ConnectionLost, "the connection to .* failed", 0.5),
        ],
    )
    def test_what_passes_is_tried_again(self, told: Told, error: type[Exception], message: str, after_s: float) -> None:
        with (
            served({"audio/transcriptions": [told]}, retries=4) as (engine, _),
            pytest.raises(TryAgain, match=message) as raised,
        ):
            engine.transcribe(CLIP)
        assert type(raised.value.error) is error
        assert (raised.value.after_s, raised.value.most) == (after_s, 4)

    @pytest.mark.parametrize(
        ("told", "error", "message"),
        [
            (Told({"error": {"message": "no such model"}}, 404), ServerError, "answers 404: no such model"),
            (Told({"error": "bad"}, 429, {"Retry-After": "999"}), ServerBusy, "asked again in 999 s, `longest_wait_s`"),
            (Told(b'{"text": "one fi'), BadAnswer, 'sent what is no JSON: \'{"text": "one fi\''),
            (Told({"words": []}), BadAnswer, "sent no `text`"),
            (Told(b"[]"), BadAnswer, "sent no `text`"),
            (Told({"text": "late"}, hang_s=1.0), AnswerTimeout, r"said nothing for 0.2 s \(see `answer_timeout_s`\)"),
        ],
    )
    def test_what_stays_is_told(self, told: Told, error: type[Exception], message: str) -> None:
        with (
            served({"audio/transcriptions": [told]}, answer_timeout_s=0.2) as (engine, _),
            pytest.raises(error, match=message),
        ):
            engine.transcribe(CLIP)

    def test_an_error_among_events(self) -> None:
        with (
            served({"chat/completions": [events({"error": {"message": "out of memory"}})]}) as (engine, _),
            pytest.raises(ServerError, match="says: out of memory"),
        ):
            list(engine.respond(Turn(None, "Hello")))

    def test_no_server(self) -> None:
        with FaultyOpenAi({}) as server:
            url = server.url
        with pytest.raises(ConnectionError, match=r"no server at .*modellab serve-models MODEL"):
            OpenAiAudio.load(LoadRequest(DeviceRef("cpu"), {"url": url, "model": "tiny"}, None))


class TestKeys:
    def test_a_key_is_sent_and_told_nowhere(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SOME_KEY", KEY)
        monkeypatch.setenv("SOME_ORG", "org-secret")
        told = Told({"error": {"message": f"Incorrect API key provided: {KEY}."}}, 401)
        keys = {"api_key_env": "SOME_KEY", "headers_env": {"X-Org": "SOME_ORG"}}
        listed = Told({"data": [{"id": KEY}]}, headers={"Server": f"echo {KEY}"})
        with served({"models": [listed], "audio/transcriptions": [told]}, **keys) as (engine, server):
            facts = engine.facts()
            with pytest.raises(ServerError, match=r"401: Incorrect API key provided: \*\*\*\.") as raised:
                engine.transcribe(CLIP)
        headers = server.calls("audio/transcriptions")[0].headers
        assert (headers["authorization"], headers["x-org"]) == (f"Bearer {KEY}", "org-secret")
        assert KEY not in f"{raised.value!r} {facts}"

    def test_one_that_is_not_set(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("SOME_KEY", raising=False)
        with pytest.raises(ValueError, match="environment variable SOME_KEY is not set"):
            served({}, api_key_env="SOME_KEY").__enter__()

    def test_one_that_is_refused_is_told_when_loading(self) -> None:
        refused = Told({"error": {"message": "who are you?"}}, 401)
        with pytest.raises(ServerError, match="answers 401: who are you"):
            served({"models": [refused]}).__enter__()

    def test_a_server_without_a_list_of_models_is_one(self) -> None:
        with served({"models": [Told({"detail": "no"}, 404)], "audio/transcriptions": [TEXT]}) as (engine, _):
            assert engine.transcribe(CLIP).text == "one fine day"
            assert "models" not in engine.facts()


class TestFacts:
    def test_what_the_server_says_of_itself(self) -> None:
        listed = Told({"data": [{"id": "tiny"}, {"id": "base"}]}, headers={"x-version": "1.2"})
        with served({"models": [listed]}) as (engine, server):
            facts = engine.facts()
        assert (facts["models"], facts["x-version"], facts["address"]) == ("tiny, base", "1.2", server.url)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"url": "127.0.0.1:8000"}, "url must be an address"),
        ({"url": "http://me:pw@host/v1"}, "url holds no user, password or query"),
        ({"model": ""}, "model must be"),
        ({"api_key_env": "sk-123 456"}, "name environment variables, they hold no keys"),
        ({"headers_env": {"X:Y": "A"}}, "is no name of a header"),
        ({"temperature": 3}, "temperature must be"),
        ({"speech_rate": 1}, "speech_rate must be"),
        ({"answer_timeout_s": 0}, "must be more than 0"),
        ({"retries": -1}, "retries must be"),
        ({"extra": {"model": "b"}}, "extra: `model` is a field that the other options give"),
        ({"longest_wait_s": 0}, "longest_wait_s must be"),
    ],
)
def test_options_that_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OpenAiOptions(**{"url": "http://127.0.0.1:8000/v1", "model": "tiny", **wrong})
