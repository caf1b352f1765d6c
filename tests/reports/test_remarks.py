"""Remarks on rows: a pass with the grade F, and limits that are passed by the value alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from duels import measured
from pages import Parsed, card, rendered
from records import record
from rows import BANDS, RTF, WER, row, spread

from pytest_modellab.catalog.specs import LimitSpec
from pytest_modellab.reports.scorecard.build import build
from pytest_modellab.reports.scorecard.grade import grade
from pytest_modellab.reports.scorecard.markdown import render
from pytest_modellab.reports.scorecard.remarks import graded_apart, lines
from pytest_modellab.results.verdicts import Status

LAX = LimitSpec(metric="wer", max=0.6)


class TestGradedApart:
    def test_a_pass_with_an_f_names_the_band_and_the_limit(self) -> None:
        found = row(record(wer=0.4), limits=[LAX])
        assert (found.status, found.grade and found.grade.letter) == (Status.PASS, "F")
        told = "grade F by WER 40.0 % (C asks for ≤ 25.0 %), pass because its limit is ≤ 60.0 %"
        assert found.graded_apart == told
        assert list(lines([found])) == [f"tiny:cpu:talk: {told}", "[n/a] no interval: fewer than 5 utterances"]

    def test_or_that_there_is_no_limit(self) -> None:
        found = row(record(wer=0.4), limits=[RTF])
        assert found.graded_apart == "grade F by WER 40.0 % (C asks for ≤ 25.0 %), pass because no limit is on it"

    def test_a_warning_is_a_pass_too(self) -> None:
        found = grade(record(wer=0.4), BANDS)
        assert "warn because" in str(graded_apart(found, Status.WARN, ()))

    @pytest.mark.parametrize("status", [Status.FAIL, Status.INCONCLUSIVE, Status.NOT_AVAILABLE])
    def test_nothing_is_told_of_what_does_not_pass(self, status: Status) -> None:
        assert graded_apart(grade(record(wer=0.4), BANDS), status, ()) is None

    def test_nor_of_a_better_grade(self) -> None:
        assert row(record(wer=0.2), limits=[LAX]).graded_apart is None


class TestByValueAlone:
    def test_an_interval_that_reaches_beyond_the_limit_is_told(self) -> None:
        rows = [row(spread(record(name), 0.05, 0.2)) for name in ("a", "b")]
        assert rows[0].by_value_alone == ("wer",)
        told = "passed by the value alone, the interval reaches beyond the limit: WER of"
        assert list(lines(rows[:1])) == [f"{told} a:cpu:talk"]
        assert list(lines(rows)) == [f"{told} 2 cases"]

    def test_not_of_one_within_it_or_of_a_limit_that_is_judged_by_it(self) -> None:
        assert row(spread(record(), 0.05, 0.14)).by_value_alone == ()
        by_bound = LimitSpec(metric="wer", max=0.15, judge="bound")
        made = measured("a", "talk", [1, 0, 1, 0, 1, 0, 0, 1] * 40)
        assert row(made, limits=[by_bound]).status is Status.PASS
        assert row(made, limits=[by_bound]).by_value_alone == ()

    def test_a_lower_bound_has_its_interval_below(self) -> None:
        made = measured("a", "talk", [0] * 8)
        limit = LimitSpec(metric="success_rate", min=0.9)
        assert row(made, limits=[limit]).by_value_alone == ("success_rate",)

    def test_many_are_counted(self) -> None:
        names = ("wer", "cer", "looped", "truncated", "success_rate", "rtf")
        found = row(record()).model_copy(update={"by_value_alone": names})
        assert next(lines([found])).endswith("WER, CER, Looped, Truncated and 2 more of tiny:cpu:talk")


def test_they_stand_on_the_page_and_in_markdown(tmp_path: Path) -> None:
    made = spread(record(wer=0.14), 0.05, 0.2)
    text = Parsed(rendered(tmp_path, card(tmp_path, made))).text
    assert "passed by the value alone, the interval reaches beyond the limit: WER" in text
    failing = row(record(wer=0.4), limits=[WER, LAX])
    assert "its limit is ≤ 60.0 %" in render(build("s", [failing], partial=None))
