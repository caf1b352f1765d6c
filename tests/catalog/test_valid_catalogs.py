"""Catalogs that load."""

from pathlib import Path

import pytest
from catalogs import SHA, model_yaml, write_catalog
from spoiled_catalog import DATASET_FILE, MODEL_FILE, VALID, spoiled, with_model

from pytest_modellab.catalog import load
from pytest_modellab.catalog.specs import DeviceSpec

ROOT = Path(__file__).parents[2]


class TestWhatLoads:
    def test_the_catalog_of_this_repository(self) -> None:
        catalog = load(ROOT / "fixtures")

        assert {"faster-whisper-base", "faster-whisper-tiny.en"} <= set(catalog.models)
        assert "smoke-en" in catalog.datasets
        assert set(catalog.devices) == {"cpu", "cuda", "mps"}
        assert catalog.grades["asr"].criteria["wer"]["A+"] < catalog.grades["asr"].criteria["wer"]["C"]

    def test_the_weights_of_this_repository_all_have_a_mirror(self) -> None:
        catalog = load(ROOT / "fixtures")
        models = [catalog.models[name].weights for name in ("faster-whisper-base", "faster-whisper-tiny.en")]
        pinned = {file.sha256 for weights in models if weights and weights.files for file in weights.files.values()}
        assert pinned <= set(catalog.mirrors)

    def test_the_catalog_that_the_other_tests_spoil(self, tmp_path: Path) -> None:
        catalog = load(write_catalog(tmp_path / "fixtures", files=dict(VALID)))

        model = catalog.models["tiny"]
        assert model.options_on("cuda") == {"beam_size": 5, "compute_type": "float16"}
        assert model.origin == f"{tmp_path}/fixtures/models/tiny.yaml:1"
        assert [catalog.shown(limit.origin) for limit in catalog.limits] == [
            "fixtures/limits.yaml:3",
            "fixtures/limits.yaml:4",
            "fixtures/limits.yaml:5",
        ]
        assert [len(mirror.parts) for mirror in catalog.mirrors[SHA]] == [2]

    def test_a_catalog_without_devices_has_one_of_each_kind(self, tmp_path: Path) -> None:
        folder = write_catalog(tmp_path, files={"devices.yaml": None})
        assert load(folder).devices == {kind: DeviceSpec(id=kind, kind=kind) for kind in ("cpu", "cuda", "mps")}

    def test_a_catalog_without_grades_has_the_bands_of_the_package(self, tmp_path: Path) -> None:
        folder = write_catalog(tmp_path, files={"grades.yaml": None})
        assert set(load(folder).grades["asr"].criteria) == {"wer", "rtf", "success_rate"}

    def test_only_models_and_data_are_needed(self, tmp_path: Path) -> None:
        names = ("devices.yaml", "limits.yaml", "grades.yaml", MODEL_FILE, DATASET_FILE)
        catalog = load(write_catalog(tmp_path, files=dict.fromkeys(names)))
        assert not catalog.models
        assert not catalog.limits

    @pytest.mark.parametrize("change", ["\ufeff{}", "# a comment\n{}", "---\n{}"])
    def test_marks_and_comments_ahead_of_the_text(self, tmp_path: Path, change: str) -> None:
        assert with_model(tmp_path, change.format(model_yaml("tiny"))) == []

    def test_line_ends_of_windows(self, tmp_path: Path) -> None:
        assert with_model(tmp_path, model_yaml("tiny").replace("\n", "\r\n")) == []

    def test_an_anchor_used_twice(self, tmp_path: Path) -> None:
        text = model_yaml("tiny").replace("cpu: {compute_type: int8}", "cpu: &options {compute_type: int8}")
        assert with_model(tmp_path, text.replace("cuda: {compute_type: float16}", "cuda: *options")) == []

    def test_both_suffixes_of_yaml(self, tmp_path: Path) -> None:
        folder = write_catalog(tmp_path, files={MODEL_FILE: None, "models/tiny.yml": model_yaml("tiny")})
        assert set(load(folder).models) == {"tiny"}

    @pytest.mark.parametrize("value", ["0.15", "1.5e-1", "15e-2", "0"])
    def test_numbers_however_written(self, tmp_path: Path, value: str) -> None:
        assert spoiled(tmp_path, "limits.yaml", "0.15", value) == []
