"""Answers of a server that look right and aren't, and keys in what servers say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from faulty_openai import FaultyOpenAi, Told

from pytest_modellab.engines.base import Clip, DeviceRef, LoadRequest
from pytest_modellab.engines.openai_audio import OpenAiAudio
from pytest_modellab.engines.openai_client import BadAnswer, ServerError

CLIP = Clip(np.zeros(1600, dtype=np.float32), 16_000, "en")
KEY = 'sk-quote"and\\back-0123'


@contextmanager
def served(told: Told, **options: Any) -> Iterator[OpenAiAudio]:
    with FaultyOpenAi({"audio/transcriptions": [told]}) as server:
        engine = OpenAiAudio.load(LoadRequest(DeviceRef("cpu"), {"url": server.url, "model": "tiny", **options}, None))
        try:
            yield engine
        finally:
            engine.close()


def events(*said: dict[str, Any]) -> Told:
    return Told(
        [f"data: {json.dumps(each)}\n\n".encode() for each in said], headers={"Content-Type": "text/event-stream"}
    )


@pytest.mark.parametrize(
    "error", [{"type": "error"}, {"type": "error", "message": "lost"}, {"error": {"message": "lost"}}]
)
def test_an_error_behind_the_text_is_an_error(error: dict[str, Any]) -> None:
    said = events({"type": "transcript.text.done", "text": "one fine day"}, error)
    with served(said, stream=True) as engine, pytest.raises(ServerError):
        engine.transcribe(CLIP)


def test_an_error_beside_the_text_is_an_error() -> None:
    told = Told({"text": "one fine day", "error": {"message": "lost"}})
    with served(told) as engine, pytest.raises(ServerError, match="lost"):
        engine.transcribe(CLIP)


def test_an_answer_that_is_only_accepted_is_none() -> None:
    with served(Told({"text": ""}, status=202)) as engine, pytest.raises(BadAnswer, match="answers 202"):
        engine.transcribe(CLIP)


@pytest.mark.parametrize("stream", [False, True])
def test_a_key_in_a_text_is_hidden(monkeypatch: pytest.MonkeyPatch, stream: bool) -> None:
    monkeypatch.setenv("SOME_KEY", KEY)
    text = f"you said Bearer {KEY}"
    said = events({"type": "transcript.text.done", "text": text}) if stream else Told({"text": text})
    with served(said, stream=stream, api_key_env="SOME_KEY") as engine:
        assert engine.transcribe(CLIP).text == "you said Bearer ***"


@pytest.mark.parametrize("quoted", [KEY, json.dumps(KEY), repr(KEY)])
def test_a_key_in_an_error_is_hidden_however_it_is_quoted(monkeypatch: pytest.MonkeyPatch, quoted: str) -> None:
    monkeypatch.setenv("SOME_KEY", KEY)
    told = Told(f"no such key: {quoted}".encode(), status=401)
    with served(told, api_key_env="SOME_KEY") as engine, pytest.raises(ServerError) as found:
        engine.transcribe(CLIP)
    assert "0123" not in str(found.value)


@pytest.mark.parametrize("key", ["schl\u00fcssel", "two\nlines"])
def test_a_key_that_no_header_can_have_is_told_with_its_variable(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("SOME_KEY", key)
    with pytest.raises(ValueError, match="SOME_KEY holds a character that no header can have"):
        OpenAiAudio.load(
            LoadRequest(
                DeviceRef("cpu"), {"url": "http://127.0.0.1:9/v1", "model": "x", "api_key_env": "SOME_KEY"}, None
            )
        )
