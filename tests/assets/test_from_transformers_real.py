"""A real Hugging Face folder of a Whisper, converted for faster-whisper: it answers as what it was made from."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_modellab.assets.convert import NEEDS
from pytest_modellab.assets.store import Store
from pytest_modellab.catalog import load
from pytest_modellab.catalog.datasets import prepare
from pytest_modellab.catalog.weights import local_folder
from pytest_modellab.engines.base import DeviceRef, LoadRequest
from pytest_modellab.engines.faster_whisper import FasterWhisper

ROOT = Path(__file__).parents[2]
MODEL = """\
schema: modellab.model/1
model: known/faster-whisper-base
id: tuned
tiers: []
weights: {convert: {path: PATH, to: ctranslate2}}
"""
HEARD = 3
"""Clips."""


@pytest.mark.nightly("tests/assets/test_from_transformers.py::test_model_vocabulary_and_what_is_copied")
def test_it_answers_as_what_it_was_made_from(tmp_path: Path) -> None:
    for name in NEEDS["ctranslate2"]:
        pytest.importorskip(name)
    store = Store()
    ours = load(ROOT / "fixtures")
    hugging_face = local_folder(ours.models["transformers-whisper-base"], ours, store)
    (tmp_path / "lab/models").mkdir(parents=True)
    (tmp_path / "lab/models/tuned.yaml").write_text(MODEL.replace("PATH", str(hugging_face)), encoding="utf-8")
    catalog = load(tmp_path / "lab")
    folders = (
        local_folder(ours.models["faster-whisper-base"], ours, store),
        local_folder(catalog.models["tuned"], catalog, store),
    )
    options = {"beam_size": 5, "compute_type": "float32"}
    given, made = (FasterWhisper.load(LoadRequest(DeviceRef("cpu"), options, folder)) for folder in folders)
    for utterance in prepare(ours.datasets["smoke-en"], ours, store, asked=False).utterances[:HEARD]:
        clip = utterance.clip(16_000)
        assert made.transcribe(clip).text == given.transcribe(clip).text
