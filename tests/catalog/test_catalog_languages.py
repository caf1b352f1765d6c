"""Language tags of a catalog: canonical once they are read, refused with file and line where they are none."""

from pathlib import Path

import pytest
from catalogs import dataset_yaml, model_yaml, write_catalog

from pytest_modellab.catalog import CatalogError, load


def read(folder: Path, language: str = "en", languages: str = "[en]") -> tuple[str | None, tuple[str, ...]]:
    """The language of a data set and those of a model."""
    files = {
        "models/tiny.yaml": model_yaml("tiny").replace("languages: [en]", f"languages: {languages}"),
        "datasets/talk.yaml": dataset_yaml("talk").replace("language: en", f"language: {language}"),
    }
    catalog = load(write_catalog(folder / "lab", files=files))
    return catalog.datasets["talk"].language, catalog.models["tiny"].languages


@pytest.mark.parametrize(
    ("written", "kept"),
    [("eng", "en"), ("jpn", "ja"), ("EN_gb", "en-GB"), ("cmn", "zh"), ("nb", "no"), ("zh-Hant-TW", "zh-Hant-TW")],
)
def test_they_are_kept_canonical(tmp_path: Path, written: str, kept: str) -> None:
    assert read(tmp_path, f"'{written}'", f"['{written}']") == (kept, (kept,))


def test_a_model_and_data_that_name_one_language_differently_meet(tmp_path: Path) -> None:
    read(tmp_path, "eng", "[en]")
    catalog = load(tmp_path / "lab")
    assert catalog.models["tiny"].speaks(catalog.datasets["talk"].language)


def test_what_is_none_is_refused_with_its_line_and_what_was_meant(tmp_path: Path) -> None:
    with pytest.raises(CatalogError) as wrong:
        read(tmp_path, "english", "[germn]")
    first, second = sorted(f"{each.file.name}:{each.line}: {each.message}" for each in wrong.value.problems)
    assert first.startswith("talk.yaml:")
    assert "`english` is no language tag" in first
    assert first.endswith("did you mean `en`?")
    assert second.startswith("tiny.yaml:")
    assert "`germn` is no language tag" in second
    assert second.endswith("did you mean `de`?")
