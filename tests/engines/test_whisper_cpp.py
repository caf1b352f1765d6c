"""whisper.cpp on a stand-in for its library: what it is told, and what is made of its answer."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pytest_modellab.engines.base import Clip, DeviceRef, LoadRequest, Transcript
from pytest_modellab.engines.whisper_cpp import WhisperCpp, WhisperCppOptions

RATE = 16_000
LANGUAGES = ("en", "de", "jw", "yue")


class Library:
    """The C interface: answers with `segments`, in the language of `heard` where it is to detect one."""

    def __init__(self, vocabulary: int = 51_765 + 1 + 3) -> None:
        self.vocabulary = vocabulary
        self.segments: list[bytes] = []
        self.heard = 0
        self.code = 0
        self.told: list[str] = []

    def whisper_full(self, context: Any, parameters: Any, samples: Any, count: int) -> int:
        assert samples.dtype == np.float32
        assert len(samples) == count
        self.told.append(parameters.language)
        return self.code

    def whisper_full_n_segments(self, context: Any) -> int:
        return len(self.segments)

    def whisper_full_get_segment_text(self, context: Any, i: int) -> bytes:
        return self.segments[i]

    def whisper_full_lang_id(self, context: Any) -> int:
        return self.heard

    def whisper_lang_str(self, id: int) -> str:
        return LANGUAGES[id]

    def whisper_lang_max_id(self) -> int:
        return len(LANGUAGES) - 1

    def whisper_is_multilingual(self, context: Any) -> bool:
        return self.vocabulary >= 51_765 + 1

    def whisper_n_vocab(self, context: Any) -> int:
        return self.vocabulary

    def whisper_model_ftype(self, context: Any) -> int:
        return 1


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Library:
    found = Library()

    def model(path: str, **given: Any) -> Any:
        return SimpleNamespace(path=path, given=given, _ctx=object(), _params=SimpleNamespace())

    monkeypatch.setitem(sys.modules, "_pywhispercpp", found)
    monkeypatch.setitem(sys.modules, "pywhispercpp", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "pywhispercpp.model", SimpleNamespace(Model=model))
    (tmp_path / "ggml-model.bin").touch()
    return found


def loaded(folder: Path, **options: Any) -> WhisperCpp:
    return WhisperCpp.load(LoadRequest(DeviceRef("cpu"), options, folder))


def clip(language: str | None = None) -> Clip:
    return Clip(np.zeros(RATE, np.float32), RATE, language)


def test_segments_are_joined_as_they_are_written(library: Library, tmp_path: Path) -> None:
    # A character may begin in one segment and end in the next.
    library.segments = [b" One", b" two,", "日".encode()[:2], "日".encode()[2:]]
    assert loaded(tmp_path).transcribe(clip("en")) == Transcript("One two,日")


def test_a_language_is_told_or_detected(library: Library, tmp_path: Path) -> None:
    library.segments, library.heard = [b" ja"], 2
    engine = loaded(tmp_path)
    assert engine.transcribe(clip("jv")).language is None
    assert engine.transcribe(clip()).language == "jv"
    assert loaded(tmp_path, language="auto").transcribe(clip("de")).language == "jv"
    library.segments = []
    assert engine.transcribe(clip()) == Transcript("")
    assert library.told == ["jw", "auto", "auto", "auto"]


def test_languages_are_those_that_the_weights_know(library: Library, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the clip is in `yue`: this model speaks de, en, jw"):
        loaded(tmp_path).transcribe(clip("yue"))
    with pytest.raises(ValueError, match="language `klingon`: this model speaks de, en, jw"):
        loaded(tmp_path, language="klingon")
    library.vocabulary, library.segments = 51_765, [b"x"]
    assert loaded(tmp_path).transcribe(clip()).language is None
    with pytest.raises(ValueError, match="the clip is in `de`: this model speaks en"):
        loaded(tmp_path).transcribe(clip("de"))


def test_a_failure_is_no_empty_answer(library: Library, tmp_path: Path) -> None:
    library.code = -6
    with pytest.raises(RuntimeError, match="failed with code -6"):
        loaded(tmp_path).transcribe(clip("en"))


def test_decoding_is_deterministic_and_carries_nothing_over(library: Library, tmp_path: Path) -> None:
    given = loaded(tmp_path)._model.given
    assert given["context_params"] == {"use_gpu": False, "flash_attn": True}
    assert (given["params_sampling_strategy"], given["beam_search"]["beam_size"]) == (1, 5)
    assert (given["temperature_inc"], given["n_max_text_ctx"], given["n_threads"]) == (0.0, 0, 2)
    assert "initial_prompt" not in given
    greedy = loaded(tmp_path, beam_size=1, condition_on_previous_text=True, initial_prompt="Hello.")._model.given
    assert (greedy["params_sampling_strategy"], greedy["n_max_text_ctx"]) == (0, 224)
    assert greedy["initial_prompt"] == "Hello."


def test_what_it_loads(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = loaded(tmp_path)
    assert engine._model.path == str(tmp_path / "ggml-model.bin")
    assert (engine.facts()["device"], engine.facts()["dtype"]) == ("cpu", "float16")
    engine.synchronize()
    engine.close()

    broken = SimpleNamespace(Model=lambda path, **given: SimpleNamespace(_ctx=None))
    monkeypatch.setitem(sys.modules, "pywhispercpp.model", broken)
    with pytest.raises(ValueError, match=r"ggml-model\.bin is no model that whisper\.cpp can load"):
        loaded(tmp_path)
    (tmp_path / "other.bin").touch()
    with pytest.raises(ValueError, match=r"found in .*: ggml-model\.bin, other\.bin"):
        loaded(tmp_path)
    with pytest.raises(ValueError, match="needs `weights:`"):
        WhisperCpp.load(LoadRequest(DeviceRef("cpu"), {}, None))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"beam_size": 0}, "beam_size must be between 1 and 8"),
        ({"beam_size": 9}, "beam_size must be between 1 and 8"),
        ({"cpu_threads": 0}, "cpu_threads must be at least 1"),
        ({"temperature": 2.0}, "temperature must be between 0 and 1"),
        ({"initial_prompt": "x"}, "initial_prompt goes with"),
    ],
)
def test_bounds(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        WhisperCppOptions(**options)
