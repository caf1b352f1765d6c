"""sherpa-onnx with the files that moonshine-voice loads, on the same clips."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytest_modellab.assets.store import Store
from pytest_modellab.catalog.datasets import prepare
from pytest_modellab.catalog.load import load
from pytest_modellab.catalog.validate import full_options
from pytest_modellab.catalog.weights import local_folder
from pytest_modellab.engines.base import Clip, DeviceRef, LoadRequest
from pytest_modellab.engines.registry import available, engine_class

ROOT = Path(__file__).parents[2]
RATE = 16_000


def test_the_same_files_give_the_same_text() -> None:
    catalog, store = load(ROOT / "fixtures", ROOT), Store()
    utterances = prepare(catalog.datasets["smoke-en"], catalog, store).utterances
    clips = [Clip(each.samples(RATE), RATE, "en") for each in utterances]

    def heard(id: str) -> list[str]:
        model = catalog.models[id]
        request = LoadRequest(DeviceRef("cpu"), full_options(model, "cpu"), local_folder(model, catalog, store))
        engine: Any = engine_class(available()[model.engine]).load(request)
        texts = [engine.transcribe(clip).text for clip in clips]
        if id.startswith("sherpa"):
            assert [each.text for each in engine.transcribe_batch(clips)] == texts
        engine.close()
        return texts

    ours, theirs = heard("sherpa-onnx-moonshine-tiny-en"), heard("moonshine-tiny-en")
    # In falsetto the two differ by two words.
    assert sum(one == other for one, other in zip(ours, theirs, strict=True)) >= 4
