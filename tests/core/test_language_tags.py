"""Language tags in canonical form, and what is none."""

from __future__ import annotations

import pytest

from pytest_modellab.core.language_tags import LanguageTagError, canonical_language, canonical_tag


@pytest.mark.parametrize(
    ("tag", "canonical"),
    [
        ("en", "en"),
        ("eng", "en"),
        ("EN_gb", "en-GB"),
        ("jpn", "ja"),
        ("ger", "de"),
        ("deu", "de"),
        ("cmn", "zh"),
        ("cmn-Hant-TW", "zh-Hant-TW"),
        ("yue", "yue"),
        ("zh-yue", "yue"),
        ("nb", "no"),
        ("nob-NO", "no-NO"),
        ("nn", "nn"),
        ("iw", "he"),
        ("arb", "ar"),
        ("pt_BR", "pt-BR"),
        ("fil", "fil"),
    ],
)
def test_one_language_has_one_tag(tag: str, canonical: str) -> None:
    assert canonical_tag(tag) == canonical
    assert canonical_language(tag) == canonical.partition("-")[0]


@pytest.mark.parametrize(
    ("tag", "near"),
    [
        ("english", "; did you mean `en`?"),
        ("Germn", "; did you mean `de`?"),
        ("espagnol", "; did you mean `es`?"),
        ("xx", ""),
        ("e", ""),
        ("", ""),
        ("123", ""),
        ("en-US-what-is-this-1", ""),
    ],
)
def test_what_is_no_tag_is_refused_with_a_near_match(tag: str, near: str) -> None:
    with pytest.raises(LanguageTagError) as refused:
        canonical_tag(tag)
    assert str(refused.value) == f"`{tag}` is no language tag (ISO 639 or BCP 47, such as en, deu or pt-BR){near}"


@pytest.mark.parametrize(
    ("tag", "language"), [(None, ""), ("", ""), ("Klingon!", "klingon!"), ("xx_YY", "xx"), ("eng", "en")]
)
def test_tags_of_old_records_may_be_anything(tag: str | None, language: str) -> None:
    assert canonical_language(tag) == language
