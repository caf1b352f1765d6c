"""What installed packages add, looked up once for each path of modules."""

from __future__ import annotations

from pathlib import Path

import pytest
from catalogs import install_package

from pytest_modellab.core.extensions import ExtensionError, Extensions, installed, installed_groups

GROUP = "modellab.for-this-test"


def install(folder: Path, name: str, entry: str, code: str = "") -> None:
    install_package(folder, name, GROUP, entry, code)


def test_what_a_new_place_of_the_path_holds_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert installed(GROUP) == []
    assert GROUP not in installed_groups()
    install(tmp_path, "ext-one", "first = ext_one:FIRST", "FIRST = 1")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert [(entry.name, entry.value) for entry in installed(GROUP)] == [("first", "ext_one:FIRST")]
    assert {GROUP, "modellab.engines"} <= set(installed_groups())
    found: Extensions[int] = Extensions(GROUP)
    assert dict(found) == {"first": 1}
    assert found.place_of("first") == "ext_one:FIRST"


def test_groups_of_others_are_left_alone() -> None:
    assert all(group.startswith("modellab.") for group in installed_groups())


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"ext-two": "it = ext_two:ONE", "ext-three": "it = ext_three:ONE"}, "are named `it`: of ext-t.* and ext-t"),
        (
            {"ext-four": "it = ext_four:MISSING"},
            "ext-four: ext_four:MISSING, `it` of .*, can't be imported: AttributeE",
        ),
    ],
    ids=["one name twice", "not there"],
)
def test_what_cannot_be_used_names_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entries: dict[str, str], said: str
) -> None:
    for name, entry in entries.items():
        install(tmp_path, name, entry, "ONE = 1")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ExtensionError, match=said):
        dict(Extensions[int](GROUP))
