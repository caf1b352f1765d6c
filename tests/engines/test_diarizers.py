"""Engines of diarization on stand-ins for their libraries; clusters and segments by numbers; the parts of a cascade."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pytest_modellab.engines import on_torch, silero_vad
from pytest_modellab.engines.base import Clip, DeviceRef, LoadRequest, ModelPart, Transcript
from pytest_modellab.engines.control import Control
from pytest_modellab.engines.diarizer import SpeakerSegment
from pytest_modellab.engines.pyannote_audio import PyannoteAudio, PyannoteAudioOptions
from pytest_modellab.engines.sherpa_onnx_diarizer import (
    SherpaOnnxDiarizer,
    SherpaOnnxDiarizerOptions,
    model_files,
)
from pytest_modellab.engines.transcribed_speakers import (
    TranscribedSpeakers,
    TranscribedSpeakersOptions,
    joined,
)
from pytest_modellab.engines.voice_clusters import (
    LEVEL_DBFS,
    VoiceClusters,
    VoiceClustersOptions,
    clustered,
    segments,
    turned_up,
)

RATE = 16_000
CPU = DeviceRef("cpu")


def clip(seconds: float = 1.0) -> Clip:
    return Clip(np.full(round(seconds * RATE), 0.1, np.float32), RATE)


class TestVoiceClusters:
    def test_voices_are_told_apart_by_the_threshold_or_their_number(self) -> None:
        pytest.importorskip("scipy")
        voices = np.eye(3, 8, dtype=np.float32)[[1, 1, 0, 2, 0]] + 0.01
        assert clustered(voices, 0.5, None).tolist() == [0, 0, 1, 2, 1]
        assert set(clustered(voices, 1.5, None).tolist()) == {0}
        assert len({*clustered(voices, 0.5, 2).tolist()}) == 2
        assert clustered(voices[:1], 0.5, None).tolist() == [0]

    def test_a_stretch_is_divided_halfway_between_windows(self) -> None:
        found = [*segments(1.0, 5.0, np.array([1.5, 2.5, 3.5, 4.5]), [0, 0, 1, 0])]
        assert found == [
            *(SpeakerSegment(1.0, 3.0, "speaker_0"), SpeakerSegment(3.0, 4.0, "speaker_1")),
            SpeakerSegment(4.0, 5.0, "speaker_0"),
        ]

    def test_a_quiet_clip_is_turned_up_and_a_loud_one_left(self) -> None:
        quiet, loud = np.full(100, 1e-3, np.float32), np.full(100, 0.5, np.float32)
        assert turned_up(quiet)[0] == pytest.approx(10 ** (LEVEL_DBFS / 20))
        assert turned_up(loud)[0] == 0.5
        assert turned_up(np.zeros(10, np.float32)).tolist() == [0.0] * 10

    def test_two_voices_in_a_clip(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pytest.importorskip("scipy")
        monkeypatch.setattr(silero_vad, "speech", lambda *given: [(0, RATE), (2 * RATE, 3 * RATE)])

        def embed_utterance(samples: Any, **given: Any) -> Any:
            assert given == {"return_partials": True, "rate": 2.5}
            voice = np.eye(2, dtype=np.float32)[[round(float(samples[0]))]]
            return None, voice, [slice(0, 25_600)]

        engine = VoiceClusters(SimpleNamespace(embed_utterance=embed_utterance), VoiceClustersOptions())
        samples = np.zeros(3 * RATE, np.float32)
        samples[2 * RATE :] = 1.0
        assert engine.diarize(Clip(samples, RATE)) == [
            *(SpeakerSegment(0.0, 1.0, "speaker_0"), SpeakerSegment(2.0, 3.0, "speaker_1")),
        ]
        assert engine.facts()["speakers"] == "by the threshold"
        monkeypatch.setattr(silero_vad, "speech", lambda *given: [])
        assert engine.diarize(clip()) == []
        engine.synchronize()
        engine.close()

    @pytest.mark.parametrize(
        "given",
        [
            *({"threshold": 0}, {"speakers": 0}, {"step_s": 2}, {"vad_threshold": 1}, {"shortest_pause_s": 9}),
            {"cpu_threads": 0},
        ],
    )
    def test_options_have_bounds(self, given: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=next(iter(given))):
            VoiceClustersOptions(**given)


class Configs:
    """sherpa-onnx's classes: each keeps what it was given."""

    version = "2.0"

    def __init__(self, valid: bool = True, rate: int = RATE) -> None:
        self.valid, self.rate = valid, rate
        self.made: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        def make(*given: Any, **told: Any) -> Any:
            self.made[name] = SimpleNamespace(**told, given=given, validate=lambda: self.valid)
            if name != "OfflineSpeakerDiarization":
                return self.made[name]
            found = [SimpleNamespace(start=0.5, end=1.5, speaker=1)]
            result = SimpleNamespace(sort_by_start_time=lambda: found)
            return SimpleNamespace(sample_rate=self.rate, process=lambda samples: result)

        return make


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    for name in ("pyannote-segmentation-3-0/model.onnx", "pyannote-segmentation-3-0/model.int8.onnx", "titanet.onnx"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


class TestSherpaOnnx:
    def test_what_the_library_is_told(self, monkeypatch: pytest.MonkeyPatch, weights: Path) -> None:
        library = Configs()
        monkeypatch.setitem(sys.modules, "sherpa_onnx", library)
        engine = SherpaOnnxDiarizer.load(LoadRequest(CPU, {"threshold": 0.7, "speakers": 3}, weights))
        assert engine.diarize(clip()) == [SpeakerSegment(0.5, 1.5, "speaker_1")]
        pyannote = library.made["OfflineSpeakerSegmentationPyannoteModelConfig"]
        assert pyannote.model == str(weights / "pyannote-segmentation-3-0" / "model.onnx")
        assert library.made["SpeakerEmbeddingExtractorConfig"].model == str(weights / "titanet.onnx")
        clustering = library.made["FastClusteringConfig"]
        assert (clustering.num_clusters, clustering.threshold) == (3, 0.7)
        assert engine.facts()["speakers"] == 3
        engine.synchronize()
        engine.close()

    @pytest.mark.parametrize(
        ("library", "kind", "told"),
        [
            (Configs(valid=False), "cpu", "refuses the models"),
            (Configs(rate=8000), "cpu", "take 8000 Hz"),
            (Configs(), "cuda", "a build for the CPU"),
        ],
    )
    def test_what_will_not_do(
        self, monkeypatch: pytest.MonkeyPatch, weights: Path, library: Configs, kind: str, told: str
    ) -> None:
        monkeypatch.setitem(sys.modules, "sherpa_onnx", library)
        with pytest.raises(ValueError, match=told):
            SherpaOnnxDiarizer.load(LoadRequest(DeviceRef(kind), {}, weights))
        with pytest.raises(ValueError, match=r"needs .weights:"):
            SherpaOnnxDiarizer.load(LoadRequest(CPU, {}, None))

    def test_one_model_of_each(self, weights: Path) -> None:
        assert [path.name for path in model_files(weights, int8=True)] == ["model.int8.onnx", "titanet.onnx"]
        (weights / "other.onnx").touch()
        with pytest.raises(ValueError, match=r"found in .*: other.onnx, pyannote"):
            model_files(weights, int8=False)

    @pytest.mark.parametrize(
        "given", [{"threshold": 0}, {"speakers": 0}, {"min_duration_off_s": -1}, {"cpu_threads": 0}]
    )
    def test_options_have_bounds(self, given: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=next(iter(given))):
            SherpaOnnxDiarizerOptions(**given)

    @pytest.mark.skipif(not importlib.util.find_spec("sherpa_onnx"), reason="sherpa-onnx is not installed")
    def test_the_real_library_knows_all_that_it_is_told(self, weights: Path) -> None:
        # Files of no bytes: every call down to onnxruntime is the library's own.
        with pytest.raises(RuntimeError, match=r"model\.onnx failed.*does not have a graph"):
            SherpaOnnxDiarizer.load(LoadRequest(CPU, {}, weights))


class Annotation:
    """pyannote's: segments with labels."""

    def __init__(self, *labels: str) -> None:
        self.labels = labels

    def itertracks(self, yield_label: bool) -> Any:
        assert yield_label
        return ((SimpleNamespace(start=i, end=i + 1.5), "_", label) for i, label in enumerate(self.labels))


class TestPyannoteAudio:
    @pytest.fixture
    def library(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        """A pipeline that notes how it is called, in a module that stands for the library."""
        pytest.importorskip("torch")
        calls: list[Any] = []

        class Pipeline:
            gives: Any = SimpleNamespace(
                speaker_diarization=Annotation("A", "B"), exclusive_speaker_diarization=Annotation("A")
            )

            @classmethod
            def from_pretrained(cls, folder: Path) -> Any:
                return cls() if folder.name != "empty" else None

            def to(self, device: Any) -> None:
                calls.append(str(device))

            def __call__(self, heard: Any, **asked: Any) -> Any:
                calls.append((tuple(heard["waveform"].shape), heard["sample_rate"], asked))
                return self.gives

        monkeypatch.setitem(sys.modules, "pyannote.audio", SimpleNamespace(Pipeline=Pipeline))
        return SimpleNamespace(calls=calls, pipeline=Pipeline)

    def test_version_4_gives_two_annotations(self, library: Any, tmp_path: Path) -> None:
        engine = PyannoteAudio.load(LoadRequest(CPU, {"max_speakers": 4}, tmp_path))
        assert engine.diarize(clip()) == [SpeakerSegment(0, 1.5, "A"), SpeakerSegment(1, 2.5, "B")]
        assert library.calls == ["cpu", ((1, RATE), RATE, {"max_speakers": 4})]
        assert engine.facts()["device"] == "cpu"
        engine.synchronize()
        exclusive = PyannoteAudio.load(LoadRequest(CPU, {"exclusive": True}, tmp_path))
        assert exclusive.diarize(clip()) == [SpeakerSegment(0, 1.5, "A")]
        engine.close()

    def test_version_3_gives_the_annotation_itself(
        self, library: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(library.pipeline, "gives", Annotation("A"))
        assert len(PyannoteAudio.load(LoadRequest(CPU, {}, tmp_path)).diarize(clip())) == 1
        with pytest.raises(ValueError, match="no exclusive diarization"):
            PyannoteAudio.load(LoadRequest(CPU, {"exclusive": True}, tmp_path)).diarize(clip())

    def test_a_folder_without_a_pipeline_is_told(self, library: Any, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"it has no config.yaml"):
            PyannoteAudio.load(LoadRequest(CPU, {}, tmp_path / "empty"))
        with pytest.raises(ValueError, match=r"needs .weights:"):
            PyannoteAudio.load(LoadRequest(CPU, {}, None))
        assert on_torch.begin(CPU, "float32", 1).type == "cpu"

    @pytest.mark.parametrize(
        "given", [{"speakers": 0}, {"max_speakers": 0}, {"speakers": 2, "min_speakers": 1}, {"cpu_threads": 0}]
    )
    def test_options_have_bounds(self, given: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=next(iter(given))):
            PyannoteAudioOptions(**given)


class Part:
    """Both parts of a cascade: finds the same segments, and writes down the length of what it is given."""

    rate = RATE

    @classmethod
    def load(cls, request: LoadRequest) -> Part:
        return cls()

    def diarize(self, clip: Clip) -> list[SpeakerSegment]:
        return [SpeakerSegment(0.0, 1.0, "a"), SpeakerSegment(1.2, 2.0, "a"), SpeakerSegment(9.0, 9.5, "b")]

    def transcribe(self, clip: Clip) -> Transcript:
        return Transcript(f"{clip.seconds:.1f} s")

    def facts(self) -> dict[str, str]:
        return {"device": "cpu"}

    def synchronize(self) -> None: ...

    def close(self) -> None: ...


class TestTranscribedSpeakers:
    def request(self, *roles: str, engine: Any = Part) -> LoadRequest:
        parts = {role: ModelPart(engine, LoadRequest(CPU, {}, None)) for role in roles}
        return LoadRequest(CPU, {}, None, parts)

    def test_each_segment_is_recognised_with_its_margins(self) -> None:
        engine = TranscribedSpeakers.load(self.request("diarizer", "asr"))
        # The last lies behind the clip's end.
        assert engine.diarize(clip(2.05)) == [SpeakerSegment(0.0, 2.0, "a", "2.0 s"), SpeakerSegment(9.0, 9.5, "b", "")]
        assert engine.facts() == {"diarizer_device": "cpu", "asr_device": "cpu", "device": "cpu"}
        engine.synchronize()
        engine.close()

    def test_its_parts_are_needed_and_hear_the_same(self) -> None:
        with pytest.raises(ValueError, match="lacks asr"):
            TranscribedSpeakers.load(self.request("diarizer"))
        slow = type("Slow", (Part,), {"rate": 8000})
        with pytest.raises(ValueError, match="its diarizer takes 8000 Hz"):
            TranscribedSpeakers.load(self.request("diarizer", "asr", engine=slow))

    def test_segments_are_joined_where_nobody_else_begins(self) -> None:
        found = [
            *(SpeakerSegment(0, 1, "a"), SpeakerSegment(1.2, 2, "a"), SpeakerSegment(2.1, 3, "b")),
            *(SpeakerSegment(3.1, 4, "a"), SpeakerSegment(6, 7, "a")),
        ]
        assert [(each.start_s, each.end_s) for each in joined(found, 0.5, 25)] == [(0, 2), (2.1, 3), (3.1, 4), (6, 7)]
        assert len(joined(found, 9, 1.5)) == 5

    @pytest.mark.parametrize("given", [{"joined_within_s": -1}, {"longest_s": 999}, {"margin_s": 2}])
    def test_options_have_bounds(self, given: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=next(iter(given))):
            TranscribedSpeakersOptions(**given)


def test_what_is_wrong_on_purpose_hears_one_speaker() -> None:
    assert [*Control().diarize(clip(2.0))] == [SpeakerSegment(0.0, 2.0, "speaker")]
