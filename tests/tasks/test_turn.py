"""End of turn, piece by piece: the worker's side, references, scoring, metrics, and the curve over thresholds."""

from __future__ import annotations

import math
from itertools import product
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from records import record

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.core.metrics.evaluate import evaluate
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.table import Table
from pytest_modellab.core.schema_base import Failure
from pytest_modellab.core.text import TextRules
from pytest_modellab.results.record import Record, UtteranceResult
from pytest_modellab.results.worst_utterances import behind
from pytest_modellab.tasks.registry import task_named
from pytest_modellab.tasks.scoring import Judged
from pytest_modellab.tasks.turn import handler
from pytest_modellab.tasks.turn.record import GIVE_UP_S, Cut, turns_of
from pytest_modellab.tasks.turn.sweep import Sweep, placements, wait_s
from pytest_modellab.tasks.turn.truth import finished, wrong

RATE = 16_000
SILENCES = (0.2, 0.4, 0.8)
RULES = TextRules("modellab")
SCORING = task_named("turn").scoring()


class Engine:
    """A detector that gives back what it is made with, and notes how much it was given."""

    threshold: Any = 0.5

    def __init__(self, *given: Any) -> None:
        self.given = [*given]
        self.heard: list[int] = []
        self.synchronized = 0

    def synchronize(self) -> None:
        self.synchronized += 1

    def ended(self, clip: Any) -> Any:
        assert not clip.samples.any()
        clip.samples[:] = 1  # some engines write into their input
        self.heard.append(len(clip.samples))
        return self.given.pop(0)


class TestHandler:
    def ask(self, engine: Engine, *heard: int) -> dict[str, Any]:
        message = {"rate": RATE, "language": "en", "heard": heard}
        reply, samples = handler.answer(engine, message, np.zeros(RATE, "<f4").tobytes())
        assert samples == b""
        return reply

    def test_it_is_asked_about_each_moment(self) -> None:
        engine = Engine(0.25, 1)
        reply = self.ask(engine, 8000, 12_000)
        assert (reply["probabilities"], reply["threshold"]) == ([0.25, 1.0], 0.5)
        assert engine.heard == [8000, 12_000]
        assert engine.synchronized == 4
        assert reply["seconds"] == reply["calls_s"][0] >= 0
        assert len(reply["calls_s"]) == 2
        assert reply["cpu_s"] >= 0

    @pytest.mark.parametrize("given", ["yes", None, math.nan, -0.1, 1.1])
    def test_what_is_no_probability(self, given: Any) -> None:
        with pytest.raises(TypeError, match=r"ended\(\) must return a probability between 0 and 1, not "):
            self.ask(Engine(given), 8000)

    def test_a_threshold_that_is_none(self) -> None:
        engine = Engine(0.5)
        engine.threshold = 5
        with pytest.raises(TypeError, match="threshold must be a probability"):
            self.ask(engine, 8000)


@pytest.mark.parametrize(("text", "truth"), [(" Finished", True), ("0", False), ("incomplete", False), ("maybe", None)])
def test_what_a_reference_says(text: str, truth: bool | None) -> None:
    assert finished(text) is truth


def test_references_that_say_nothing_are_named() -> None:
    assert wrong([("a", "finished")]) == ""
    told = wrong((id, "hello") for id in "abcde")
    assert told.endswith("a has 'hello', b has 'hello', c has 'hello' and 2 more")


def row(id: str, reference: str, *probabilities: float, speaker: str = "a", calls_s: Any = None) -> UtteranceResult:
    """A cut with these probabilities; without any the engine failed."""
    silences = SILENCES[: len(probabilities)]
    cut = Cut(silences_s=silences, probabilities=probabilities, threshold=0.5, calls_s=calls_s)
    hypothesis = "finished" if any(each >= 0.5 for each in probabilities) else "unfinished"
    return UtteranceResult(
        id=id,
        reference=reference,
        hypothesis=hypothesis if probabilities else None,
        audio_s=2.0,
        processing_s=None if calls_s is None else calls_s[0],
        error=None if probabilities else Failure(kind="exception", message="failed"),
        speaker=speaker,
        parts={"turn": cut} if probabilities else {},
    )


