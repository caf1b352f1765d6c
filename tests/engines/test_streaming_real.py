"""Streams with real weights on real speech: tiny.en and Moonshine tiny, in process and over a line that breaks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faulty_net import FaultyNet

from pytest_modellab.assets.store import Store
from pytest_modellab.catalog.catalog import Catalog
from pytest_modellab.catalog.datasets import Utterance, prepare
from pytest_modellab.catalog.load import load
from pytest_modellab.catalog.validate import full_options
from pytest_modellab.catalog.weights import local_folder
from pytest_modellab.cli.streaming_server import StreamingServer
from pytest_modellab.core.metrics import asr
from pytest_modellab.core.metrics.streaming import Shown, first_right
from pytest_modellab.core.text import TextRules
from pytest_modellab.engines.base import DeviceRef, LoadRequest
from pytest_modellab.engines.registry import available, engine_class
from pytest_modellab.engines.silero_vad import speech_end
from pytest_modellab.engines.websocket_asr import WebsocketAsr
from pytest_modellab.tasks.streaming import handler as streaming_handler

ROOT = Path(__file__).parents[2]
RATE = 16_000
LIBRISPEECH = "librispeech-61-70968-0000"


@cache
def catalog() -> Catalog:
    return load(ROOT / "fixtures", ROOT)


@cache
def clips() -> dict[str, Utterance]:
    return {each.id: each for each in prepare(catalog().datasets["smoke-en"], catalog(), Store()).utterances}


def loaded(id: str) -> Any:
    model = catalog().models[id]
    folder = local_folder(model, catalog(), Store())
    return engine_class(available()[model.engine]).load(
        LoadRequest(DeviceRef("cpu"), full_options(model, "cpu"), folder)
    )


@pytest.fixture(scope="module")
def whisper() -> Iterator[Any]:
    engine = loaded("faster-whisper-tiny.en")
    yield engine
    engine.close()


def stream(
    engine: Any, clip: str, *, pace: float | None = None, chunk_s: float = 0.25, endpoint_s: float | None = None
) -> dict[str, Any]:
    samples = clips()[clip].samples(RATE)
    message = {"rate": RATE, "language": "en", "chunk_s": chunk_s, "pace": pace, "offline": False}
    message |= {"endpoint_s": endpoint_s}
    return streaming_handler.answer(engine, message, samples.astype("<f4").tobytes())[0]


def errors(clip: str, text: str) -> int:
    return asr.score(clips()[clip].text, text, TextRules("whisper-english").of("en")).words.errors


OTHERS = pytest.mark.nightly(
    "tests/engines/test_streaming_real.py::test_at_the_pace_of_speech_the_first_word_shows_before_the_last_is_spoken"
)


@pytest.mark.parametrize(
    "clip", ["jfk", pytest.param(LIBRISPEECH, marks=OTHERS), pytest.param("whispered", marks=OTHERS)]
)
def test_at_the_pace_of_speech_the_first_word_shows_before_the_last_is_spoken(whisper: Any, clip: str) -> None:
    reply = stream(whisper, clip, pace=1.0)
    assert reply["audio_s"] > 4
    normalize = TextRules().of("en")
    shown = (Shown(each["at_s"], each["audio_s"], normalize(each["text"]).split()) for each in reply["partials"])
    first = first_right(shown, normalize(clips()[clip].text).split())
    assert first is not None
    # In audio, and not by the clock: a busy machine takes longer, but shows no word later in the speech.
    assert first.audio_s <= 2.0 < reply["audio_s"]
    assert first.at_s >= first.audio_s
    assert errors(clip, reply["text"]) <= 4


@pytest.mark.nightly("tests/engines/test_vosk_real.py::test_chunks_change_no_letter_and_a_whole_clip_is_the_same")
def test_chunks_and_pace_change_no_letter(whisper: Any) -> None:
    texts = {stream(whisper, LIBRISPEECH, chunk_s=chunk_s)["text"] for chunk_s in (0.1, 0.37, 10.0)}
    assert len(texts) == 1
    assert errors(LIBRISPEECH, texts.pop()) == 0


@pytest.mark.nightly("tests/engines/test_websocket.py::test_nothing_is_lost_nor_said_twice_where_connections_are")
def test_a_line_that_breaks_twice_changes_no_letter(whisper: Any) -> None:
    here = stream(whisper, LIBRISPEECH)
    with StreamingServer(whisper, "tiny.en") as server, FaultyNet(server.url, (40_000, 90_000)) as net:
        remote = WebsocketAsr.load(LoadRequest(DeviceRef("cpu"), {"url": server.url}, None))
        there = stream(WebsocketAsr.load(LoadRequest(DeviceRef("cpu"), {"url": server.url}, None)), LIBRISPEECH)
        assert there["text"] == here["text"]
        remote = WebsocketAsr(type(remote._options)(url=net.url), "tiny.en")
        broken = stream(remote, LIBRISPEECH)
        assert net.dropped == 2
    assert broken["reconnects"] == 2
    assert broken["text"] == here["text"]


def test_the_end_of_speech_is_found_behind_it(whisper: Any) -> None:
    clip = clips()[LIBRISPEECH].samples(RATE)
    end_s = speech_end(clip)
    assert end_s is not None
    assert 4.0 < end_s <= len(clip) / RATE
    with_silence = speech_end(np.concatenate((clip, np.zeros(2 * RATE, np.float32))))
    assert with_silence == pytest.approx(end_s, abs=0.15)
    # Twice as fast as it is spoken: times are half as long.
    endpoint = stream(whisper, LIBRISPEECH, pace=2.0, endpoint_s=3.0)["endpoint"]
    assert endpoint["at_s"] > (end_s + 0.8) / 2
    assert errors(LIBRISPEECH, endpoint["text"]) <= 1


@pytest.mark.nightly("tests/engines/test_streaming_real.py::test_the_end_of_speech_is_found_behind_it")
def test_a_server_tells_where_speech_ends(whisper: Any) -> None:
    with StreamingServer(whisper, "tiny.en") as server:
        remote = WebsocketAsr.load(LoadRequest(DeviceRef("cpu"), {"url": server.url}, None))
        endpoint = stream(remote, LIBRISPEECH, pace=2.0, endpoint_s=12.0)["endpoint"]
    assert endpoint["at_s"] is not None
    assert errors(LIBRISPEECH, endpoint["text"]) <= 1


def test_moonshine_takes_a_pause_for_the_end() -> None:
    engine = loaded("moonshine-tiny-en-live")
    try:
        endpoint = stream(engine, "jfk", pace=2.0, endpoint_s=3.0)["endpoint"]
        assert engine.start("en").finds_ends
    finally:
        engine.close()
    # "And so my fellow Americans", and he goes on.
    assert endpoint["at_s"] < 4.0 / 2
    assert 4 <= len(endpoint["text"].split()) < 10


def test_silence_has_no_end_of_speech() -> None:
    assert speech_end(np.zeros(0, np.float32)) is None
    assert speech_end(np.zeros(2 * RATE, np.float32)) is None


def test_moonshine_streams_by_its_own_means() -> None:
    engine = loaded("moonshine-tiny-en")
    try:
        one, other = (stream(engine, LIBRISPEECH, chunk_s=chunk_s) for chunk_s in (0.25, 0.6))
        # Set to take everything for speech, it looks for no end of it.
        assert not engine.start("en").finds_ends
    finally:
        engine.close()
    assert one["text"] == other["text"]
    assert errors(LIBRISPEECH, one["text"]) == 0
    assert one["partials"][0]["audio_s"] <= 1.0
