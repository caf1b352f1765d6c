"""tiny.en in this process and behind the server of models: the same weights give the same text."""

from __future__ import annotations

from test_streaming_real import LIBRISPEECH, RATE, clips, errors, loaded

from pytest_modellab.cli.model_server.server import ModelServer
from pytest_modellab.engines.base import Clip, DeviceRef, LoadRequest
from pytest_modellab.engines.openai_audio import OpenAiAudio
from pytest_modellab.tasks.streaming import handler as streaming_handler


def test_the_same_text_in_process_and_behind_the_server() -> None:
    engine = loaded("faster-whisper-tiny.en")
    try:
        with ModelServer({"tiny.en": engine}) as server:
            options = {"url": server.url, "model": "tiny.en"}
            there = OpenAiAudio.load(LoadRequest(DeviceRef("cpu"), options, None))
            for id, utterance in clips().items():
                clip = Clip(utterance.samples(RATE), RATE, "en")
                assert there.transcribe(clip).text == engine.transcribe(clip).text, id
            samples = clips()[LIBRISPEECH].samples(RATE)
            message = {"rate": RATE, "language": "en", "chunk_s": 0.5, "pace": None, "offline": False}
            payload = samples.astype("<f4").tobytes()
            reply, _ = streaming_handler.answer(there, {**message, "endpoint_s": None}, payload)
            assert errors(LIBRISPEECH, reply["text"]) <= 1
    finally:
        engine.close()
