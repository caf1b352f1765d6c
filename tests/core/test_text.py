"""Scorers: what each makes of texts in many languages and scripts."""

from __future__ import annotations

import json
import pickle
import sys
import unicodedata
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jiwer
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_modellab.core.text import SCORERS, TextRules
from pytest_modellab.core.text.cleaning import APOSTROPHES, invisible
from pytest_modellab.core.text.legacy import for_language

CASES = [
    json.loads(line) for line in Path(__file__).with_name("text_cases.jsonl").read_text(encoding="utf-8").splitlines()
]
LEGACY = ("whisper-english", "whisper-basic", "characters", "none")


def rate(case: dict[str, Any]) -> float:
    texts = TextRules().of(case["language"]).pair(case["reference"], case["answer"])
    return float(jiwer.process_words(*texts).wer)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_what_readers_take_for_the_same_is_no_error_and_what_they_do_not_is_one(case: dict[str, Any]) -> None:
    normalizer = TextRules().of(case["language"])
    assert rate(case) == pytest.approx(case["wer"] if "wer" in case else case["cer"])
    assert normalizer.unit == ("words" if "wer" in case else "characters")
    if "words" in case:
        assert len(normalizer(case["reference"]).split()) == case["words"]


@pytest.mark.parametrize("apostrophe", APOSTROPHES)
def test_whatever_is_written_for_an_apostrophe_is_one(apostrophe: str) -> None:
    normalize = TextRules().of("en")
    assert normalize(f"I can{apostrophe}t say it{apostrophe}s late") == normalize("I can't say it's late")


@pytest.mark.parametrize("language", ["en", "de", "hi", "ar", "ja", "tr"])
@pytest.mark.parametrize("code", [0x200B, 0x200E, 0x202B, 0x2060, 0xFEFF, 0x00AD, 0xFE0F, 0x0007, 0xE0020])
def test_invisible_characters_are_no_letters(language: str, code: int) -> None:
    normalize = TextRules().of(language)
    assert normalize(f"{chr(code)}Modell {chr(code)}Labor{chr(code)}") == normalize("Modell Labor")
    assert invisible(f"a{chr(code)}b")


def test_visible_texts_have_no_invisible_characters() -> None:
    assert invisible("I can\u2019t \u2013 na\u00efve \u0928\u092e\u0938\u094d\u0924\u0947 \u4f60\u597d\n") == []


@pytest.mark.parametrize("scorer", ["modellab", "none", *LEGACY[:3]])
@pytest.mark.parametrize("text", ["señor", "Sénégal, çédille", "한국어", "がぎぐ", "Å ǖ", "ẹ̀kọ́"])
def test_canonically_equivalent_texts_come_out_the_same(scorer: str, text: str) -> None:
    for language in ("en", "es", "ko", "ja", "yo"):
        normalize = TextRules(scorer).of(language)
        assert normalize(unicodedata.normalize("NFD", text)) == normalize(unicodedata.normalize("NFC", text))


@pytest.mark.parametrize("scorer", [*SCORERS])
@pytest.mark.parametrize("language", ["en", "de", "ja", None])
@settings(max_examples=30)
@given(text=st.text())
def test_words_are_between_single_spaces(scorer: str, language: str | None, text: str) -> None:
    normalized = TextRules(scorer).of(language)(text)
    assert normalized == " ".join(normalized.split())


def test_no_letter_becomes_by_its_small_form_what_is_no_letter() -> None:
    normalize = TextRules().of("de")
    cased = [each for each in map(chr, range(sys.maxunicode + 1)) if each.lower() != each]
    assert len(cased) > 1000
    assert [each for each in cased if normalize(normalize(each)) != normalize(each)] == []


@given(text=st.text())
def test_a_normalized_text_is_normal(text: str) -> None:
    normalize = TextRules().of("de")
    assert normalize(normalize(text)) == normalize(text)


@pytest.mark.parametrize("scorer", ["modellab", "whisper", "open-asr"])
@pytest.mark.parametrize("language", ["en", "de", "ja"])
@pytest.mark.parametrize("text", ["", "  ", "[noise]", "(coughs)", "?!", "—"])
def test_what_is_not_said_leaves_nothing(scorer: str, language: str, text: str) -> None:
    assert TextRules(scorer).of(language)(text) == ""