ROWS = (
    row("end-1", "finished", 0.9, 0.9, 0.9, calls_s=(0.01, 0.02, 0.03)),
    row("end-2", "finished", 0.3, 0.6, 0.2, calls_s=(0.01, 0.02, 0.03)),
    row("end-3", "finished", 0.1, 0.2, 0.4, calls_s=(0.01, 0.02, 0.03)),
    row("end-4", "finished", 0.8, 0.8, 0.8),
    row("pause-1", "unfinished", 0.2),
    row("pause-2", "unfinished", 0.4, 0.1),
    row("pause-3", "unfinished", 0.1, 0.3, 0.7),
    row("pause-4", "unfinished", 0.05),
)
FAILED = (row("end-5", "finished"), row("pause-5", "unfinished"))


def made(*rows: UtteranceResult, **more: Any) -> Record:
    parts = SCORING.score(rows, RULES)
    scored = [each.model_copy(update={"parts": own}) for each, own in zip(rows, parts, strict=True)]
    case = CaseRef(task="turn", model="detector", device="cpu", dataset="cuts")
    return record(case=case, utterances=scored, **more)


def value(name: str, found: Record) -> float | None:
    return evaluate(METRICS[name], Table(found)).value


class TestMetrics:
    def test_what_is_wrong(self) -> None:
        found = made(*ROWS)
        assert value("turn_error", found) == 2 / 8
        interval = evaluate(METRICS["cut_off_rate"], Table(made(*ROWS[4:], *ROWS[:2]))).interval
        assert interval is None or interval.high <= 1
        assert value("cut_off_rate", found) == 1 / 4
        assert value("late_rate", found) == 1 / 4
        assert value("turn_wait_s", found) == pytest.approx((0.2 + 0.4 + GIVE_UP_S + 0.2) / 4)

    def test_where_the_engine_failed_it_was_wrong(self) -> None:
        found = made(*ROWS, *FAILED)
        assert value("cut_off_rate", found) == 2 / 5
        assert value("late_rate", found) == 2 / 5
        assert value("turn_wait_s", found) == pytest.approx((0.2 + 0.4 + GIVE_UP_S + 0.2 + GIVE_UP_S) / 5)
        # Behind every cut of the other kind.
        assert value("turn_auc", found) == pytest.approx(4 * value("turn_auc", made(*ROWS)) * 4 / 25)  # type: ignore[operator]

    def test_the_delay_of_what_was_timed_has_the_call_that_told(self) -> None:
        found = made(*ROWS)
        assert value("turn_delay_p50_s", found) == pytest.approx(0.4 + 0.02)
        assert value("turn_delay_p95_s", found) == pytest.approx(np.quantile([0.21, 0.42, GIVE_UP_S], 0.95))
        untimed = made(*(each.model_copy(update={"parts": SCORING.untimed(each.parts)}) for each in ROWS))
        assert value("turn_delay_p50_s", untimed) is None

    def test_the_area_under_the_curve_and_its_error_are_delongs(self) -> None:
        found = made(*ROWS)
        ends, pauses = [0.9, 0.3, 0.1, 0.8], [0.2, 0.4, 0.1, 0.05]
        wins = np.array([[(x > y) + (x == y) / 2 for y in pauses] for x in ends])
        assert value("turn_auc", found) == pytest.approx(wins.mean())
        column = Table(found).column(METRICS["turn_auc"])
        own = wins.mean(axis=1).var(ddof=1) / 4 + wins.mean(axis=0).var(ddof=1) / 4
        assert column.values.var(ddof=0) / 8 == pytest.approx(own * 3 / 4)

    def test_clips_that_are_no_cuts_have_no_wait(self) -> None:
        plain = [
            each.model_copy(
                update={"parts": {"turn": each.parts["turn"].model_copy(update={"silences_s": (0.0,) * 3})}}
            )
            for each in (ROWS[0], ROWS[6])
        ]
        found = made(*plain)
        evaluated = evaluate(METRICS["turn_wait_s"], Table(found))
        assert evaluated.missing is not None
        assert not evaluated.missing.possible
        assert value("turn_error", found) == 0.5

    def test_cuts_of_one_kind(self) -> None:
        found = made(*ROWS[:4])
        for name in ("cut_off_rate", "turn_auc", "turn_wait_at_5_s"):
            evaluated = evaluate(METRICS[name], Table(found))
            assert evaluated.missing is not None
            assert not evaluated.missing.possible
        assert value("cut_off_rate", made(*ROWS[4:])) == 0.25
        assert value("late_rate", made(*ROWS[4:])) is None
        assert value("turn_wait_s", made(*FAILED)) is None

    def test_the_cuts_behind_a_figure(self) -> None:
        found = made(*ROWS, *FAILED)
        notes = [(each.result.id, each.note) for each in (*behind(found, "cut_off_rate"), *behind(found, "late_rate"))]
        assert notes == [
            ("pause-3", "taken for finished in a pause (0.70 at most)"),
            ("end-3", "finished, and never taken for it (0.40 at most)"),
        ]

    def test_what_an_answer_counts_in_a_comparison(self) -> None:
        assert SCORING.errors(ROWS[0], "finished", RULES) == (0, 1)
        assert SCORING.errors(ROWS[0], "unfinished", RULES) == (1, 1)
        assert SCORING.errors(ROWS[4], None, RULES) == (1, 1)


