"""vosk on a stand-in for its library: utterances, partials and ends of speech, in steps of equal length."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pytest_modellab.engines.base import Clip, DeviceRef, Endpointing, LoadRequest, Partial, Settled, Settling
from pytest_modellab.engines.vosk import Vosk, VoskOptions

RATE = 16_000
STEP = 3200
"""Samples of a step of 0.2 s, in which one word is said, or nothing."""


def sound(*words: int) -> Any:
    """A step of each word's number as its level; 0 is silence."""
    return np.repeat(np.array(words, np.float32) / 100, STEP)


class Recognizer:
    """Hears a word in each step, and ends an utterance at a step of silence, as the library's endpointing does."""

    def __init__(self, model: Any, rate: float, *grammar: str) -> None:
        self.model, self.rate, self.grammar = model, rate, grammar
        self.words: list[str] = []
        self.sizes: list[int] = []

    def AcceptWaveform(self, data: bytes) -> int:
        samples = np.frombuffer(data, "<i2")
        self.sizes.append(len(samples))
        number = round(float(samples[0]) / 327.68)
        if number:
            self.words.append(f"w{number}")
        return int(not number)

    def Result(self) -> str:
        words, self.words = self.words, []
        return json.dumps({"text": " ".join(words)})

    FinalResult = Result

    def PartialResult(self) -> str:
        return json.dumps({"partial": " ".join(self.words)})


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Vosk:
    library = SimpleNamespace(
        Model=lambda model_path: SimpleNamespace(path=model_path),
        KaldiRecognizer=Recognizer,
        SetLogLevel=lambda level: None,
    )
    monkeypatch.setitem(sys.modules, "vosk", library)
    return Vosk.load(LoadRequest(DeviceRef("cpu"), {"grammar": []}, tmp_path))


def recognizer(engine: Vosk) -> Any:
    """That of a new stream."""
    found: Any = engine.start(None)
    return found._decoder._recognizer


def test_utterances_are_joined(engine: Vosk) -> None:
    clip = Clip(sound(0, 1, 2, 0, 0, 3)[:-100], RATE)
    assert engine.transcribe(clip).text == "w1 w2 w3"
    assert engine.transcribe(Clip(np.zeros(0, np.float32), RATE)).text == ""


def test_partials_tell_the_whole_text_and_where_speech_ends(engine: Vosk) -> None:
    stream = engine.start("ko")
    assert isinstance(stream, Endpointing)
    assert stream.finds_ends
    stream.push(sound(0, 1, 2, 0, 0, 3))
    assert stream.partials() == [
        Partial("w1"),
        Partial("w1 w2"),
        Partial("w1 w2", end_of_speech=True),
        Partial("w1 w2 w3"),
    ]
    assert stream.partials() == []
    assert stream.finish().text == "w1 w2 w3"
    stream.close()
    stream.close()
    with pytest.raises(ValueError, match="the stream is closed"):
        stream.finish()


def test_what_is_settled_ends_with_the_last_utterance(engine: Vosk) -> None:
    stream = engine.start(None)
    assert isinstance(stream, Settling)
    assert stream.settled() == Settled("", 0.0)
    stream.push(sound(1, 2, 0, 3))
    assert stream.settled() == Settled("w1 w2", 0.6)
    stream.finish()
    assert stream.settled() == Settled("w1 w2 w3", 0.8)


@pytest.mark.parametrize("chunk", [100, 3200, 5000, 100_000])
def test_the_library_is_given_steps_of_equal_length(engine: Vosk, chunk: int) -> None:
    stream: Any = engine.start(None)
    samples = sound(1, 2, 0, 3, 0)[:-10]
    for place in range(0, len(samples), chunk):
        stream.push(samples[place : place + chunk])
    assert stream.finish().text == "w1 w2 w3"
    assert stream._decoder._recognizer.sizes == [STEP] * 4 + [STEP - 10]


def test_a_grammar_is_given_as_json(engine: Vosk) -> None:
    assert recognizer(engine).grammar == ()
    narrow = Vosk(engine._library, engine._model, VoskOptions(grammar=("예", "[unk]")))
    assert recognizer(narrow).grammar == ('["예", "[unk]"]',)


def test_it_needs_weights(engine: Vosk) -> None:
    with pytest.raises(ValueError, match="vosk needs `weights:`"):
        Vosk.load(LoadRequest(DeviceRef("cpu"), {}, None))
    assert engine.facts()["device"] == "cpu"
    engine.synchronize()
    engine.close()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"step_s": 0.0}, "step_s must be between"),
        ({"grammar": ("a", " ")}, "an empty phrase"),
        ({"seed": -1}, "seed must be"),
    ],
)
def test_bounds(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        VoskOptions(**options)
