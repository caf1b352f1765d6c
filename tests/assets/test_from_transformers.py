"""A Hugging Face folder of a Whisper for faster-whisper: what is refused, and what a catalog says of it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from catalogs import write_catalog

from pytest_modellab.assets.convert import NEEDS, WeightsDamaged, convert, from_transformers, version
from pytest_modellab.assets.store import Store, StoreError, Unavailable
from pytest_modellab.catalog import Catalog, CatalogError, load, weights
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
        assert ("../tuned is no folder", "change `path` (models/mine.yaml:6)") in told

    def test_its_state(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(weights, "_installed", lambda name: True)
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


class Converter:
    """A stand-in of CTranslate2's converter, which writes what that writes."""

    def __init__(self, source: str) -> None:
        self.source = source

    def convert(self, folder: str) -> None:
        place = Path(folder)
        place.mkdir()
        for name in ("config.json", "model.bin", "vocabulary.json"):
            (place / name).write_text(self.source, encoding="utf-8")


class Tokenizer:
    """A stand-in of a tokenizer of transformers."""

    @classmethod
    def from_pretrained(cls, source: Path, *, use_fast: bool) -> Tokenizer:
        assert use_fast
        return cls()

    def save_pretrained(self, folder: str) -> None:
        (Path(folder) / "tokenizer.json").write_text("made", encoding="utf-8")


@pytest.fixture
def libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand-ins of what the process of the conversion imports."""
    monkeypatch.setitem(sys.modules, "ctranslate2", ModuleType("ctranslate2"))
    converters: Any = ModuleType("ctranslate2.converters")
    converters.TransformersConverter = Converter
    monkeypatch.setitem(sys.modules, "ctranslate2.converters", converters)
    transformers: Any = ModuleType("transformers")
    transformers.AutoTokenizer = Tokenizer
    monkeypatch.setitem(sys.modules, "transformers", transformers)


def test_it_is_made_of_a_folder_beside_the_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_installed", lambda name: True)
    monkeypatch.setattr(weights, "convert", lambda source, target, to: (to / "model.bin").write_bytes(b"made"))
    tuned(tmp_path)
    found = catalog(tmp_path)
    made = local_folder(found.models["mine"], found, Store(tmp_path / "store"))
    assert made is not None
    assert (made / "model.bin").read_bytes() == b"made"


class TestWritten:
    def folders(self, tmp_path: Path) -> tuple[Path, Path]:
        (tmp_path / "made").mkdir()
        return tuned(tmp_path), tmp_path / "made"

    def test_model_vocabulary_and_what_is_copied(self, libraries: None, tmp_path: Path) -> None:
        source, made = self.folders(tmp_path)
        for name in ("tokenizer.json", "preprocessor_config.json"):
            (source / name).write_text("given", encoding="utf-8")
        from_transformers._convert(source, made)
        names = {"config.json", "model.bin", "vocabulary.json", "tokenizer.json", "preprocessor_config.json"}
        assert {path.name for path in made.iterdir()} == names
        assert (made / "tokenizer.json").read_text() == "given"

    def test_a_tokenizer_of_several_files_becomes_one(self, libraries: None, tmp_path: Path) -> None:
        source, made = self.folders(tmp_path)
        from_transformers._convert(source, made)
        assert (made / "tokenizer.json").read_text() == "made"
        assert {path.name for path in made.iterdir()} == {
            "config.json",
            "model.bin",
            "vocabulary.json",
            "tokenizer.json",
        }

    def interpreter(self, folder: Path, script: str) -> str:
        """An executable in place of Python, which is given options, the module, the source and the folder."""
        path = folder / "python"
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    def test_it_is_done_by_another_process_without_a_connection(self, tmp_path: Path) -> None:
        source, made = self.folders(tmp_path)
        script = (
            'test "$HF_HUB_OFFLINE" = 1 || exit 9; for n in config.json model.bin tokenizer.json; do : > "$5/$n"; done'
        )
        from_transformers.write(source, made, self.interpreter(tmp_path, script))
        assert (made / "model.bin").is_file()

    def test_a_process_that_fails_is_told_with_what_it_said(self, tmp_path: Path) -> None:
        source, made = self.folders(tmp_path)
        with pytest.raises(WeightsDamaged, match=r"could not be converted \(exit code 9\):\nno such tensor"):
            from_transformers.write(source, made, self.interpreter(tmp_path, "echo no such tensor >&2; exit 9"))

    def test_one_that_leaves_something_out_is_refused(self, tmp_path: Path) -> None:
        source, made = self.folders(tmp_path)
        with pytest.raises(WeightsDamaged, match=r"was converted without config\.json, model\.bin, tokenizer\.json"):
            from_transformers.write(source, made, self.interpreter(tmp_path, ":"))
