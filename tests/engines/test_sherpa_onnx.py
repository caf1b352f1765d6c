"""sherpa-onnx on a stand-in for its library: files, what the library is told, clips and streams."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import numpy as np
import pytest

from pytest_modellab.engines.base import Clip, DeviceRef, LoadRequest, Partial
from pytest_modellab.engines.sherpa_onnx import (
    OfflineArchitecture,
    SherpaOnnx,
    SherpaOnnxOptions,
    StreamingArchitecture,
)

RATE = 16_000
STEP = 3200
OFFLINE, STREAMING = get_args(OfflineArchitecture), get_args(StreamingArchitecture)


class Stream:
    """Hears a word in each step of sound."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.waiting: list[Any] = []
        self.quiet = self.finished = False
        self.result = SimpleNamespace(text="")

    def accept_waveform(self, rate: int, samples: Any) -> None:
        assert rate == RATE
        self.waiting.append(samples)

    def input_finished(self) -> None:
        self.finished = True


class Recognizer:
    """Both of the library's classes: each factory keeps what it was given."""

    def __init__(self, name: str, given: dict[str, Any]) -> None:
        self.name, self.given, self.calls = name, given, 0
        self.tokens = Path(given["tokens"]).read_text(encoding="utf-8")

    def create_stream(self) -> Stream:
        return Stream()

    def decode_stream(self, stream: Stream) -> None:
        samples = stream.waiting.pop()
        number = round(float(samples[0]) * 100)
        stream.quiet = not number
        stream.words += [f"w{number}"] if number else []
        stream.result.text = " ".join(stream.words)

    def decode_streams(self, streams: list[Stream]) -> None:
        self.calls += 1
        for stream in streams:
            self.decode_stream(stream)

    def is_ready(self, stream: Stream) -> bool:
        return bool(stream.waiting)

    def get_result(self, stream: Stream) -> str:
        return " ".join(stream.words)

    def is_endpoint(self, stream: Stream) -> bool:
        return stream.quiet and bool(self.given["enable_endpoint_detection"])

    def reset(self, stream: Stream) -> None:
        stream.words = []


class Factories(type):
    def __getattr__(cls, name: str) -> Callable[..., Recognizer]:
        if not name.startswith("from_"):
            raise AttributeError(name)
        return lambda **given: Recognizer(f"{cls.__name__}.{name}", given)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Any:
    made = {name: Factories(name, (), {}) for name in ("OfflineRecognizer", "OnlineRecognizer")}
    found = SimpleNamespace(version="2.0", **made)
    monkeypatch.setitem(sys.modules, "sherpa_onnx", found)
    return found


def folder_of(folder: Path, *names: str) -> Path:
    for name in names or ("encoder.onnx", "decoder.onnx", "joiner.onnx", "model.onnx", "tokens.txt"):
        (folder / name).touch()
    return folder


def loaded(folder: Path, kind: str = "cpu", **options: Any) -> SherpaOnnx:
    return SherpaOnnx.load(LoadRequest(DeviceRef(kind), options, folder))


def sound(*words: int) -> Any:
    return np.repeat(np.array(words, np.float32) / 100, STEP)


def test_a_whole_clip(library: Any, tmp_path: Path) -> None:
    engine = loaded(folder_of(tmp_path), architecture="nemo-transducer")
    assert engine.transcribe(Clip(sound(7), RATE)).text == "w7"
    with pytest.raises(ValueError, match="architecture `nemo-transducer` recognises whole clips"):
        engine.start(None)
    assert engine.facts()["long_audio"] == "whole"
    engine.synchronize()
    engine.close()


def test_several_clips_share_a_call(library: Any, tmp_path: Path) -> None:
    engine = loaded(folder_of(tmp_path), architecture="nemo-ctc", batch_size=4)
    found = engine.transcribe_batch([Clip(sound(number), RATE) for number in (3, 1, 2)])
    assert [each.text for each in found] == ["w3", "w1", "w2"]
    assert engine._recognizer.calls == 1


def test_a_stream_is_cut_into_utterances(library: Any, tmp_path: Path) -> None:
    engine = loaded(folder_of(tmp_path), architecture="streaming-transducer")
    stream = engine.start("en")
    assert stream.finds_ends
    stream.push(sound(1, 2, 0, 3))
    assert stream.partials() == [
        Partial("w1"),
        Partial("w1 w2"),
        Partial("w1 w2", end_of_speech=True),
        Partial("w1 w2 w3"),
    ]
    decoder: Any = stream._decoder
    assert stream.finish().text == "w1 w2 w3"
    assert decoder._stream.finished
    assert engine.transcribe(Clip(sound(1, 0, 0, 2), RATE)).text == "w1 w2"


def test_without_an_endpoint_it_finds_no_ends(library: Any, tmp_path: Path) -> None:
    stream = loaded(folder_of(tmp_path), architecture="streaming-zipformer-ctc", endpoint_s=None).start(None)
    stream.push(sound(1, 0, 2))
    assert not stream.finds_ends
    assert [partial.end_of_speech for partial in stream.partials()] == [False, False]


