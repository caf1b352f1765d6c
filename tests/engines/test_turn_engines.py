"""Detectors of ends of turns on stand-ins for their networks; Whisper's features against transformers' own."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pytest_modellab.engines import silero_vad
from pytest_modellab.engines.base import Clip, DeviceRef, LoadRequest, ModelPart, Partial
from pytest_modellab.engines.silence_threshold import SilenceThreshold, SilenceThresholdOptions
from pytest_modellab.engines.smart_turn import SmartTurn, SmartTurnOptions, last_window
from pytest_modellab.engines.stream_endpoint import StreamEndpoint
from pytest_modellab.engines.whisper_features import log_mel, mel_filters

RATE = 16_000


def noise(seconds: float, seed: int = 0) -> Any:
    random = np.random.default_rng(seed)
    size = round(seconds * RATE)
    tone = 0.2 * np.sin(2 * np.pi * 200 * np.arange(size) / RATE)
    return (tone + random.normal(0, 0.05, size)).astype(np.float32)


class TestFeatures:
    def test_filters_are_triangles_of_unit_area(self) -> None:
        filters = mel_filters()
        assert filters.shape == (201, 80)
        assert (filters >= 0).all()
        widths = filters.sum(axis=0) * RATE / 400
        assert widths[20:] == pytest.approx(1.0, abs=0.1)

    def test_shape_and_range(self) -> None:
        features = log_mel(noise(8.0))
        assert features.shape == (80, 800)
        assert features.dtype == np.float32
        assert features.max() - features.min() <= 2.0

    def test_the_level_does_not_count(self) -> None:
        assert np.allclose(log_mel(noise(1.0)), log_mel(0.1 * noise(1.0)), atol=1e-3)

    @pytest.mark.parametrize("seconds", [8.0, 3.0])
    def test_they_are_those_of_transformers(self, seconds: float) -> None:
        library = pytest.importorskip("transformers", reason="transformers is not installed")
        extractor = library.WhisperFeatureExtractor(chunk_length=8)
        samples = last_window(noise(seconds), RATE)
        theirs = extractor(
            samples,
            sampling_rate=RATE,
            padding="max_length",
            max_length=8 * RATE,
            truncation=True,
            do_normalize=True,
            return_tensors="np",
        ).input_features[0]
        assert np.abs(log_mel(samples) - theirs).max() < 1e-4


class Session:
    """onnxruntime, and a session of it that gives the mean of its features."""

    def __init__(self) -> None:
        self.opened: tuple[Any, ...] = ()
        self.given: Any = None

    def SessionOptions(self) -> Any:
        return SimpleNamespace()

    def InferenceSession(self, path: str, **how: Any) -> Session:
        self.opened = (path, how["sess_options"].intra_op_num_threads, how["providers"])
        return self

    def run(self, outputs: Any, inputs: dict[str, Any]) -> list[Any]:
        self.given = inputs["input_features"]
        return [np.array([[0.75]], np.float32)]


class TestSmartTurn:
    def load(self, monkeypatch: pytest.MonkeyPatch, folder: Path, *files: str, **options: Any) -> SmartTurn:
        self.library = Session()
        monkeypatch.setitem(sys.modules, "onnxruntime", self.library)
        for name in files:
            (folder / name).write_bytes(b"")
        return SmartTurn.load(LoadRequest(DeviceRef("cpu"), options, folder))

    def test_it_hears_the_last_eight_seconds(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        engine = self.load(monkeypatch, tmp_path, "smart-turn.onnx", threshold=0.7, cpu_threads=2)
        assert self.library.opened == (str(tmp_path / "smart-turn.onnx"), 2, ["CPUExecutionProvider"])
        assert engine.threshold == 0.7
        assert engine.facts()["window_s"] == 8
        for seconds in (2.0, 8.0, 11.0):
            assert engine.ended(Clip(noise(seconds), RATE)) == 0.75
            assert (self.library.given.shape, self.library.given.dtype) == ((1, 80, 800), np.float32)
        assert np.array_equal(self.library.given[0], log_mel(noise(11.0)[-8 * RATE :]))
        engine.synchronize()
        engine.close()

    def test_what_is_shorter_follows_on_zeros(self) -> None:
        window = last_window(np.ones(3, np.float32), 1)
        assert window.tolist() == [0, 0, 0, 0, 0, 1, 1, 1]

    @pytest.mark.parametrize("files", [(), ("a.onnx", "b.onnx")])
    def test_one_file_is_needed(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, files: tuple[str, ...]) -> None:
        with pytest.raises(ValueError, match=f"needs one file .onnx among its weights, and found {len(files)}"):
            self.load(monkeypatch, tmp_path, *files)

    @pytest.mark.parametrize("options", [{"threshold": 0.0}, {"threshold": 1.0}, {"cpu_threads": 0}])
    def test_options(self, options: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="must be"):
            SmartTurnOptions(**options)


class TestSilenceThreshold:
    @pytest.mark.parametrize(("end_s", "found"), [(1.5, 0.5), (1.75, 1 / 3), (0.5, 0.75), (None, 0.8), (2.0, 0.0)])
    def test_it_fires_after_so_much_silence(
        self, monkeypatch: pytest.MonkeyPatch, end_s: float | None, found: float
    ) -> None:
        monkeypatch.setattr(silero_vad, "prepare", lambda: None)
        monkeypatch.setattr(silero_vad, "speech_end", lambda samples: end_s)
        engine = SilenceThreshold.load(LoadRequest(DeviceRef("cpu"), {"silence_s": 0.5}, None))
        assert engine.ended(Clip(np.zeros(2 * RATE, np.float32), RATE)) == pytest.approx(found)
        assert engine.threshold == 0.5
        engine.synchronize()
        engine.close()

    @pytest.mark.parametrize("silence_s", [0, -1, 31])
    def test_options(self, silence_s: float) -> None:
        with pytest.raises(ValueError, match="silence_s must be above 0 and at most 30"):
            SilenceThresholdOptions(silence_s=silence_s)


class QuietStream:
    """Takes speech as finished behind half a second of zeros, and as going on with the next sample that is none."""

    finds_ends = True

    def __init__(self) -> None:
        self.heard = np.zeros(0, np.float32)
        self.pushed: list[int] = []
        self.closed = False
        self._told: list[Partial] = []

    def push(self, samples: Any) -> None:
        self.pushed.append(len(samples))
        self.heard = np.concatenate([self.heard, samples])
        quiet = not self.heard[-RATE // 2 :].any() and len(self.heard) >= RATE // 2
        self._told.append(Partial("so far", end_of_speech=quiet))

    def partials(self) -> list[Partial]:
        return self._told

    def close(self) -> None:
        self.closed = True


class Streaming:
    """A streaming model of one's own."""

    rate = RATE
    kind: Any = QuietStream

    def __init__(self) -> None:
        self.streams: list[Any] = []
        self.closed = False

    @classmethod
    def load(cls, request: LoadRequest) -> Streaming:
        return cls()

    def start(self, language: str | None) -> Any:
        self.streams.append(self.kind())
        return self.streams[-1]

    def facts(self) -> dict[str, str]:
        return {"device": "cpu"}

    def synchronize(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True


class TestStreamEndpoint:
    def turn(self, *seconds: float) -> Clip:
        """Sound and silence in turn, so many seconds each."""
        pieces = [np.full(round(each * RATE), float(i % 2 == 0), np.float32) for i, each in enumerate(seconds)]
        return Clip(np.concatenate(pieces), RATE)

    def test_it_is_finished_where_the_stream_says_so(self) -> None:
        engine = StreamEndpoint(Streaming())
        assert engine.ended(self.turn(0.1, 0.2)) == 0
        assert engine.ended(self.turn(0.1, 0.6)) == 1
        assert engine.ended(self.turn(0.1, 0.6, 0.1)) == 0
        assert engine.threshold == 0.5

    def test_more_of_the_same_turn_is_all_that_is_heard_anew(self) -> None:
        model = Streaming()
        engine = StreamEndpoint(model)
        for silence in (0.2, 0.4, 0.6):
            engine.ended(self.turn(0.1, silence))
        assert [stream.pushed for stream in model.streams[1:]] == [[round(s * RATE) for s in (0.3, 0.2, 0.2)]]
        # A turn that begins otherwise, a shorter one, and one in another language are others.
        other = self.turn(0.1, 0.7).samples
        other[0] = 0.5
        engine.ended(Clip(other, RATE))
        engine.ended(Clip(other[: RATE // 5], RATE))
        engine.ended(Clip(other[: RATE // 5], RATE, "de"))
        assert [len(stream.pushed) for stream in model.streams[1:]] == [3, 1, 1, 1]
        assert [stream.closed for stream in model.streams] == [True, True, True, True, False]
        engine.synchronize()
        engine.close()
        assert model.streams[-1].closed
        assert model.closed
        assert engine.facts() == {"device": "cpu"}

    def test_what_is_begun_anew_is_heard_from_its_beginning(self) -> None:
        model = Streaming()
        engine = StreamEndpoint(model)
        engine.ended(self.turn(0.1, 0.2))
        engine.begin()
        engine.ended(self.turn(0.1, 0.6))
        assert [stream.pushed for stream in model.streams[1:]] == [[round(0.3 * RATE)], [round(0.7 * RATE)]]

    def test_its_part(self) -> None:
        part = ModelPart(Streaming, LoadRequest(DeviceRef("cpu"), {}, None))
        engine = StreamEndpoint.load(LoadRequest(DeviceRef("cpu"), {}, None, {"stream": part}))
        assert engine.ended(self.turn(0.1, 0.6)) == 1

    def test_streams_that_find_no_end_or_tell_it_late_are_refused(self) -> None:
        class Deaf(QuietStream):
            finds_ends = False

        class Far(QuietStream):
            reconnects = 0
            waited_s = 0.0

        for kind, why in ((Deaf, "finds no end of speech by itself"), (Far, "is behind a server")):
            model = Streaming()
            model.kind = kind
            with pytest.raises(ValueError, match=f"its part `stream` {why}"):
                StreamEndpoint(model)
            assert model.streams[0].closed
        with pytest.raises(ValueError, match="it needs the part stream"):
            StreamEndpoint.load(LoadRequest(DeviceRef("cpu"), {}, None))
        slow = ModelPart(type("Slow", (Streaming,), {"rate": 8000}), LoadRequest(DeviceRef("cpu"), {}, None))
        with pytest.raises(ValueError, match="its clips come at 16000 Hz, and its stream takes 8000 Hz"):
            StreamEndpoint.load(LoadRequest(DeviceRef("cpu"), {}, None, {"stream": slow}))