@pytest.mark.parametrize(
    ("scorer", "language", "text", "expected"),
    [
        ("none", "en", " Mr.\tSmith\u00a0 can't \n", "Mr. Smith can't"),
        ("modellab", "en", "Mr. Smith can't pay £20, um, today.", "mister smith can not pay £20 today"),
        ("modellab", "en", "Ärger, naïve, coöperate", "arger naive cooperate"),
        ("modellab", "de", "Ärger, naïve, (leise) coöperate", "ärger naïve coöperate"),
        ("modellab", None, "Mr. Smith can't", "mr smith can t"),
        ("whisper", "en", "one two three", "123"),
        ("whisper", "en", "he said [door slams] no (quietly)", "he said no"),
        ("whisper", "en", "I won’t", "i won t"),
        ("whisper", "en", "well...", "well ."),
        ("whisper", "en", "kinda, just cause", "kinda just cause"),
        ("whisper", "hi", "किताब", "क त ब"),
        ("whisper", "zh", "我们去 北京", "我 们 去 北 京"),
        ("open-asr", "en", "The B B C's e-mail, uhm, okay, ok", "the bbcs email okay okay"),
        ("open-asr", "en", "Geoff and Stephen have an x ray", "jeff and steven have an xray"),
        ("open-asr", "en", "an a, b then x y z", "an a b then xyz"),
        ("open-asr", "de", "10 000 Schritte, 3 Tage", "zehntausend schritte drei tage"),
        ("open-asr", "xh", "5 iintsuku", "5 iintsuku"),
        ("whisper-english", "de", "I won’t", "i won t"),
        ("whisper-basic", "en", " Mr. Smith can't ", "mr smith can t"),
        ("characters", "en", "ab c", "a b c"),
    ],
)
def test_rules(scorer: str, language: str | None, text: str, expected: str) -> None:
    assert TextRules(scorer).of(language)(text) == expected


def test_open_asr_counts_compounds_as_one_however_they_are_written() -> None:
    rules = TextRules("open-asr")
    assert rules.of("de").pair("Das Donaudampf Schiff", "das donau dampfschiff") == ("das donaudampfschiff",) * 2
    assert rules.of("en").merges_compounds
    assert rules.of("en").pair("white paper", "whitepaper") == ("white paper", "whitepaper")


def test_phrases_of_a_data_set_count_as_others() -> None:
    rules = TextRules(replacements=(("okay", "OK"), ("New York City", "NYC"), ("New York", "N Y")))
    normalize = rules.of("en")
    assert normalize("Okay, New York City is okay") == normalize("ok nyc is OK")
    assert normalize("New York") == "n y"
    assert normalize("okays") == "okays"
    assert TextRules(replacements=(("[noise]", "x"),)).of("en")("a b") == "a b"


@pytest.mark.parametrize("tag", ["en", "eng", "en-US", "en_GB", "EN"])
def test_a_language_is_known_by_any_of_its_tags(tag: str) -> None:
    assert TextRules().of(tag) is TextRules().of("en")
    assert TextRules().of(tag).language == "en"


@pytest.mark.parametrize("tag", ["", None, "x", "no tag at all"])
def test_an_unknown_language_has_words(tag: str | None) -> None:
    assert TextRules().of(tag).unit == "words"


def test_a_scorer_states_everything_that_its_texts_depend_on() -> None:
    assert TextRules("whisper").version == version("whisper-normalizer")
    assert version("whisper-normalizer") in TextRules().version
    assert "d1e99b25" in TextRules("open-asr").version
    for package in ("num2words", "kaldialign"):
        assert version(package) in TextRules("open-asr").version
    assert all(TextRules(name).version == version("whisper-normalizer") for name in LEGACY)


def test_an_unknown_scorer_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ValueError, match=r"no scorer 'wisper': choose from .*modellab.*open-asr.*whisper"):
        TextRules("wisper")


def test_a_scorer_whose_packages_are_missing_is_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_modellab.core.text.registry.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"needs kaldialign, num2words: pip install 'pytest-modellab\[open-asr\]'"):
        TextRules("open-asr")
    assert TextRules("whisper").of("en")("Yes!") == "yes"


def test_rules_cross_process_boundaries() -> None:
    assert pickle.loads(pickle.dumps(TextRules())).of("en")("Colour!") == "color"


@pytest.mark.parametrize(
    ("language", "name"),
    [("en-US", "whisper-english"), ("eng", "whisper-english"), ("ja", "characters"), ("de", "whisper-basic")],
)
def test_what_a_data_set_was_scored_by_before_there_were_scorers(language: str, name: str) -> None:
    assert for_language(language) == name


def test_a_data_set_without_a_language_was_scored_by_the_basic_rules() -> None:
    assert for_language(None) == "whisper-basic"
