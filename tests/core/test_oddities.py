"""Texts whose scoring may surprise who wrote them."""

from __future__ import annotations

import unicodedata

import pytest

from pytest_modellab.core.text.oddities import oddities


@pytest.mark.parametrize(
    ("language", "text", "kinds"),
    [
        ("en", "I can't say it's 5 o'clock.", []),
        ("en", "I can\u2019t", ["typographic apostrophes"]),
        ("en", "hello\u200b world", ["invisible characters"]),
        ("en", "\ufeffhello", ["invisible characters"]),
        ("fr", unicodedata.normalize("NFD", "\u00e9t\u00e9"), ["decomposed characters"]),
        ("fr", "\u00e9t\u00e9", []),
        ("ar", "\u0645\u064e\u0631\u062d\u0628\u0627", ["points"]),
        ("hi", "\u092a\u093f\u0924\u093e", []),
        ("ru", "\u044f \u043b\u044e\u0431\u043b\u044e pytest", ["several scripts"]),
        ("ja", "\u30c6\u30b9\u30c8\u306f\u6674\u308c", []),
        ("ja", "iPhone\u3092\u8cb7\u3046", ["several scripts"]),
        ("de", "um 5 Uhr", ["digits"]),
        ("en", "at 5", []),
        ("", "5", ["digits"]),
    ],
)
def test_each_kind_is_named(language: str, text: str, kinds: list[str]) -> None:
    assert [kind for kind, _ in oddities(text, language)] == kinds


def test_details_say_what_becomes_of_it() -> None:
    assert dict(oddities("it\u2019s\u200b", "de")) == {
        "invisible characters": "ZERO WIDTH SPACE",
        "typographic apostrophes": "\u2019, scored as '",
    }
    assert dict(oddities("\u044f x", ""))["several scripts"] == "cyrillic 1, latin 1"
    assert dict(oddities("am 24. 12. um 5", "de"))["digits"].startswith("24 12 5: a number written as a word")
