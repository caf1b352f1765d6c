import pickle
import unicodedata
from importlib.metadata import version

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_modellab.core.text import NAMES, Normalizer, for_language, normalizer


def test_is_named_and_versioned() -> None:
    assert normalizer("whisper-basic") == Normalizer("whisper-basic", version("whisper-normalizer"))


def test_is_made_once() -> None:
    assert normalizer("whisper-english") is normalizer("whisper-english")


def test_crosses_process_boundaries() -> None:
    copy = pickle.loads(pickle.dumps(normalizer("whisper-english")))
    assert copy("Colour!") == "color"


def test_an_unknown_name_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ValueError, match="'whisper': choose from whisper-english, whisper-basic, characters, none"):
        normalizer("whisper")


@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("en", "whisper-english"),
        ("en-US", "whisper-english"),
        ("en_GB", "whisper-english"),
        ("EN", "whisper-english"),
        ("es", "whisper-basic"),
        ("enm", "whisper-basic"),
        ("", "whisper-basic"),
        (None, "whisper-basic"),
    ],
)
def test_for_language(language: str | None, name: str) -> None:
    assert for_language(language) == name


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("none", " Mr.\tSmith\u00a0 can't \n", "Mr. Smith can't"),
        ("whisper-basic", " Mr. Smith can't ", "mr smith can t"),
        ("whisper-english", "Mr. Smith can't pay £20, um, today.", "mister smith can not pay £20 today"),
        ("whisper-english", "Ärger, naïve, coöperate", "arger naive cooperate"),
        ("whisper-basic", "Ärger, naïve, coöperate", "ärger naïve coöperate"),
    ],
)
def test_rules(name: str, text: str, expected: str) -> None:
    assert normalizer(name)(text) == expected


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("whisper-english", "one two three", "123"),
        ("whisper-english", "he said [door slams] no (quietly)", "he said no"),
        ("whisper-english", "I won’t", "i won t"),
        ("whisper-english", "well...", "well ."),
        ("whisper-basic", "किताब", "क त ब"),
        ("whisper-basic", "我们去 北京", "我们去 北京"),
    ],
)
def test_whispers_quirks_are_left_alone(name: str, text: str, expected: str) -> None:
    """Mended, they would no longer give the field's published figures."""
    assert normalizer(name)(text) == expected


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", ["señor", "Sénégal, çédille", "한국어", "がぎぐ", "Å ǖ"])
def test_canonically_equivalent_texts_come_out_the_same(name: str, text: str) -> None:
    normalise = normalizer(name)
    assert normalise(unicodedata.normalize("NFD", text)) == normalise(unicodedata.normalize("NFC", text))


def test_a_combining_tilde_does_not_make_a_senator() -> None:
    assert normalizer("whisper-english")("sen\u0303or") == "senor"


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None)  # the first example pays for reading the rules
@given(text=st.text())
def test_words_stand_between_single_spaces(name: str, text: str) -> None:
    normalised = normalizer(name)(text)
    assert normalised == " ".join(normalised.split())


@pytest.mark.parametrize("name", ["whisper-english", "whisper-basic"])
@pytest.mark.parametrize("text", ["", "  ", "[noise]", "(coughs)", "?!", "—"])
def test_what_is_not_said_leaves_nothing(name: str, text: str) -> None:
    assert normalizer(name)(text) == ""
