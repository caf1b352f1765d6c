"""Variants of a model: expanded into models, checked at their own lines, named by globs with a `+`."""

from __future__ import annotations

from pathlib import Path

import pytest
from catalogs import dataset_yaml, model_yaml, write_catalog
from spoiled_catalog import MODEL_FILE, VALID, complaints

from pytest_modellab.catalog import Catalog, load
from pytest_modellab.catalog import cache as catalog_cache
from pytest_modellab.catalog.cases import Selection, plan
from pytest_modellab.catalog.load import load as load_anew
from pytest_modellab.catalog.validate import full_options
from pytest_modellab.catalog.variants import base_of
from pytest_modellab.catalog.weights import digest

VARIANTS = """\
variants:
  b8: {options: {batch_size: 8}}
  float32:
    title: Tiny in float32
    tiers: [real_e2e]
    options: {compute_type: float32}
"""


def made(folder: Path, variants: str = VARIANTS) -> Catalog:
    """The valid catalog with these lines at the end of its model."""
    files = {"models/tiny.yaml": model_yaml("tiny") + variants, "datasets/talk.yaml": dataset_yaml("talk")}
    return load(write_catalog(folder / "fixtures", files=files))


def wrong(folder: Path, variants: str, **more: str) -> list[str]:
    files = {**VALID, MODEL_FILE: model_yaml("tiny") + variants, **more}
    return complaints(write_catalog(folder / "fixtures", files=files))


FIRST = model_yaml("tiny").count("\n") + 2
"""The line of the first variant."""


