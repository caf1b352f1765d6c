"""Models that are interrupted while they speak: what is stored, what is graded, what a scenario may be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bargelab import EVENTS, scenarios, talker
from fakeruns import FakeRuns
from labsessions import LabSessions
from modellab_fake_duplex import FakeDuplex, FakeDuplexOptions

from pytest_modellab.catalog import CatalogError
from pytest_modellab.catalog.load import load
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.schema_base import Failure
from pytest_modellab.results.baseline import why_not_compared
from pytest_modellab.results.record import Record
from pytest_modellab.results.scoring import scored
from pytest_modellab.tasks.barge_in import handler
from pytest_modellab.tasks.barge_in.record import Scenario, scenario_of
from pytest_modellab.tasks.registry import task_named

RATE = 16_000


def found(record: Record) -> dict[str, Scenario]:
    return {each.id: part for each in record.utterances if (part := scenario_of(each)) is not None}


def test_baselines_hold_texts_which_do_not_tell_whether_it_fell_silent(runs: FakeRuns) -> None:
    talker(scenarios(runs))
    record = runs.measured()
    assert not record.comparable
    assert why_not_compared(record) == "its texts don't tell how right it was"
    assert METRICS["talked_over"].comparison == "pairs"


def test_it_is_listened_to_for_long_enough_to_tell(runs: FakeRuns) -> None:
    scenarios(runs, settle_s=2.0)
    with pytest.raises(CatalogError, match="`settle_s` is at least `within_s` and a second"):
        load(runs.catalog, runs.path)


def test_what_it_heard_before_the_event_is_no_answer_to_it(runs: FakeRuns) -> None:
    part = found_part(heard=("what is", "the capital"), turns=2)
    assert not part.stopped
    assert part.model_copy(update={"heard": ("what is", "the capital", "mhm")}).stopped


class TestRecords:
    def test_one_that_stops(self, runs: FakeRuns) -> None:
        talker(scenarios(runs))
        record = runs.measured()
        parts = found(record)
        stop = parts["stop"]
        assert stop.spoke
        assert stop.stopped
        # Four frames of sound until it stops, and the one that was due.
        assert stop.silent_after_s == pytest.approx(0.4, abs=0.11)
        assert [parts[name].stopped for name in EVENTS] == [True, True, False, False, False]
        assert record.value("talked_over") == 0
        assert record.value("false_stops") == 0
        assert record.value("unplayed") == 0
        assert record.value("fall_silent_s") == pytest.approx(0.4, abs=0.11)
        assert record.value("fall_silent_p95_s") is not None
        # It hears five words of five, and five of three.
        assert record.value("interruption_wer") == pytest.approx(2 / 8)

    def test_events_begin_when_it_has_spoken_for_so_long(self, runs: FakeRuns) -> None:
        talker(scenarios(runs, "stop", "again"))
        parts = found(runs.measured())
        onset_s = parts["stop"].speech[0][0]
        for name, after_s in (("stop", 1.0), ("again", 2.0)):
            assert parts[name].began_s == pytest.approx(onset_s + after_s, abs=0.11)

    def test_one_that_never_stops(self, runs: FakeRuns) -> None:
        talker(scenarios(runs), stops_after_s=0)
        record = runs.measured()
        assert record.value("talked_over") == 1
        assert record.value("false_stops") == 0
        assert found(record)["stop"].silent_after_s is None
        assert record.value("fall_silent_s") > 3  # type: ignore[operator]

    def test_one_that_stops_for_anything(self, runs: FakeRuns) -> None:
        talker(scenarios(runs), stops_after_s=0.1)
        assert runs.measured().value("false_stops") == pytest.approx(1 / 3)

    def test_one_that_says_nothing_came_to_nothing(self, runs: FakeRuns) -> None:
        talker(scenarios(runs, longest_s=8), mute=True)
        record = runs.measured()
        assert record.value("unplayed") == 1
        assert record.value("talked_over") is None

    def test_one_that_speaks_too_late_to_be_listened_to(self, runs: FakeRuns) -> None:
        talker(scenarios(runs, "stop", longest_s=5.0))
        (row,) = runs.measured().utterances
        assert row.error is not None
        assert "too late to be listened to behind it for `settle_s`, 3 s, within `longest_s`, 5 s" in row.error.message

    def test_words_that_were_lost_altogether_are_wrong(self, runs: FakeRuns) -> None:
        talker(scenarios(runs, "stop", "again"))
        record = runs.measured()
        assert record.value("interruption_wer") == pytest.approx(2 / 8)
        first, second = record.utterances
        part = scenario_of(first)
        assert part is not None
        mute = first.model_copy(update={"parts": {"barge_in": part.model_copy(update={"heard": ()})}})
        failure = Failure(kind="exception", message="broken")
        failed = first.model_copy(update={"hypothesis": None, "error": failure, "parts": {}})
        for lost in (mute, failed):
            found = scored(record.model_copy(update={"utterances": (lost, second)}), record.rules)
            assert found.value("interruption_wer") == pytest.approx((5 + 2) / 8)
        silent = [
            each.model_copy(update={"parts": {"barge_in": scenario_of(each).model_copy(update={"heard": ()})}})  # type: ignore[union-attr]
            for each in record.utterances
        ]
        # Of a model that never tells what it understands nothing is known.
        for rows in ([silent[0], silent[1]], [silent[0], failed]):
            found = scored(record.model_copy(update={"utterances": tuple(rows)}), record.rules)
            assert found.value("interruption_wer") is None

    def test_one_that_fails(self, runs: FakeRuns) -> None:
        talker(scenarios(runs, "stop", "mhm"), fault="raise")
        record = runs.measured()
        assert record.value("talked_over") == 1
        assert record.value("unplayed") == 1

    @pytest.mark.parametrize(
        ("fault", "told"),
        [
            ("too-long", "hear() must return samples of shape (m,), m at most 801"),
            ("nan", "hear() must return finite samples: 800 of 800 are NaN or infinite"),
        ],
    )
    def test_samples_that_can_not_be_played(self, runs: FakeRuns, fault: str, told: str) -> None:
        talker(scenarios(runs, "stop"), fault=fault)
        error = runs.measured().utterances[0].error
        assert error is not None
        assert told in error.message


class TestGrades:
    @pytest.mark.parametrize(("options", "letter"), [({}, "A+"), ({"stops_after_s": 0}, "F"), ({"mute": True}, None)])
    def test_one_that_never_stops_fails(
        self, sessions: LabSessions, options: dict[str, Any], letter: str | None
    ) -> None:
        talker(scenarios(sessions, longest_s=12), **options)
        sessions.session(asserted=())
        (row,) = sessions.scorecard()["rows"]
        assert row["grade"]["letter"] == letter
        # One that says nothing has stopped for nobody: there is no figure of it, and no grade.
        assert ("nobody interrupted it" in row["grade"]["why"]) is (letter is None)


class TestHandler:
    def test_an_earlier_event_that_never_began_hides_nothing(self) -> None:
        events = [
            {"samples": RATE, "at_s": 0.5, "after_s": None},
            {"samples": RATE, "at_s": None, "after_s": 30.0},
            {"samples": RATE, "at_s": 8.0, "after_s": None},
        ]
        message = {"rate": RATE, "language": "en", "events": events, "settle_s": 3.0, "longest_s": 9.0, "seed": 0}
        sound = np.full(3 * RATE, 0.2, "<f4").tobytes()
        with pytest.raises(TimeoutError, match=r"the last event began at 8\.0 s, too late"):
            handler.answer(FakeDuplex(FakeDuplexOptions()), message, sound)

    def play(self, **options: Any) -> dict[str, Any]:
        message = {
            "rate": RATE,
            "language": "en",
            "events": [
                {"samples": RATE, "at_s": 0.5, "after_s": None},
                {"samples": RATE, "at_s": None, "after_s": 1.0},
            ],
            "settle_s": 1.0,
            "longest_s": 20.0,
            "seed": 0,
        }
        reply, samples = handler.answer(
            FakeDuplex(FakeDuplexOptions(**options)), message, np.full(2 * RATE, 0.2, "<f4").tobytes()
        )
        assert samples == b""
        return reply

    def test_the_clock_is_that_of_the_sound(self) -> None:
        reply = self.play()
        assert reply["began"][0] == 0.5
        # A second of sound, six quiet frames until it speaks, in the time of the next one; then again.
        [begin, end], again = reply["speech"]
        assert begin == pytest.approx(2.1, abs=0.01)
        assert reply["began"][1] == pytest.approx(3.1, abs=0.11)
        assert again[0] == pytest.approx(reply["began"][1] + 1.7, abs=0.11)
        assert end == pytest.approx(reply["began"][1] + 0.4, abs=0.11)
        assert reply["listened"] == pytest.approx(reply["began"][1] + 2.0, abs=0.11)
        assert reply["heard"][0] == "hello my dear old friend"
        assert len(reply["lags_s"]) == 2
        assert 0 <= reply["lags_s"][0] <= reply["seconds"]


def scenario(*speech: tuple[float, float], kind: str = "interruption", began_s: float | None = 5.0) -> Scenario:
    fields = {"kind": kind, "began_s": began_s, "lasts_s": 0.5, "within_s": 1.5, "listened_s": 10.0, "frame_s": 0.1}
    return Scenario.model_validate({**fields, "speech": speech})


def found_part(**more: Any) -> Scenario:
    return scenario((2.0, 9.9), kind="noise").model_copy(update=more)


class TestScenario:
    @pytest.mark.parametrize(
        ("speech", "silent_s", "stopped"),
        [
            (((2.0, 5.8),), 0.8, True),
            (((2.0, 5.1), (5.3, 6.0)), 1.0, True),  # a pause between sentences
            (((2.0, 5.1), (6.3, 9.9)), 0.1, True),  # it went on later
            (((2.0, 8.0),), 3.0, False),
            (((2.0, 9.9),), None, False),
        ],
    )
    def test_when_it_fell_silent(self, speech: Any, silent_s: float | None, stopped: bool) -> None:
        made = scenario(*speech)
        assert made.spoke
        assert made.silent_after_s == (None if silent_s is None else pytest.approx(silent_s))
        assert made.stopped is stopped

    def test_what_it_need_not_stop_for_may_end_first(self) -> None:
        assert scenario((2.0, 6.9), kind="noise").stopped
        assert not scenario((2.0, 7.1), kind="noise").stopped

    def test_one_that_had_finished_before(self) -> None:
        assert not scenario((2.0, 4.8), (6.0, 9.0)).spoke
        assert scenario((2.0, 4.8), (5.2, 9.0)).spoke
        assert not scenario((2.0, 4.0)).spoke
        assert not scenario(began_s=None).spoke


def test_how_it_is_shown(runs: FakeRuns) -> None:
    talker(scenarios(runs, "stop"))
    (row,) = runs.measured().utterances
    began, silent = task_named("barge_in").show(row)
    assert began.startswith("interruption at ")
    assert silent.endswith(" s later")


def test_times_that_mean_nothing_are_left_out() -> None:
    scoring = task_named("barge_in").scoring()
    timed = scenario((2.0, 5.8)).model_copy(update={"lags_s": (0.5,), "slowest_s": 0.5})
    left = scoring.untimed({"barge_in": timed})["barge_in"]
    assert (left.lags_s, left.slowest_s) == (None, None)
    assert left.speech == timed.speech
    assert scoring.untimed({}) == {}
