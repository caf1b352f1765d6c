"""whisper.cpp with the weights that faster-whisper loads, on the same clips."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytest_modellab.assets.store import Store
from pytest_modellab.catalog.datasets import prepare
from pytest_modellab.catalog.load import load
from pytest_modellab.catalog.weights import local_folder
from pytest_modellab.core.text import TextRules
from pytest_modellab.engines.base import Clip, DeviceRef, LoadRequest
from pytest_modellab.engines.registry import available, engine_class

ROOT = Path(__file__).parents[2]
RATE = 16_000


def test_the_same_weights_give_the_same_words() -> None:
    catalog, store = load(ROOT / "fixtures", ROOT), Store()
    clips = [
        Clip(each.samples(RATE), RATE, "en")
        for each in prepare(catalog.datasets["smoke-en"], catalog, store).utterances
    ]

    def heard(id: str, **options: Any) -> list[str]:
        model = catalog.models[id]
        folder = local_folder(model, catalog, store)
        # Greedy: with a beam the two search otherwise.
        engine: Any = engine_class(available()[model.engine]).load(
            LoadRequest(DeviceRef("cpu"), {"beam_size": 1, **options}, folder)
        )
        texts = [engine.transcribe(clip).text for clip in clips]
        assert engine.transcribe(clips[0]).text == texts[0], "an answer depends on the clips before"
        engine.close()
        return texts

    theirs = heard("faster-whisper-tiny.en", compute_type="float32")
    ours = heard("whisper-cpp-tiny.en")
    normalize = TextRules("whisper-english").of("en")
    assert [normalize(text) for text in ours] == [normalize(text) for text in theirs]
    assert sum(one == other for one, other in zip(ours, theirs, strict=True)) >= 2