class TestSweep:
    ends = tuple(each.parts["turn"] for each in ROWS[:4])
    pauses = tuple(each.parts["turn"] for each in ROWS[4:])

    def test_a_point_is_what_the_metrics_are_at_that_threshold(self) -> None:
        sweep = Sweep(self.ends, self.pauses)
        own = sweep.at(0.5)
        assert (own.cut_off_rate, own.late_rate) == (0.25, 0.25)
        assert own.wait_s == pytest.approx((0.2 + 0.4 + GIVE_UP_S + 0.2) / 4)

    @pytest.mark.parametrize("rate", [0.0, 0.05, 0.25, 0.5, 1.0])
    def test_the_lowest_threshold_that_cuts_off_no_more(self, rate: float) -> None:
        sweep = Sweep(self.ends, self.pauses)
        threshold = sweep.threshold_at(rate)
        assert sweep.at(threshold).cut_off_rate <= rate
        if rate < 1:
            assert sweep.at(float(np.nextafter(threshold, 0))).cut_off_rate > rate

    def test_a_curve_falls(self) -> None:
        curve = Sweep(self.ends, self.pauses).curve()
        rates, waits = ([getattr(each, name) for each in curve] for name in ("cut_off_rate", "wait_s"))
        assert rates == sorted(rates)
        assert waits == sorted(waits, reverse=True)
        assert (rates[0], rates[-1]) == (0, 1)
        assert waits[-1] == pytest.approx(0.2)
        assert len(set(curve)) == len(curve) == 5

    def test_one_that_fails_is_cut_off_at_any_threshold(self) -> None:
        sweep = Sweep([None, *self.ends], [None, *self.pauses])
        never = sweep.at(sweep.threshold_at(0.0))
        assert (never.threshold, never.cut_off_rate, never.late_rate, never.wait_s) == (None, 0.2, 1.0, GIVE_UP_S)

    def test_in_a_record(self) -> None:
        turns = turns_of(made(*ROWS))
        assert turns is not None
        assert (turns.finished, turns.unfinished, turns.call_s) == (4, 4, 0.01)
        assert turns.at_5 is not None
        assert turns.at_5.cut_off_rate == 0
        assert value("turn_wait_at_5_s", made(*ROWS)) == pytest.approx(turns.at_5.wait_s)

    def test_shares_of_the_others(self) -> None:
        random = np.random.default_rng(0)
        for above in (True, False):
            one, other = random.integers(0, 5, 20) / 4, random.integers(0, 5, 30) / 4
            wins = np.zeros(20)
            for (i, x), y in product(enumerate(one), other):
                wins[i] += ((x > y) if above else (x < y)) + (x == y) / 2
            assert placements(list(one), list(other), above=above) == pytest.approx(wins / 30)


class TestTask:
    task = task_named("turn")

    def test_how_a_cut_is_shown(self) -> None:
        assert [*self.task.show(ROWS[1])] == ["0.30 after 0.2 s, 0.60 after 0.4 s, 0.20 after 0.8 s"]
        assert [*self.task.show(FAILED[0])] == []

    def test_its_curve_has_the_call_on_top(self) -> None:
        swept = self.task.swept(made(*ROWS))
        assert swept is not None
        assert swept.own == pytest.approx((0.25, 0.96))
        assert swept.points[-1] == pytest.approx((1.0, 0.21))
        assert self.task.swept(made(*ROWS[:4])) is None
        assert task_named("asr").swept(made(*ROWS)) is None

    def test_an_answer_without_a_part(self) -> None:
        clip = cast(Any, SimpleNamespace(id="a"))
        assert SCORING.raw(clip, {"text": None, "part": None}, {}, Judged()) == (None, {})
        assert SCORING.untimed({}) == {}


def test_one_that_never_fires_waits_no_less_than_one_that_fires_late() -> None:
    silences = (0.5, 2.0, 5.0, 8.0)
    late, never = (Cut(silences_s=silences, probabilities=found, threshold=0.5) for found in ((0, 0, 1, 1), (0,) * 4))
    assert wait_s(late, 0.5) == wait_s(never, 0.5) == GIVE_UP_S
