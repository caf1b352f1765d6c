"""faster-whisper's options as people ship them, and the languages that weights have a token for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from pytest_modellab.assets.store import Store
from pytest_modellab.catalog.datasets import prepare
from pytest_modellab.catalog.load import load
from pytest_modellab.catalog.weights import local_folder
from pytest_modellab.engines.base import Clip, DeviceRef, LoadRequest
from pytest_modellab.engines.faster_whisper import VAD_PARAMETERS, FasterWhisper, FasterWhisperOptions

ROOT = Path(__file__).parents[2]
SILENCE = Clip(np.zeros(16_000, np.float32), 16_000, "en")
SHIPPED: dict[str, Any] = {
    "temperature": [0.0, 0.2, 0.4],
    "vad_filter": True,
    "vad_parameters": {"min_silence_duration_ms": 500, "threshold": 0.4},
    "hotwords": "Americans country",
    "no_repeat_ngram_size": 5,
    "hallucination_silence_threshold": 2.0,
    "without_timestamps": True,
}


def as_given(**options: Any) -> dict[str, Any]:
    """Options as a worker is given them."""
    adapter: TypeAdapter[Any] = TypeAdapter(FasterWhisperOptions)
    given: dict[str, Any] = adapter.dump_python(adapter.validate_python(options), mode="json")
    return given


class Heard:
    """A stand-in for the library's model, which keeps what it is called with."""

    supported_languages = ("en", "yue", "tl", "jw")

    def __init__(self, tokens: frozenset[str] = frozenset({"<|en|>", "<|tl|>", "<|jw|>"})) -> None:
        self.model = SimpleNamespace(is_multilingual=True, device="cpu", compute_type="int8", device_index=[0])
        self.feature_extractor = SimpleNamespace(chunk_length=30)
        self.hf_tokenizer = SimpleNamespace(token_to_id=lambda token: 1 if token in tokens else None)
        self.called: dict[str, Any] = {}

    def transcribe(self, samples: Any, **called: Any) -> Any:
        self.called = called
        return iter(()), SimpleNamespace(language="jw")


def engine(**options: Any) -> tuple[FasterWhisper, Heard]:
    heard = Heard()
    return FasterWhisper(heard, FasterWhisperOptions(**as_given(**options))), heard


def test_what_people_ship_reaches_the_library() -> None:
    shipped, heard = engine(**SHIPPED)
    shipped.transcribe(SILENCE)
    assert heard.called["temperature"] == (0.0, 0.2, 0.4)
    assert heard.called["vad_parameters"] == {"min_silence_duration_ms": 500, "threshold": 0.4}
    assert isinstance(heard.called["vad_parameters"]["min_silence_duration_ms"], int)
    for name in ("hotwords", "no_repeat_ngram_size", "hallucination_silence_threshold", "without_timestamps"):
        assert heard.called[name] == SHIPPED[name]
    assert heard.called["word_timestamps"] is True


def test_the_defaults_are_the_librarys_or_deterministic() -> None:
    plain, heard = engine()
    plain.transcribe(SILENCE)
    assert heard.called["temperature"] == (0.0,)
    assert heard.called["vad_parameters"] is None
    assert heard.called["hotwords"] is None
    assert heard.called["no_repeat_ngram_size"] == 0
    assert heard.called["hallucination_silence_threshold"] is None
    assert heard.called["without_timestamps"] is False
    assert heard.called["word_timestamps"] is False
    assert "nondeterministic" not in plain.facts()


@pytest.mark.parametrize("temperature", [0.4, [0.0, 0.4]])
def test_a_temperature_above_0_is_said_to_differ_from_run_to_run(temperature: Any) -> None:
    drawn, _ = engine(temperature=temperature)
    assert str(drawn.facts()["nondeterministic"]).endswith("0.4: what is drawn above 0 differs from run to run")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"temperature": [0.0, 1.5]}, "temperature must be between 0 and 1"),
        ({"temperature": []}, "temperature must be between 0 and 1"),
        ({"vad_parameters": {"threshold": 0.5}}, "vad_parameters go with `vad_filter: true`"),
        ({"vad_filter": True, "vad_parameters": {"treshold": 0.5}}, "vad_parameters: unknown treshold; allowed: max_"),
        ({"no_repeat_ngram_size": -1}, "no_repeat_ngram_size must not be negative"),
        ({"hallucination_silence_threshold": 0}, "hallucination_silence_threshold must be more than 0 seconds"),
    ],
)
def test_what_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        as_given(**options)


def test_the_names_of_vad_parameters_are_the_librarys() -> None:
    vad = pytest.importorskip("faster_whisper.vad")
    assert {*vad.VadOptions.__dataclass_fields__} >= VAD_PARAMETERS


class TestLanguages:
    def test_one_without_a_token_is_none_that_the_model_speaks(self) -> None:
        shipped, _ = engine()
        with pytest.raises(ValueError, match="the clip is in `yue`: this model speaks"):
            shipped.transcribe(Clip(SILENCE.samples, 16_000, "yue"))

    @pytest.mark.parametrize(("tag", "own"), [("fil", "tl"), ("jv", "jw"), ("en-GB", "en")])
    def test_the_model_is_told_its_own_name(self, tag: str, own: str) -> None:
        shipped, heard = engine()
        shipped.transcribe(Clip(SILENCE.samples, 16_000, tag))
        assert heard.called["language"] == own

    def test_what_it_detects_is_told_by_the_canonical_name(self) -> None:
        shipped, _ = engine(language="auto")
        assert shipped.transcribe(SILENCE).language == "jv"


@pytest.fixture(scope="module")
def folder() -> Path | None:
    catalog = load(ROOT / "fixtures", ROOT)
    return local_folder(catalog.models["faster-whisper-base"], catalog, Store())


@pytest.fixture(scope="module")
def base(folder: Path) -> Iterator[FasterWhisper]:
    loaded = FasterWhisper.load(LoadRequest(DeviceRef("cpu"), as_given(compute_type="int8", **SHIPPED), folder))
    yield loaded
    loaded.close()


class TestRealWeights:
    def test_weights_of_before_large_v3_have_no_cantonese(self, base: FasterWhisper, folder: Path) -> None:
        assert len(base.spoken) == 99
        assert "yue" not in base.spoken
        with pytest.raises(ValueError, match="language `yue`: this model speaks 99 languages"):
            FasterWhisper.load(LoadRequest(DeviceRef("cpu"), as_given(language="yue"), folder))

    def test_a_clip_is_recognised_with_all_options_set(self, base: FasterWhisper) -> None:
        catalog = load(ROOT / "fixtures", ROOT)
        clip = prepare(catalog.datasets["smoke-en"], catalog, Store()).utterances[0].clip(16_000)
        assert len(base.transcribe(clip).text.split()) > 5
