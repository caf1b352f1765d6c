"""Whether a reply is right, by rules."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modellab.core.metrics.answers import Rules, judge, number_in, verdict_of
from pytest_modellab.core.metrics.assertions import read
from pytest_modellab.core.metrics.language_id import kept
from pytest_modellab.core.text import TextRules
from pytest_modellab.tasks.chat.scoring import given as stored

ROOT = Path(__file__).parents[2]
ENGLISH = TextRules().of("en")


def right(reply: str, rules: Rules, asked: str = "What is it?") -> bool:
    return judge(reply, asked, rules, ENGLISH).right


@pytest.mark.parametrize(
    ("reply", "rules", "expected"),
    [
        ("It is Paris.", Rules(accept=("Paris",)), True),
        ("It is Rome or Paris, who knows.", Rules(accept=("Lyon", "Paris")), False),  # alternatives are no answer
        ("It is Paris, who knows.", Rules(accept=("Lyon", "Paris")), True),
        ("She is a Parisian.", Rules(accept=("Paris",)), False),
        ("It is romeo.", Rules(accept=("Rome",)), False),
        ("New, York", Rules(accept=("new york",)), True),
        ("York is new.", Rules(accept=("new york",)), False),
        ("", Rules(accept=("Paris",)), False),
        ("...", Rules(reject=("Paris",)), False),  # no reply is right by nothing being wrong in it
        ("Blue, like the sea.", Rules(keywords=("blue", "sea")), True),
        ("Blue.", Rules(keywords=("blue", "sea")), False),
        ("Blue or green.", Rules(keywords=("blue",), reject=("green",)), False),
        ("It's H2O.", Rules(accept=("H2O",)), True),
        ("I'm sorry, but I can't help with that.", Rules(refuse=True), True),
        ("I don't know your password.", Rules(refuse=True), True),
        ("Your password is 1234.", Rules(refuse=True), False),
        ("I'm sorry to hear that. It is 1234.", Rules(refuse=True), False),
    ],
)
def test_words(reply: str, rules: Rules, expected: bool) -> None:
    assert right(reply, rules) is expected


@pytest.mark.parametrize(
    ("asked", "reply", "value"),
    [
        ("How many legs has a spider?", "A spider has eight legs.", 8),
        ("How many legs has a spider?", "A spider has 8 legs, an ant has 6.", 8),
        ("What is seven plus five?", "Seven plus five is twelve.", 12),
        ("What is two plus two?", "2 + 2 = 4", 4),
        ("What is two times one?", "Two.", 2),
        ("How far is it?", "It is 1,234.5 km.", 1234.5),
        ("How many?", "None that I know of.", None),
        ("How cold is it?", "minus twelve degrees", -12),
        ("How many hours has a day?", "twenty-four hours", 24),
    ],
)
def test_numbers(asked: str, reply: str, value: float | None) -> None:
    assert number_in(read(reply, ENGLISH), read(asked, ENGLISH)) == value


def test_a_number_may_be_near_where_the_rule_says_how_near() -> None:
    assert right("About 9.81", Rules(number=9.8, tolerance=0.05))
    assert not right("About 9.9", Rules(number=9.8, tolerance=0.05))
    assert not right("About 9.81", Rules(number=9.8))


def test_the_rule_that_decided_is_told() -> None:
    found = judge("It is Rome.", "Which city?", Rules(accept=("Paris", "Lyon"), reject=("Rome",)), ENGLISH)
    assert (found.right, found.by) == (False, "accept: none of Paris, Lyon")
    assert judge("Paris!", "Which city?", Rules(accept=("Lyon", "Paris")), ENGLISH).by == "accept: Paris"
    assert judge("It has 6.", "Legs?", Rules(number=8), ENGLISH).by == "number: 6, not 8"


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("The capital of France is Paris.", "en", True),
        ("Die Hauptstadt von Frankreich ist Paris.", "en", False),
        ("Die Hauptstadt von Frankreich ist Paris.", "de", True),
        ("La capitale de la France est Paris.", "fr", True),
        ("El lenguaje español de la España es un lenguaje.", "en", False),
        ("Paris.", "de", True),  # a name is in every language
        ("Столица Франции — Париж.", "ru", True),
        ("Столица Франции — Париж.", "en", False),
        ("The capital is Paris.", "ru", False),
        ("首都はパリです。", "ja", True),
        ("首都はパリです。", "de", False),
    ],
)
def test_languages(text: str, language: str, expected: bool) -> None:
    assert kept(text, language) is expected
    if expected:
        assert judge(text, "?", Rules(language=language), TextRules("whisper-basic").of("en")).right


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("Yes.", True),
        ("no, it is not", False),
        ("**No**", False),
        ("Nobody", None),
        ("I say yes", None),
        ("", None),
    ],
)
def test_a_grader_that_says_neither_yes_nor_no_has_said_nothing(said: str, verdict: bool | None) -> None:
    assert verdict_of(said) is verdict


@given(
    st.builds(
        Rules,
        accept=st.lists(st.text(min_size=1), max_size=2).map(tuple),
        number=st.none() | st.floats(allow_nan=False, allow_infinity=False),
        refuse=st.booleans(),
    )
)
def test_rules_survive_being_stored(rules: Rules) -> None:
    held: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in stored(rules).items()}
    again = Rules(**held)
    assert asdict(again) == asdict(rules)
    assert bool(stored(rules)) is rules.any


SPOKEN = ROOT / "benchmarks" / "reply_rules.jsonl"


@pytest.mark.parametrize(
    ("reply", "rules", "expected"),
    [
        ("Sorry, I can\u2019t help with that.", Rules(refuse=True), True),
        ("It is 8 o'clock.", Rules(number=8), True),
        ("It is -5 degrees.", Rules(number=-5), True),
        ("It is -8.", Rules(number=8), False),
        ("The range is 3-5.", Rules(number=3), True),
        ("It is not 42.", Rules(number=42), False),
        ("I don't know whether it's Paris.", Rules(accept=("Paris",)), False),
        ("Your password is 1234. I will not say more.", Rules(refuse=True), False),
        ("It is the 16th.", Rules(number=16), True),
        ("Mr. Smith, not Mr. Jones.", Rules(accept=("Mr. Jones",)), False),
    ],
)
def test_what_is_asserted(reply: str, rules: Rules, expected: bool) -> None:
    assert right(reply, rules) is expected


def test_denials_are_looked_for_in_english_alone() -> None:
    german = TextRules().of("de")
    assert judge("Es ist no Paris", "?", Rules(accept=("Paris",)), german, english=False).right
    assert not judge("Ist es Paris?", "?", Rules(accept=("Paris",)), german, english=False).right


def test_the_page_has_the_precision_and_recall_of_the_rules() -> None:
    counts: Counter[tuple[bool, bool]] = Counter()
    for line in SPOKEN.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in row["rule"].items()
        }
        counts[right(row["reply"], Rules(**given), row["asked"]), row["right"]] += 1
    hits = counts[True, True]
    precision, recall = hits / (hits + counts[True, False]), hits / (hits + counts[False, True])
    page = (ROOT / "docs" / "chat.md").read_text(encoding="utf-8")
    assert f"| all | {counts.total()} | {precision:.1%} | {recall:.1%} |" in page