class TestExpansion:
    def test_each_is_a_model_behind_its_own(self, tmp_path: Path) -> None:
        catalog = made(tmp_path)
        assert list(catalog.models) == ["tiny", "tiny+b8", "tiny+float32"]
        base, b8, float32 = catalog.models.values()
        assert (b8.title, float32.title) == ("tiny, b8", "Tiny in float32")
        assert (b8.tiers, float32.tiers) == ((), ("real_e2e",))
        assert (b8.tasks, b8.weights, b8.languages) == (base.tasks, base.weights, base.languages)
        assert b8.variants == {}
        assert [base_of(id, catalog.models) for id in catalog.models] == [None, base, base]
        assert base_of("other+b8", catalog.models) is None
        assert base_of("tiny+other", catalog.models) is None

    def test_its_options_count_before_those_of_devices(self, tmp_path: Path) -> None:
        base, b8, float32 = made(tmp_path).models.values()
        assert full_options(base, "cpu")["compute_type"] == full_options(b8, "cpu")["compute_type"] == "int8"
        assert (
            full_options(float32, "cpu")["compute_type"] == full_options(float32, "cuda")["compute_type"] == "float32"
        )
        assert [full_options(each, "cpu")["batch_size"] for each in (base, b8, float32)] == [1, 8, 1]

    def test_the_weights_are_the_same(self, tmp_path: Path) -> None:
        catalog = made(tmp_path)
        assert len({str(digest(model, catalog)) for model in catalog.models.values()}) == 1

    def test_its_origin_is_its_own_line(self, tmp_path: Path) -> None:
        _, b8, float32 = made(tmp_path).models.values()
        assert b8.origin.endswith(f"tiny.yaml:{FIRST}")
        assert float32.origin.endswith(f"tiny.yaml:{FIRST + 1}")

    def test_a_kept_catalog_has_them(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
        folder = made(tmp_path).folder
        first = catalog_cache.load_cached(folder, tmp_path)
        monkeypatch.setattr(catalog_cache, "load", None)
        again = catalog_cache.load_cached(folder, tmp_path)
        assert again.models == first.models == load_anew(folder, tmp_path).models
        assert again.models["tiny+b8"].origin == first.models["tiny+b8"].origin


class TestSelection:
    @pytest.mark.parametrize(
        ("glob", "found"),
        [
            ("tiny+*", {"tiny+b8", "tiny+float32"}),
            ("tiny+b8", {"tiny+b8"}),
            ("*+b8", {"tiny+b8"}),
            ("tiny*", {"tiny", "tiny+float32"}),  # no `+`: those that are in a tier
            ("tiny", {"tiny"}),
        ],
    )
    def test_a_glob_with_a_plus_names_variants(self, tmp_path: Path, glob: str, found: set[str]) -> None:
        assert {case.model.id for case in plan(made(tmp_path), Selection(models=[glob]))} == found

    def test_without_a_selection_tiers_count(self, tmp_path: Path) -> None:
        assert {case.model.id for case in plan(made(tmp_path))} == {"tiny", "tiny+float32"}


class TestMistakes:
    @pytest.mark.parametrize(
        ("variants", "place", "said"),
        [
            ("variants:\n  b8: {options: {batch_sice: 8}}\n", 0, "unknown option `batch_sice` for faster-whisper; did"),
            (
                "variants:\n  b8:\n    options:\n      batch_size: 0\n",
                2,
                "batch_size must be between 1 and 256, found `0`",
            ),
            ("variants:\n  b8: {tiers: [smoke]}\n", 0, "missing key `options` in `variants.b8`"),
            ("variants:\n  b8: {options: {}}\n", 0, "`variants.b8.options`: "),
            ("variants:\n  b8: {batch_size: 8}\n", 0, "unknown key `batch_size` in `variants.b8`"),
            ("variants:\n  b 8: {options: {batch_size: 8}}\n", 0, "letters, digits"),
            (
                "variants:\n  b8: {tasks: [tts], options: {batch_size: 8}}\n",
                0,
                "`tts` is no task of tiny; allowed: asr",
            ),
        ],
    )
    def test_each_is_told_at_its_line(self, tmp_path: Path, variants: str, place: int, said: str) -> None:
        found = wrong(tmp_path, variants)
        assert any(line.startswith(f"{MODEL_FILE}:{FIRST + place}: ") and said in line for line in found), found

    def test_what_is_wrong_with_the_model_is_told_once(self, tmp_path: Path) -> None:
        spec = (model_yaml("tiny") + VARIANTS).replace("beam_size: 5", "beam_size: 0").replace("cuda:", "cudda:")
        found = complaints(write_catalog(tmp_path / "fixtures", files={**VALID, MODEL_FILE: spec}))
        assert len(found) == 2, found

    def test_an_option_that_does_not_go_with_the_models_own(self, tmp_path: Path) -> None:
        spec = model_yaml("tiny").replace("beam_size: 5", "initial_prompt: calls") + VARIANTS
        (found,) = complaints(write_catalog(tmp_path / "fixtures", files={**VALID, MODEL_FILE: spec}))
        assert found.startswith(f"{MODEL_FILE}:{FIRST}: batch_size above 1 doesn't go with initial_prompt")

    def test_an_id_that_another_file_has(self, tmp_path: Path) -> None:
        (found,) = wrong(
            tmp_path,
            VARIANTS,
            **{"models/other.yaml": model_yaml("tiny+b8").replace("org/", "org/x").replace("xtiny+b8", "tiny")},
        )
        assert found == f"{MODEL_FILE}:{FIRST}: duplicate id `tiny+b8` (also in other.yaml:1); ids are unique"

    def test_a_reference_to_a_variant_of_a_broken_file_is_not_told(self, tmp_path: Path) -> None:
        limits = VALID["limits.yaml"].replace("max: 0.15", "max: 0.15, model: tiny+b8")
        found = wrong(tmp_path, f"{VARIANTS}titel: x\n", **{"limits.yaml": limits})
        assert len(found) == 1, found

    def test_a_limit_may_name_one(self, tmp_path: Path) -> None:
        limits = VALID["limits.yaml"].replace("max: 0.15", "max: 0.15, model: tiny+*")
        assert wrong(tmp_path, VARIANTS, **{"limits.yaml": limits}) == []
