"""What the text of speech tells of it: repetitions of the whole, the rate of speaking; and its bandwidth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fakeruns import FakeRuns
from pages import case
from records import edits, record, utterance, with_part
from voicelab import ready

from pytest_modellab.core.text import TextRules
from pytest_modellab.results.record import Record, UtteranceResult
from pytest_modellab.results.scoring import scored
from pytest_modellab.results.worst_utterances import behind
from pytest_modellab.tasks.tts.record import Judge, Speech, SpeechSummary, speech_of

RULES = TextRules("modellab")
TEXT = "the morning train leaves from here"
"""29 letters, six words."""


def said(name: str, text: str = TEXT, heard: str | None = None, language: str = "en", **fields: Any) -> UtteranceResult:
    speech = Speech(
        **{
            **{"seconds": 2.4, "sample_rate": 24_000, "pieces": 1, "audio": None, "audible": True, "silence": 0.1},
            **{"longest_pause_s": 0.1, "loudness_lufs": -20.0, "faults": (), "speech_s": 2.0, "bandwidth_hz": 11_000.0},
            **fields,
        }
    )
    row = utterance(name, text, text if heard is None else heard).model_copy(update={"language": language})
    return with_part(row, "tts", speech)


def voice(*rows: UtteranceResult) -> Record:
    part = SpeechSummary(
        judge=Judge(model="ear", readings=None, words=edits(hits=9)), unrated={}, loudness_lufs=None, sample_rates=()
    )
    return scored(record(utterances=rows, case=case("voice", "tts"), parts={"tts": part}), RULES)


def faults(made: Record) -> list[tuple[str, ...]]:
    return [speech.faults for row in made.utterances if (speech := speech_of(row)) is not None]


class TestRepeated:
    def test_a_text_that_is_said_twice_is_a_flaw_and_no_loop(self) -> None:
        made = voice(said("a", heard=f"{TEXT} {TEXT}"), said("b"))
        assert faults(made) == [("said 2 times: the text is repeated",), ()]
        assert [made.value(name) for name in ("repeated", "flawed", "looped")] == [0.5, 0.5, 0]
        assert [(each.result.id, each.note) for each in behind(made, "repeated")] == [("a", "said 2 times")]

    def test_a_text_that_repeats_itself_and_words_put_in_are_none(self) -> None:
        twice = "red lorry yellow lorry red lorry yellow lorry"
        made = voice(said("a", twice), said("b", heard=f"well {TEXT} um so right then please"))
        assert [faults(made), made.value("repeated")] == [[(), ()], 0]

    def test_it_is_of_texts_of_three_words(self) -> None:
        made = voice(said("a", "yes please", "yes please yes please"))
        assert made.value("repeated") is None
        assert made.why_missing("repeated") == "no text of three or more words was answered"

    def test_it_is_told_by_characters_where_words_are_not_divided(self) -> None:
        made = voice(said("a", "明天上午九点见", "明天上午九点见明天上午九点见", "zh"))
        assert faults(made) == [("said 2 times: the text is repeated",)]

    def test_scoring_again_says_it_once(self) -> None:
        made = voice(said("a", heard=f"{TEXT} {TEXT}", faults=("clipped",), speech_s=1.0))
        assert faults(scored(made, RULES)) == faults(made)
        assert faults(made) == [
            ("clipped", "said 2 times: the text is repeated", "29.0 letters a second: too fast"),
        ]


class TestRate:
    def test_it_is_words_over_seconds_of_speech(self) -> None:
        made = voice(said("a"), said("b", "no, we leave", speech_s=1.0), said("c", "It is $23.50.", speech_s=9.0))
        assert made.value("speaking_rate") == pytest.approx(9 / 3)  # the digits of c don't tell how many words they are

    def test_it_is_letters_where_words_are_not_divided(self) -> None:
        assert voice(said("a", "今天天气很好。", language="zh")).value("speaking_rate") == pytest.approx(3.0)

    def test_of_both_there_is_none(self) -> None:
        made = voice(said("a"), said("b", "今天天气很好。", language="zh"))
        assert made.why_missing("speaking_rate") == "words are counted in en, letters in zh"
        assert not made.applies("speaking_rate")

    @pytest.mark.parametrize(
        ("speech_s", "fault"),
        [(2.0, ()), (1.2, ("24.2 letters a second: too fast",)), (7.25, ("4.0 letters a second: too slow",))],
    )
    def test_a_rate_at_which_nobody_reads_is_a_flaw(self, speech_s: float, fault: tuple[str, ...]) -> None:
        made = voice(said("a", speech_s=speech_s))
        assert [faults(made), made.value("flawed")] == [[fault], float(bool(fault))]

    def test_speech_that_was_measured_before_has_none(self) -> None:
        made = voice(said("a", speech_s=None, bandwidth_hz=None))
        assert faults(made) == [()]
        assert "measured before" in made.why_missing("speaking_rate")
        assert "measured before" in made.why_missing("bandwidth_hz")


class TestBandwidth:
    def test_it_is_the_mean_of_what_is_audible(self) -> None:
        made = voice(said("a", bandwidth_hz=7_000.0), said("b"), said("c", bandwidth_hz=None, audible=False))
        assert made.value("bandwidth_hz") == 9_000

    def test_it_is_measured_with_the_speech(self, runs: FakeRuns) -> None:
        record = ready(runs).measured()
        assert record.value("bandwidth_hz") == pytest.approx(8_000, rel=0.01)
        assert all(speech and speech.bandwidth_hz for speech in map(speech_of, record.utterances))
        assert np.isfinite(record.value("speaking_rate") or np.nan)
