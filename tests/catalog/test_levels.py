"""Levels of load as data sets of their own: their ids, other levels, limits on one of them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pytest_modellab.catalog import CatalogError, load
from pytest_modellab.catalog.levels import at_level, level_in, with_levels
from pytest_modellab.catalog.specs import DatasetSpec


def spec(**given: object) -> DatasetSpec:
    data = {"schema": "modellab.dataset/1", "id": "calls", "tasks": ["load"], "tiers": [], "manifest": "calls.jsonl"}
    return DatasetSpec.model_validate({**data, "title": "Calls", "load": given})


@pytest.mark.parametrize(
    ("id", "found"),
    [
        ("calls+c8", ("calls", "users", 8)),
        ("a+b+r2.5", ("a+b", "calls a second", 2.5)),
        ("calls+s4", ("calls", "streams", 4)),
        ("calls", None),
        ("calls+x8", None),
        ("calls+c1.2.3", None),
    ],
)
def test_the_level_in_an_id(id: str, found: tuple[str, str, float] | None) -> None:
    assert level_in(id) == found


def test_another_level_of_the_same_kind() -> None:
    levels = with_levels({"calls": spec(concurrency=[1, 4])})
    assert list(levels) == ["calls+c1", "calls+c4"]
    other = at_level(levels["calls+c4"], 7)
    assert (other.id, other.title) == ("calls+c7", "Calls, 7 users")
    assert other.load is not None
    assert other.load.concurrency == (7,)
    (rate,) = with_levels({"calls": spec(rate=2.5)}).values()
    assert at_level(rate, 3.75).id == "calls+r3.75"


def lab(folder: Path, dataset: str) -> Path:
    """A catalog with a limit on levels of load."""
    (folder / "models").mkdir()
    (folder / "datasets").mkdir()
    (folder / "datasets" / "calls.jsonl").touch()
    calls = spec(concurrency=[1, 4]).model_dump(mode="json", by_alias=True, exclude_defaults=True) | {"tiers": []}
    calls["load"] = {"concurrency": [1, 4]}
    (folder / "datasets" / "calls.yaml").write_text(yaml.safe_dump(calls))
    limit = {"metric": "load_p95_s", "max": 2, "dataset": dataset}
    (folder / "limits.yaml").write_text(yaml.safe_dump({"schema": "modellab.limits/1", "limits": [limit]}))
    return folder


@pytest.mark.parametrize("dataset", ["calls+c4", "calls+*", "*+c4", "calls*"])
def test_a_limit_on_one_level_or_all(tmp_path: Path, dataset: str) -> None:
    catalog = load(lab(tmp_path, dataset), tmp_path)
    assert list(catalog.datasets) == ["calls+c1", "calls+c4"]


def test_a_limit_on_a_level_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"limits\.yaml:\d+: no dataset matches `calls\+c8`; did you mean `calls\+c"):
        load(lab(tmp_path, "calls+c8"), tmp_path)
