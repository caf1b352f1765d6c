"""Punctuation and casing, apart from the words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modellab.core.metrics.writing import Errors, compare, is_mixed_case, is_punctuated, tokens

# The first example pays for importing jiwer.
TEXT = st.text(st.sampled_from("aAéÉßñ猫 .,?!'’-9"), max_size=30)


def errors(reference: str, hypothesis: str) -> tuple[Errors, Errors]:
    return compare(tokens(reference), tokens(hypothesis))


class TestTokens:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("", []),
            (" \n", []),
            ("...", []),
            ("Well, yes.", [("Well", ","), ("yes", ".")]),
            ('"Don’t!" he said', [("Don't", "!"), ("he", ""), ("said", "")]),
            ("3.5 km", [("3.5", ""), ("km", "")]),
            ("Quoi ? Non", [("Quoi", "?"), ("Non", "")]),
            ("so … what", [("so", "."), ("what", "")]),
            ("好。", [("好", ".")]),
            ("नमस्ते।", [("नमस्ते", ".")]),
            ("a - b", [("a", ""), ("b", "")]),
            ("What?!", [("What", "?")]),
        ],
    )
    def test_by_hand(self, text: str, found: list[tuple[str, str]]) -> None:
        assert [(token.word, token.mark) for token in tokens(text)] == found

    @pytest.mark.parametrize(
        ("text", "punctuated", "mixed"),
        [
            ("", False, False),
            ("HE BEGAN A COMPLAINT", False, False),
            ("six", False, False),
            ("Six", False, True),
            ("six.", True, False),
            ("I don't", False, True),
            ("你好。", True, False),
        ],
    )
    def test_what_a_text_can_tell(self, text: str, punctuated: bool, mixed: bool) -> None:
        assert (is_punctuated(tokens(text)), is_mixed_case(tokens(text))) == (punctuated, mixed)


class TestCompare:
    @pytest.mark.parametrize(
        ("reference", "hypothesis", "punctuation", "casing"),
        [
            ("Well, yes.", "Well, yes.", (0, 2), (0, 2)),
            ("Well, yes.", "well yes", (2, 2), (1, 2)),  # two marks missing, one capital
            ("Well yes.", "Well, yes!", (2, 2), (0, 2)),  # one put in, one of another kind
            ("Well, yes.", "", (0, 0), (0, 0)),  # lost words take no marks along
            ("Go home, Ann.", "Go away, Ann.", (0, 2), (0, 2)),  # a wrong word still has its place
            ("Ask Ann. Now.", "Ann. Now.", (0, 2), (0, 2)),
            ("On 5 May.", "on 5 may.", (0, 1), (2, 2)),  # a digit has no case
            ("STOP it", "Stop it", (0, 0), (1, 2)),
            ("", "Yes.", (0, 0), (0, 0)),
            ("Él dijo: ¿sí?", "Él dijo: sí?", (0, 2), (0, 3)),
        ],
    )
    def test_by_hand(
        self, reference: str, hypothesis: str, punctuation: tuple[int, int], casing: tuple[int, int]
    ) -> None:
        assert errors(reference, hypothesis) == (Errors(*punctuation), Errors(*casing))

    @given(TEXT)
    def test_a_right_answer_has_no_errors(self, text: str) -> None:
        assert [each.wrong for each in errors(text, text)] == [0, 0]

    @given(TEXT, TEXT)
    def test_errors_are_among_the_places(self, reference: str, hypothesis: str) -> None:
        for each in errors(reference, hypothesis):
            assert 0 <= each.wrong <= each.places

    @given(TEXT)
    def test_case_is_no_matter_of_punctuation_nor_the_other_way_round(self, text: str) -> None:
        punctuation, _ = errors(text, text.swapcase())
        assert punctuation.wrong == 0
