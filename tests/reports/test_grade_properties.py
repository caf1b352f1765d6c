"""What holds of every grade, whatever the figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import TIMING, record

from pytest_modellab.catalog.load import load
from pytest_modellab.catalog.specs import Task
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.reports.scorecard.grade import grade
from pytest_modellab.reports.scorecard.part import RANKS

if TYPE_CHECKING:
    from pytest_modellab.results.record import Record

pytestmark = pytest.mark.slow

CATALOG = load(Path(__file__).parents[2] / "fixtures")
BANDS = CATALOG.grades["asr"]
RATES = st.floats(0, 3, allow_nan=False)


def graded(wer: float | None, rtf: float | None, success: float = 1.0) -> str | None:
    timing = TIMING.model_copy(update={"rtf": rtf, "no_speed": None if rtf is not None else "the machine was shared"})
    return grade(record(wer=wer, timing=timing, figures={"success_rate": success}), BANDS).letter


def rank(letter: str | None) -> int:
    assert letter is not None
    return RANKS.index(letter)


@given(RATES, RATES, RATES, st.floats(0, 1))
def test_a_worse_figure_never_raises_a_grade(wer: float, rtf: float, more: float, success: float) -> None:
    before = rank(graded(wer, rtf, success))
    assert rank(graded(wer + more, rtf, success)) >= before
    assert rank(graded(wer, rtf + more, success)) >= before
    assert rank(graded(wer, rtf, success * (1 - min(more, 1)))) >= before


@given(RATES, RATES)
def test_a_missing_figure_never_raises_one(wer: float, rtf: float) -> None:
    assert graded(None, rtf) is None
    assert graded(wer, None) is None


@given(RATES, st.floats(0, 1))
def test_speed_never_buys_back_forty_per_cent_of_errors(rtf: float, success: float) -> None:
    assert rank(graded(0.40, rtf, success)) >= RANKS.index("C")


class FakeFigures:
    """A fake of a record: what a grade is made of, whatever the task."""

    limited_to = None
    wordless = False
    error_metric = "wer"
    parts: ClassVar[dict[str, object]] = {}
    reference_units = 100
    utterances: ClassVar[list[object]] = []

    def __init__(self, task: str, figures: dict[str, float | None]) -> None:
        self.case = record().case.model_copy(update={"task": task})
        self.summary = record().summary
        self.timing = TIMING
        self.figures = figures

    def applies(self, metric: str) -> bool:
        return metric in self.figures

    def value(self, metric: str) -> float | None:
        return self.figures[metric]

    def noise(self, metric: str) -> str | None:
        return None

    def why_missing(self, metric: str) -> str:
        return "it was not measured"


def letter_of(task: Task, figures: dict[str, float | None], research: str | None = None) -> str | None:
    return grade(cast("Record", FakeFigures(task, figures)), CATALOG.grades[task], research).letter


@st.composite
def figures_of(draw: st.DrawFn) -> tuple[Task, dict[str, float], str]:
    """A task, a figure for each of its criteria, and one of these."""
    task = draw(st.sampled_from(sorted(CATALOG.grades)))
    figures = {}
    for metric, bands in CATALOG.grades[task].criteria.items():
        # On the bands, between them, and beyond either end.
        marks = sorted(bands.values())
        beyond = st.floats(max(0.0, marks[0] / 2), 1.5 * marks[-1] + 0.1, allow_nan=False)
        figures[metric] = draw(st.sampled_from(marks) | beyond)
    return task, figures, draw(st.sampled_from(sorted(figures)))


@given(figures_of(), st.floats(0, 3), st.sampled_from([None, "its licence"]))
def test_in_every_task_a_worse_figure_never_raises_a_grade(
    found: tuple[Task, dict[str, float], str], more: float, research: str | None
) -> None:
    task, figures, metric = found
    worse = figures[metric] + more if METRICS[metric].better == "lower" else figures[metric] - more
    before = letter_of(task, dict(figures), research)
    after = letter_of(task, {**figures, metric: worse}, research)
    assert before is not None
    assert after is not None
    assert RANKS.index(after) >= RANKS.index(before)


@given(figures_of())
def test_in_every_task_a_missing_figure_is_no_grade(found: tuple[Task, dict[str, float], str]) -> None:
    task, figures, metric = found
    assert letter_of(task, {**figures, metric: None}) is None


@given(figures_of())
def test_in_every_task_the_weakest_criterion_decides(found: tuple[Task, dict[str, float], str]) -> None:
    task, figures, _ = found
    alone = [letter_of(task, {metric: value}) for metric, value in figures.items()]
    assert letter_of(task, dict(figures)) == max(alone, key=lambda each: RANKS.index(str(each)))


@given(figures_of())
def test_what_is_for_research_is_graded_so_or_f(found: tuple[Task, dict[str, float], str]) -> None:
    task, figures, _ = found
    letter = letter_of(task, dict(figures))
    assert letter_of(task, dict(figures), "its licence") == ("F" if letter == "F" else "research")
