"""onnx-asr on a stand-in for its library: what it is told, languages, and the device that it is really on."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import numpy as np
import pytest

from pytest_modellab.engines.base import Clip, DeviceRef, LoadRequest
from pytest_modellab.engines.onnx_asr import Architecture, OnnxAsr, OnnxAsrOptions

RATE = 16_000
TOKENS = {"<|en|>": 0, "<|de|>": 1, "<|pnc|>": 2, "<|itn|>": 3, "<|transcribe|>": 4, "a": 5}


class Session:
    def __init__(self, provider: str) -> None:
        self.provider = provider

    def get_providers(self) -> list[str]:
        return [self.provider]


class Library:
    """The library and onnxruntime: keeps what it was told, and opens its sessions on `provider`."""

    def __init__(self) -> None:
        self.provider = "CPUExecutionProvider"
        self.available = ["CPUExecutionProvider"]
        self.loaded: tuple[Any, ...] = ()
        self.given: dict[str, Any] = {}
        self.told: list[dict[str, Any]] = []

    def load_model(self, architecture: str, path: Path, **given: Any) -> Any:
        self.loaded, self.given = (architecture, path), given
        asr = SimpleNamespace(_tokens=TOKENS, _encoder=Session(self.provider), config={})
        return SimpleNamespace(asr=asr, recognize=self.recognize)

    def recognize(self, clips: list[Any], **options: Any) -> list[str]:
        assert all(samples.dtype == np.float32 for samples in clips)
        self.told.append(options)
        return [f" text of {len(samples)} " for samples in clips]

    def SessionOptions(self) -> Any:
        return SimpleNamespace()

    def get_available_providers(self) -> list[str]:
        return self.available


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    found = Library()
    monkeypatch.setitem(sys.modules, "onnx_asr", found)
    monkeypatch.setitem(sys.modules, "onnxruntime", found)
    return found


def loaded(folder: Path, kind: str = "cpu", **options: Any) -> OnnxAsr:
    return OnnxAsr.load(LoadRequest(DeviceRef(kind), {"architecture": "whisper", **options}, folder))


def clip(language: str | None = None) -> Clip:
    return Clip(np.zeros(RATE, np.float32), RATE, language)


def test_what_the_library_is_told(library: Library, tmp_path: Path) -> None:
    engine = loaded(tmp_path, architecture="nemo-conformer-tdt", quantization="int8", cpu_threads=1)
    assert library.loaded == ("nemo-conformer-tdt", tmp_path)
    assert library.given["providers"] == ["CPUExecutionProvider"]
    assert library.given["quantization"] == "int8"
    assert library.given["sess_options"].intra_op_num_threads == 1
    assert engine.transcribe(clip("de")).text == f"text of {RATE}"
    assert library.told == [{"sample_rate": RATE}]
    assert engine.facts()["long_audio"] == "whole"
    engine.synchronize()
    engine.close()


def test_a_language_is_told_where_the_model_takes_one(library: Library, tmp_path: Path) -> None:
    engine = loaded(tmp_path)
    assert engine.spoken == ("en", "de")
    assert engine.facts()["chunk_s"] == 30
    engine.transcribe(clip("de-AT"))
    engine.transcribe(clip())
    loaded(tmp_path, language="en").transcribe(clip("de"))
    loaded(tmp_path, architecture="nemo-conformer-aed", punctuation=False).transcribe(clip("de"))
    assert [told.get("language") for told in library.told] == ["de", None, "en", "de"]
    assert library.told[-1]["pnc"] is False
    with pytest.raises(ValueError, match="the clip is in `fr`: this model speaks de, en"):
        engine.transcribe(clip("fr"))
    with pytest.raises(ValueError, match="language `klingon`"):
        loaded(tmp_path, language="klingon")


def test_clips_in_one_language_share_a_call(library: Library, tmp_path: Path) -> None:
    clips = [
        Clip(np.zeros(length, np.float32), RATE, language) for length, language in ((1, "en"), (2, "de"), (3, "en"))
    ]
    engine = loaded(tmp_path, batch_size=8)
    assert [each.text for each in engine.transcribe_batch(clips)] == ["text of 1", "text of 2", "text of 3"]
    assert [told["language"] for told in library.told] == ["en", "de"]
    loaded(tmp_path, architecture="nemo-conformer-ctc", batch_size=8).transcribe_batch(clips)
    assert len(library.told) == 3


def test_the_device_is_the_one_that_it_is_really_on(library: Library, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="this onnxruntime is a build for the CPU"):
        loaded(tmp_path, "cuda")
    library.available.insert(0, "CUDAExecutionProvider")
    assert loaded(tmp_path, "cuda").facts()["device"] == "cpu"
    assert library.given["providers"][0] == ("CUDAExecutionProvider", {"device_id": 0})
    library.provider = "CUDAExecutionProvider"
    assert loaded(tmp_path, "cuda").facts()["device"] == "cuda:0"
    with pytest.raises(ValueError, match="needs `weights:`"):
        OnnxAsr.load(LoadRequest(DeviceRef("cpu"), {"architecture": "whisper"}, None))


@pytest.mark.parametrize("architecture", get_args(Architecture))
def test_the_library_knows_each_architecture(architecture: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("onnx_asr") is None:
        pytest.skip("onnx-asr is not installed")
    import onnx_asr
    from onnx_asr.utils import ModelFileNotFoundError

    with pytest.raises(ModelFileNotFoundError):
        onnx_asr.load_model(architecture, tmp_path)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"cpu_threads": 0}, "cpu_threads must be at least 1"),
        ({"batch_size": 0}, "batch_size must be between 1 and 256"),
        (
            {"architecture": "t-one-ctc", "language": "ru"},
            "language goes with nemo-conformer-aed, whisper, whisper-ort",
        ),
        ({"architecture": "nemo-conformer-aed", "language": "auto"}, "Canary detects none"),
        ({"punctuation": True}, "punctuation goes with nemo-conformer-aed"),
    ],
)
def test_bounds(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        OnnxAsrOptions(**{"architecture": "whisper", **options})
