"""What holds of every grade, whatever the figures."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from records import TIMING, record

from pytest_modellab.catalog.load import load
from pytest_modellab.catalog.specs import LETTERS
from pytest_modellab.scorecard.grade import grade

CATALOG = load(Path(__file__).parent.parent / "fixtures")
BANDS = CATALOG.grades["asr"]
RANKS = (*LETTERS, "F")
RATES = st.floats(0, 3, allow_nan=False)


def graded(wer: float | None, rtf: float | None, success: float = 1.0) -> str | None:
    timing = TIMING.model_copy(update={"rtf": rtf, "no_speed": None if rtf is not None else "the machine was shared"})
    made = record(wer=wer, timing=timing)
    summary = made.summary.model_copy(update={"success_rate": success})
    return grade(made.model_copy(update={"summary": summary}), BANDS).letter


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
