"""Known models: what `model: known/ID` stands for, and what a catalog may say besides."""

from __future__ import annotations

from pathlib import Path

import pytest
from catalogs import COMMIT, write_catalog

from pytest_modellab.catalog import Catalog, CatalogError, known, load
from pytest_modellab.engines.registry import available, engine_class, needs_weights

BASE = "faster-whisper-base"


def with_known(folder: Path, text: str, *, devices: str | None = None, name: str = "mine") -> Catalog:
    head = "schema: modellab.model/1\n"
    return load(write_catalog(folder, models=(), files={f"models/{name}.yaml": head + text, "devices.yaml": devices}))


def told(folder: Path, text: str) -> str:
    with pytest.raises(CatalogError) as caught:
        with_known(folder, text)
    return str(caught.value)


@pytest.mark.parametrize("name", known.names())
class TestEach:
    def test_its_file_is_named_after_it_and_says_no_tiers(self, name: str) -> None:
        content = known.content(name)
        assert content["id"] == name
        assert "tiers" not in content

    def test_it_loads_in_an_empty_catalog(self, name: str, tmp_path: Path) -> None:
        model = with_known(tmp_path, f"model: known/{name}\ntiers: [smoke]\n").models[name]
        assert model.tiers == ("smoke",)
        assert model.engine in available()

    def test_its_weights_are_pinned(self, name: str, tmp_path: Path) -> None:
        model = with_known(tmp_path, f"model: known/{name}\ntiers: []\n").models[name]
        weights = model.weights
        if weights is None:
            assert needs_weights(engine_class(model.engine_target or "")) is not True
        else:
            assert weights.files or weights.snapshot or (weights.convert and weights.convert.source in known.names())

    def test_its_licence_is_told(self, name: str) -> None:
        assert known.content(name)["licence"]


def test_every_digest_of_the_mirrors_is_of_a_known_model(tmp_path: Path) -> None:
    contents = [known.content(name) for name in known.names()]
    files = [file for each in contents for file in ((each.get("weights") or {}).get("files") or {}).values()]
    catalog = with_known(tmp_path, f"model: known/{BASE}\ntiers: []\n")
    assert set(catalog.mirrors) <= {file["sha256"] for file in files}


class TestOwnKeys:
    def test_a_key_of_the_file_counts_instead(self, tmp_path: Path) -> None:
        model = with_known(tmp_path, f"model: known/{BASE}\nid: mine\ntitle: Mine\ntiers: []\n").models["mine"]
        assert (model.title, model.engine) == ("Mine", "faster-whisper")

    def test_options_are_taken_together(self, tmp_path: Path) -> None:
        text = f"model: known/{BASE}\ntiers: []\noptions: {{language: de}}\n"
        assert with_known(tmp_path, text).models[BASE].options == {"beam_size": 5, "language": "de"}

    def test_devices_are_those_that_the_file_names_with_the_known_options(self, tmp_path: Path) -> None:
        text = f"model: known/{BASE}\ntiers: []\ndevices: {{cpu: {{cpu_threads: 4}}}}\n"
        model = with_known(tmp_path, text).models[BASE]
        assert model.devices == {"cpu": {"compute_type": "int8", "cpu_threads": 4}}

    def test_devices_that_the_catalog_lacks_are_left_out(self, tmp_path: Path) -> None:
        devices = "schema: modellab.devices/1\ndevices: [{id: cpu, kind: cpu}]\n"
        catalog = with_known(tmp_path, f"model: known/{BASE}\ntiers: []\n", devices=devices)
        assert list(catalog.models[BASE].devices) == ["cpu"]

    def test_a_catalog_with_none_of_them_is_told(self, tmp_path: Path) -> None:
        devices = "schema: modellab.devices/1\ndevices: [{id: big, kind: cuda}]\n"
        with pytest.raises(CatalogError, match=r"mine\.yaml:2: unknown device `cpu`"):
            with_known(tmp_path, f"model: known/{BASE}\ntiers: []\n", devices=devices)

    def test_a_model_of_the_catalog_with_that_id_is_another(self, tmp_path: Path) -> None:
        own = f"id: {BASE}\nengine: faster-whisper\ntasks: [asr]\ntiers: []\ndevices: {{cpu: {{}}}}\n"
        weights = f"weights: {{repo: org/own, revision: {COMMIT}}}\n"
        model = with_known(tmp_path, own + weights).models[BASE]
        assert model.weights is not None
        assert model.weights.repo == "org/own"

    def test_variants(self, tmp_path: Path) -> None:
        text = f"model: known/{BASE}\ntiers: []\nvariants: {{beam1: {{options: {{beam_size: 1}}}}}}\n"
        assert with_known(tmp_path, text).models[f"{BASE}+beam1"].options["beam_size"] == 1

    def test_what_it_is_converted_from_comes_with_it(self, tmp_path: Path) -> None:
        catalog = with_known(tmp_path, "model: known/whisper-cpp-base\ntiers: [smoke]\n")
        assert catalog.models[BASE].tiers == ()

    def test_a_mirror_of_the_catalog_goes_before_the_known_ones(self, tmp_path: Path) -> None:
        weights = known.content(BASE)["weights"]["files"]
        digest = weights["config.json"]["sha256"]
        mirrors = f"schema: modellab.mirrors/1\nmirrors:\n  {digest}: [{{parts: [{{folder: here, member: x}}]}}]\n"
        files = {"mirrors.yaml": mirrors}
        catalog = load(write_catalog(tmp_path, files=files))
        assert [mirror.parts[0].folder for mirror in catalog.mirrors[digest]] == ["here", None]


class TestWrong:
    def test_a_name_that_is_not_known(self, tmp_path: Path) -> None:
        said = told(tmp_path, "model: known/faster-whisper-bass\ntiers: []\n")
        assert (
            "mine.yaml:2: no known model `known/faster-whisper-bass`; did you mean `known/faster-whisper-base`" in said
        )

    def test_a_name_without_what_is_before_it(self, tmp_path: Path) -> None:
        assert f"mine.yaml:2: no known model `{BASE}`" in told(tmp_path, f"model: {BASE}\ntiers: []\n")

    def test_no_tiers(self, tmp_path: Path) -> None:
        assert "mine.yaml:1: missing key `tiers`" in told(tmp_path, f"model: known/{BASE}\n")

    def test_a_misspelt_key_beside_it(self, tmp_path: Path) -> None:
        assert "mine.yaml:3: unknown key `tier`" in told(tmp_path, f"model: known/{BASE}\ntier: [smoke]\ntiers: []\n")

    def test_an_option_that_the_engine_has_not(self, tmp_path: Path) -> None:
        said = told(tmp_path, f"model: known/{BASE}\ntiers: []\noptions:\n  beams: 1\n")
        assert "mine.yaml:5: unknown option `beams`" in said

    def test_options_that_are_none(self, tmp_path: Path) -> None:
        assert "mine.yaml:4: " in told(tmp_path, f"model: known/{BASE}\ntiers: []\noptions: fast\n")
