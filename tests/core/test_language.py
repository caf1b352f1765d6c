from __future__ import annotations

import pytest

from pytest_modellab.core.language import _LIBRARY_NAMES, canonical_name, normal_tag, primary_language
from pytest_modellab.core.language_tags import canonical_tag


@pytest.mark.parametrize(
    ("tag", "normal", "primary"),
    [
        ("en", "en", "en"),
        ("en-US", "en-us", "en"),
        ("EN_gb", "en-gb", "en"),
        ("zh-Hant-TW", "zh-hant-tw", "zh"),
        ("zh_Hant", "zh-hant", "zh"),
        ("yue", "yue", "yue"),
        ("", "", ""),
    ],
)
def test_a_tag_is_read_as_people_write_it(tag: str, normal: str, primary: str) -> None:
    assert normal_tag(tag) == normal
    assert primary_language(tag) == primary


def test_no_tag_has_no_language() -> None:
    assert primary_language(None) == ""


@pytest.mark.parametrize(
    ("tag", "canonical"),
    [
        ("jw", "jv"),
        ("tl", "fil"),
        ("cmn", "zh"),
        ("nb", "no"),
        ("iw", "he"),
        ("en-US", "en"),
        ("fil", "fil"),
        (None, ""),
    ],
)
def test_a_library_names_a_language_otherwise(tag: str | None, canonical: str) -> None:
    assert canonical_name(tag) == canonical


def test_the_names_of_libraries_are_canonical_as_langcodes_has_it() -> None:
    for name, canonical in _LIBRARY_NAMES.items():
        assert canonical_tag(name) == canonical
