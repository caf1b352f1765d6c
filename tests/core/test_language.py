from __future__ import annotations

import pytest

from pytest_modellab.core.language import normal_tag, primary_language


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