@pytest.mark.parametrize("architecture", [*OFFLINE, *STREAMING])
def test_the_library_has_what_each_architecture_calls(library: Any, tmp_path: Path, architecture: str) -> None:
    options: dict[str, Any] = {"architecture": architecture}
    if architecture in {"whisper", "nemo-canary", "sense-voice"}:
        options["language"] = "de"
    if architecture.endswith("transducer"):
        options["beam_size"] = 4
    recognizer = loaded(folder_of(tmp_path), **options)._recognizer
    kind, _, factory = recognizer.name.partition(".")
    assert kind == ("OnlineRecognizer" if architecture in STREAMING else "OfflineRecognizer")
    del sys.modules["sherpa_onnx"]
    if importlib.util.find_spec("sherpa_onnx") is None:
        pytest.skip("sherpa-onnx is not installed")
    import sherpa_onnx

    real = getattr(getattr(sherpa_onnx, kind), factory)
    inspect.signature(real).bind(**recognizer.given)


def test_what_the_library_is_told(library: Any, tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    given = loaded(folder, architecture="transducer", beam_size=4)._recognizer.given
    assert given["encoder"] == str(folder / "encoder.onnx")
    assert (given["decoding_method"], given["max_active_paths"], given["num_threads"]) == ("modified_beam_search", 4, 2)
    assert loaded(folder, architecture="nemo-transducer")._recognizer.given["model_type"] == "nemo_transducer"
    given = loaded(folder, architecture="nemo-canary", language="de")._recognizer.given
    assert (given["src_lang"], given["tgt_lang"]) == ("de", "de")
    given = loaded(folder, architecture="sense-voice", inverse_normalization=True)._recognizer.given
    assert given["use_itn"] is True
    given = loaded(folder, architecture="streaming-transducer", endpoint_s=0.5)._recognizer.given
    assert (given["enable_endpoint_detection"], given["rule2_min_trailing_silence"]) == (True, 0.5)


def test_files_are_those_of_the_form_that_is_asked_for(library: Any, tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path, "encoder.onnx", "encoder.int8.onnx", "decoder.onnx", "joiner.int8.onnx", "x-tokens.txt"
    )
    given = loaded(folder, architecture="transducer", int8=True)._recognizer.given
    assert [Path(given[role]).name for role in ("encoder", "decoder", "joiner")] == [
        "encoder.int8.onnx",
        "decoder.onnx",
        "joiner.int8.onnx",
    ]
    (folder / "encoder-2.onnx").touch()
    with pytest.raises(ValueError, match=r"loads one encoder, .* found in .*: encoder-2\.onnx, encoder\.int8\.onnx"):
        loaded(folder, architecture="transducer")
    with pytest.raises(ValueError, match=r"loads one model, .*: none"):
        loaded(folder, architecture="nemo-ctc")


def test_tokens_of_moonshine_are_made_of_its_tokenizer(library: Any, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "encoder_model.ort", "decoder_model_merged.ort")
    with pytest.raises(ValueError, match=r"needs one list of tokens, \*tokens\.txt"):
        loaded(folder, architecture="moonshine")
    long = bytes(range(100, 200)) * 3
    (folder / "tokenizer.bin").write_bytes(b"\x03<s>\x00\x01a" + bytes([128 + 300 % 128, 300 // 128]) + long)
    lines = loaded(folder, architecture="moonshine")._recognizer.tokens.splitlines()
    assert lines[:3] == ["PHM+ 0", " 1", "YQ== 2"]
    assert len(lines) == 4
    assert len(lines[3]) == 400 + 2


def test_a_build_for_the_cpu_does_not_pass_for_one_with_cuda(library: Any, tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    with pytest.raises(ValueError, match="is a build for the CPU"):
        loaded(folder, "cuda", architecture="nemo-ctc")
    library.version = "2.0+cuda12"
    engine = loaded(folder, "cuda", architecture="streaming-nemo-ctc")
    assert engine.facts()["device"] == "cuda:0"
    assert (engine._recognizer.given["provider"], engine._recognizer.given["device"]) == ("cuda", 0)
    with pytest.raises(ValueError, match="needs `weights:`"):
        SherpaOnnx.load(LoadRequest(DeviceRef("cpu"), {"architecture": "whisper"}, None))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"beam_size": 0}, "beam_size must be at least 1"),
        ({"beam_size": 2, "architecture": "nemo-ctc"}, "beam_size above 1 goes with transducers"),
        ({"cpu_threads": 0}, "cpu_threads must be at least 1"),
        ({"batch_size": 0}, "batch_size must be between 1 and 256"),
        ({"batch_size": 2, "architecture": "streaming-transducer"}, "batch_size above 1 doesn't go with streaming-"),
        ({"language": "de"}, "language goes with nemo-canary, sense-voice, whisper"),
        ({"inverse_normalization": True}, "inverse_normalization goes with sense-voice"),
        ({"step_s": 0.0}, "step_s must be between"),
        ({"endpoint_s": 0.0}, "endpoint_s must be between"),
    ],
)
def test_bounds(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        SherpaOnnxOptions(**{"architecture": "transducer", **options})
