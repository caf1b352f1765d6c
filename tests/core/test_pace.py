"""How fast a text was spoken."""

from __future__ import annotations

import pytest

from pytest_modellab.core.metrics.pace import hurried, letters, odd_rate, pace, units_spoken


class TestPace:
    def test_what_is_said_in_two_thirds_of_the_time_stands_out(self) -> None:
        text = "a sentence of more than twenty letters"
        paces = [pace(text, seconds, 0.1) for seconds in (3.0, 3.1, 2.9, 3.0, 2.0, 3.2)]
        assert [each is not None for each in hurried(paces)] == [False, False, False, False, True, False]

    def test_pauses_are_no_part_of_it(self) -> None:
        text = "a sentence of more than twenty letters"
        assert pace(text, 4.0, 0.5) == pace(text, 2.0, 0.0)

    def test_few_or_short_texts_tell_nothing_of_a_voice(self) -> None:
        assert pace("too short", 1.0, 0.0) is None
        assert hurried([10.0, 10.0, 10.0, 30.0]) == [None] * 4
        assert hurried([10.0, 10.0, 10.0, 30.0, None]) == [None] * 5


class TestLetters:
    @pytest.mark.parametrize(
        ("text", "count"),
        [("One fine day.", 10), ("gate 5", 7), ("きょう", 6), ("天気", 6), ("안녕", 6), ("¿Qué?", 3), ("...", 0)],
    )
    def test_what_takes_long_to_speak_counts_for_several(self, text: str, count: int) -> None:
        assert letters(text) == count

    @pytest.mark.parametrize(
        ("text", "unit", "count"),
        [
            ("Don't go - stay!", "words", 3),
            ("It is $23.50.", "words", 0),  # digits don't say how many words they are
            ("今天天气很好。", "characters", 6),
            ("", "words", 0),
        ],
    )
    def test_units_are_those_of_the_text_as_it_is_written(self, text: str, unit: str, count: int) -> None:
        assert units_spoken(text, unit) == count  # type: ignore[arg-type]


class TestOddRate:
    TEXT = "the bread was still warm when the baker opened the shop"

    def test_what_people_read_at_is_no_fault(self) -> None:
        assert {odd_rate(self.TEXT, letters(self.TEXT) / rate) for rate in (5.0, 8.4, 13.3, 19.0, 22.0)} == {""}

    def test_beyond_it_is(self) -> None:
        assert odd_rate(self.TEXT, letters(self.TEXT) / 24) == "24.0 letters a second: too fast"
        assert odd_rate(self.TEXT, letters(self.TEXT) / 4) == "4.0 letters a second: too slow"

    @pytest.mark.parametrize(
        ("text", "seconds"), [("too short", 0.1), (TEXT + " 7", 0.1), (TEXT, None), (TEXT, 0.0), ("", 3.0)]
    )
    def test_nothing_is_said_of_short_texts_digits_and_silence(self, text: str, seconds: float | None) -> None:
        assert odd_rate(text, seconds) == ""

    def test_chinese_read_at_five_characters_a_second_is_no_fault(self) -> None:
        text = "明天上午九点在火车站见面"
        assert odd_rate(text, len(text) / 5.2) == ""
        assert odd_rate(text, len(text) / 9).endswith("too fast")
