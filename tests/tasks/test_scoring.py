"""How raw answers of each task become the parts of a record, without running anything."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from pages import case
from pydantic import ValidationError
from records import edits, record, utterance, with_part

from pytest_modellab.catalog.datasets import Utterance
from pytest_modellab.core.text import TextRules
from pytest_modellab.results.record import Record, UtteranceResult
from pytest_modellab.results.scoring import scored
from pytest_modellab.results.values import valued
from pytest_modellab.results.worst_utterances import behind
from pytest_modellab.tasks.registry import task_named
from pytest_modellab.tasks.scoring import Judged, JudgedSpeech, Parts
from pytest_modellab.tasks.streaming.record import Streamed
from pytest_modellab.tasks.tts.record import Judge, Speech, SpeechSummary

ENGLISH = TextRules("whisper-english")
CLIP = Utterance(id="a", text="One fine day.", recording=None)
SAID: dict[str, Any] = {
    "seconds": 1.0, "sample_rate": 24_000, "pieces": 2, "audio": "ab" * 32, "audible": True, "silence": 0.1,
    "longest_pause_s": 0.1, "loudness_lufs": -20.0, "faults": (),
}  # fmt: skip
JUDGE = Judge(model="ear", readings="people", quality=("dnsmos",), words=edits(deletions=1, hits=9))


def raw(task: str, line: Mapping[str, Any], judged: Judged | None = None, **times: Any) -> tuple[str | None, Parts]:
    return task_named(task).scoring().raw(CLIP, line, times, judged or Judged())


class TestRaw:
    def test_a_text_is_a_hypothesis(self) -> None:
        assert raw("asr", {"text": "one day", "part": None}) == ("one day", {})

    def test_of_a_task_that_is_not_installed_json_is_kept(self) -> None:
        assert raw("other", {"text": None, "part": {"x": 1}}, y=2) == (None, {"other": {"x": 1, "y": 2}})
        assert raw("other", {"text": "t", "part": None}) == ("t", {})

    def test_a_stream_has_its_times_where_they_count(self) -> None:
        partials = [{"text": "one", "audio_s": 0.5}]
        part = {"partials": partials, "offline": "one fine day", "first_audio_s": 0.5}
        text, parts = raw("streaming", {"text": "one day", "part": part}, late_s=0.1, final_s=0.2)
        assert text == "one day"
        assert (parts["streaming"].final_s, parts["streaming"].words) == (0.2, 0)
        assert task_named("streaming").scoring().untimed(parts)["streaming"].final_s is None
        assert task_named("streaming").scoring().untimed({}) == {}

    def test_speech_is_what_its_judge_heard(self) -> None:
        heard = JudgedSpeech(judge=JUDGE, texts={"a": "one fine way"}, quality={"a": {"dnsmos": 3.0}}, missing={})
        text, parts = raw("tts", {"text": None, "part": SAID}, Judged(speech=heard), first_audio_s=0.3)
        assert text == "one fine way"
        assert (parts["tts"].quality, parts["tts"].first_audio_s) == ({"dnsmos": 3.0}, 0.3)
        assert raw("tts", {"text": None, "part": None}, Judged(speech=heard)) == ("one fine way", {})
        assert raw("tts", {"text": None, "part": SAID}) == (None, {})


def spoken(name: str, **fields: Any) -> UtteranceResult:
    return with_part(utterance(name, "one fine day"), "tts", Speech(**{**SAID, **fields}))


def voice(*rows: UtteranceResult, judge: Judge = JUDGE, unrated: Mapping[str, str] | None = None) -> Record:
    part = SpeechSummary(judge=judge, unrated=dict(unrated or {}), loudness_lufs=None, sample_rates=())
    return scored(record(utterances=rows, case=case("voice", "tts"), parts={"tts": part}), ENGLISH)


class TestSpeech:
    def test_what_is_known_of_all(self) -> None:
        made = voice(spoken("a", loudness_lufs=-24.0), spoken("b", sample_rate=16_000))
        part = made.parts["tts"]
        assert (part.loudness_lufs, part.sample_rates, part.judge.wer) == (-22, (16_000, 24_000), 0.1)
        assert made.value("judge_wer") == 0.1
        assert made.value("first_audio_p50_s") is None
        assert made.why_missing("first_audio_p50_s") == "no first audio was timed with the machine held alone"

    def test_faults_are_counted_and_the_worst_named(self) -> None:
        made = voice(spoken("a", faults=("clipped", "cut off")), spoken("b"))
        assert made.value("flawed") == 0.5
        assert [(each.result.id, each.note) for each in behind(made, "flawed")] == [("a", "clipped; cut off")]

    def test_a_score_is_of_all_that_is_audible_or_none(self) -> None:
        rated, unheard = {"dnsmos": 3.0}, spoken("c", audible=False)
        assert voice(spoken("a", quality=rated), spoken("b", quality=rated), unheard).value("dnsmos") == 3
        made = voice(spoken("a", quality=rated), spoken("b"))
        assert made.why_missing("dnsmos") == "not everything that was said was rated"
        assert [each.note for each in behind(made, "dnsmos")] == ["DNSMOS 3.00"]

    def test_a_predictor_that_failed_or_was_not_asked_for_says_so(self) -> None:
        made = voice(spoken("a"), unrated={"dnsmos": "no onnxruntime"})
        assert (made.why_missing("dnsmos"), made.applies("dnsmos")) == ("no onnxruntime", True)
        assert not made.applies("mcd")
        assert made.why_missing("mcd") == "the data set's judge does not list `mcd` under `quality`"

    @pytest.mark.parametrize(
        ("readings", "why"),
        [("people", "the readings hold no words"), (None, "the data set's judge has no `readings`")],
    )
    def test_a_judge_that_was_not_held_against_people(self, readings: str | None, why: str) -> None:
        made = voice(spoken("a"), judge=Judge(model="ear", readings=readings))
        assert made.why_missing("judge_wer") == why

    def test_one_piece_is_no_stream(self) -> None:
        alone = voice(spoken("a", pieces=1, first_audio_s=0.3, first_audible_s=0.4, stalled_s=0.0))
        for metric in ("first_audio_p95_s", "first_piece_p50_s", "stalled_s"):
            assert alone.why_missing(metric) == "it doesn't stream"

    def test_first_audio_is_what_is_heard_and_the_first_piece_is_beside_it(self) -> None:
        streamed = voice(spoken("a", first_audio_s=0.3, first_audible_s=0.58, stalled_s=0.1))
        assert streamed.value("first_audio_p95_s") == pytest.approx(0.58)
        assert streamed.value("first_piece_p50_s") == pytest.approx(0.3)
        assert streamed.value("stalled_s") == pytest.approx(0.1)

    def test_silence_improves_the_rtf_and_not_that_of_speech(self) -> None:
        made = voice(spoken("a", seconds=4.0, speech_s=2.0))
        (row,) = made.utterances
        assert row.processing_s is not None
        assert made.value("speech_rtf") == pytest.approx(row.processing_s / 2.0)
        assert made.value("rtf") is not None

    def test_where_nothing_was_said_nothing_is_rated(self) -> None:
        made = valued(record(case=case("voice", "tts"), parts={"tts": voice(spoken("a")).parts["tts"]}))
        assert made.why_missing("flawed") == "nothing was said"
        assert math.isnan(made.value("dnsmos") or math.nan)


class TestParts:
    def test_those_of_a_task_that_is_not_installed_are_kept(self) -> None:
        made = with_part(utterance(), "elsewhere", {"deep": [1, {"x": None}]})
        again = UtteranceResult.model_validate_json(made.model_dump_json())
        assert again == made

    def test_those_that_do_not_fit_their_type_name_the_place(self) -> None:
        data = utterance().model_dump()
        data["parts"]["asr"]["words"]["hits"] = "many"
        with pytest.raises(ValidationError, match=r"parts\n  asr: words: hits: Input should be a valid integer"):
            UtteranceResult.model_validate(data)

    def test_a_record_of_another_task_has_none_of_recognition(self) -> None:
        row = utterance().model_copy(update={"parts": {"elsewhere": {"right": True}}})
        made = scored(record(case=case("m", "elsewhere")).model_copy(update={"utterances": (row,)}), ENGLISH)
        assert made.utterances == (row,)
        assert "looped" not in made.values
        assert made.why_missing("looped") == "elsewhere has no Looped"
        assert made.reference_units == row.errors == 0
        assert not made.comparable


def test_a_rate_of_errors_names_its_utterances_without_being_told() -> None:
    rows = [
        with_part(
            utterance(name),
            "streaming",
            Streamed(partials=(), offline=None, offline_words=None, changed=changed, words=3, first_audio_s=None),
        )
        for name, changed in (("a", 1), ("b", 0), ("c", 2))
    ]
    found = behind(record(utterances=rows, case=case("live", "streaming")), "unstable_words")
    assert [(each.result.id, each.note) for each in found] == [("c", "2 of 3"), ("a", "1 of 3")]
