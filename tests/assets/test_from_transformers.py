"""A Hugging Face folder of a Whisper for faster-whisper: what is refused, and what a catalog says of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from catalogs import write_catalog

from pytest_modellab.assets.convert import NEEDS, WeightsDamaged, convert, version
from pytest_modellab.assets.store import Store, StoreError, Unavailable
from pytest_modellab.catalog import Catalog, CatalogError, load
from pytest_modellab.catalog.weights import digest, hindrances, local_folder, state

MODEL = """\
schema: modellab.model/1
id: mine
engine: faster-whisper
tasks: [asr]
tiers: [smoke]
weights: {convert: CONVERT}
devices: {cpu: {}}
"""
PATH = "{path: ../tuned, to: ctranslate2}"


def catalog(folder: Path, how: str = PATH) -> Catalog:
    files = {"models/mine.yaml": MODEL.replace("CONVERT", how)}
    return load(write_catalog(folder, models=(), files=files), folder)


def tuned(folder: Path, config: str = '{"model_type": "whisper"}') -> Path:
    place = folder / "tuned"
    place.mkdir(exist_ok=True)
    (place / "config.json").write_text(config, encoding="utf-8")
    (place / "model.safetensors").write_bytes(b"none")
    return place


class TestSpec:
    @pytest.mark.parametrize(
        ("how", "why"),
        [
            ("{path: ../tuned, to: whisper-cpp}", "`path` goes with `to: ctranslate2`"),
            ("{from: mine, to: ctranslate2}", "`path` goes with `to: ctranslate2`"),
            ("{to: ctranslate2}", "give `from`, a model of this catalog, or `path`, a folder"),
            ("{from: mine, path: x, to: ctranslate2}", "give `from`, a model of this catalog, or `path`, a folder"),
        ],
    )
    def test_one_source_that_goes_with_the_target(self, how: str, why: str, tmp_path: Path) -> None:
        with pytest.raises(CatalogError, match=why):
            catalog(tmp_path, how)

    def test_other_files_are_other_weights(self, tmp_path: Path) -> None:
        found = catalog(tmp_path)
        tuned(tmp_path)
        before = digest(found.models["mine"], found)
        tuned(tmp_path, '{"model_type": "whisper", "d_model": 8}')
        assert digest(found.models["mine"], found) != before

    def test_another_version_of_the_library_writes_other_weights(self) -> None:
        assert version("ctranslate2") != version("transformers")

    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        found = catalog(tmp_path)
        with pytest.raises(Unavailable, match="no such folder"):
            local_folder(found.models["mine"], found, Store(tmp_path / "store"))
        told = hindrances(found.models["mine"], found, Store(tmp_path / "store"))
        assert ("../tuned is no folder", "change `path` (models/mine.yaml:1)") in told

    def test_its_state(self, tmp_path: Path) -> None:
        found = catalog(tmp_path)
        tuned(tmp_path)
        assert state(found.models["mine"], found, Store(tmp_path / "store")) == ("-", "made from ../tuned when needed")
        assert not hindrances(found.models["mine"], found, Store(tmp_path / "store"))


class TestRefused:
    def test_another_model(self, tmp_path: Path) -> None:
        source = tuned(tmp_path, '{"model_type": "wav2vec2"}')
        with pytest.raises(
            WeightsDamaged, match="is no Hugging Face folder of a Whisper: it is a Hugging Face folder of"
        ):
            convert(source, "ctranslate2", tmp_path / "made")

    def test_a_folder_in_the_format_already(self, tmp_path: Path) -> None:
        source = tmp_path / "given"
        source.mkdir()
        for name in ("config.json", "model.bin"):
            (source / name).write_text("{}", encoding="utf-8")
        with pytest.raises(WeightsDamaged, match="it is a folder in CTranslate2's format"):
            convert(source, "ctranslate2", tmp_path / "made")

    def test_weights_that_are_damaged(self, tmp_path: Path) -> None:
        for name in NEEDS["ctranslate2"]:
            pytest.importorskip(name)
        tuned(tmp_path)
        found = catalog(tmp_path)
        with pytest.raises(StoreError, match=r"weights of mine can't be converted: .*could not be converted"):
            local_folder(found.models["mine"], found, Store(tmp_path / "store"))
