"""Runs of word times and of translation with fakes: what is stored, judged, scored again and read from a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fakeruns import FakeRuns
from tabled import tables_from
from wordlab import translations, words

from pytest_modellab.catalog.load import load
from pytest_modellab.core.metrics.evaluate import evaluate
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.table import Table
from pytest_modellab.reports.scorecard.judged import judged
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import read, write
from pytest_modellab.results.rescore import rescore
from pytest_modellab.results.table.stored_rows import StoredRows
from pytest_modellab.results.verdicts import Status


def row_of(runs: FakeRuns) -> Any:
    """The only case, run and judged."""
    (outcome,) = runs.run().values()
    catalog = load(runs.catalog, runs.path)
    assert outcome.record is not None, outcome
    found = [(outcome.record, outcome.path)]
    card = judged("s", catalog, found, required=[], strict="failures")  # type: ignore[arg-type]  # it was measured
    [row] = card.rows
    return row


class TestWords:
    def test_times_that_are_right_pass(self, runs: FakeRuns) -> None:
        row = row_of(words(runs))
        assert row.status is Status.PASS
        assert row.figures["word_boundary_median_s"] < 0.01
        assert row.figures["boundaries_found"] == 1.0
        assert (row.figures["wer"], row.figures["untimed_words"], row.figures["words_in_silence"]) == (0.0, 0.0, 0.0)

    def test_a_shift_fails(self, runs: FakeRuns) -> None:
        row = row_of(words(runs, shift_s=0.15))
        assert row.status is Status.FAIL
        assert row.figures["word_boundary_median_s"] == pytest.approx(0.15, abs=0.01)

    def test_no_times_are_no_pass(self, runs: FakeRuns) -> None:
        row = row_of(words(runs, times=False))
        assert row.status is Status.NOT_AVAILABLE
        assert row.grade.letter is None
        assert row.figures["untimed_words"] == 1.0

    def test_scored_again_it_is_the_same(self, runs: FakeRuns) -> None:
        measured = words(runs, shift_s=0.05).measured()
        assert rescore(measured).values == measured.values


class TestTranslation:
    def test_texts_of_the_other_set_are_the_references(self, runs: FakeRuns) -> None:
        measured = translations(runs).measured()
        assert [each.reference for each in measured.utterances] == list(runs.texts)
        assert measured.utterances[0].hypothesis == "one fine day (en)"
        assert (measured.value("chrf") or 0) > 70
        assert measured.parts["translate"].target == "en"

    def test_a_failing_utterance_counts(self, runs: FakeRuns) -> None:
        whole = translations(runs).measured().value("chrf") or 0
        less = translations(runs, faults={"4000": "raise"}).measured(fresh=True)
        assert less.value("success_rate") == pytest.approx(2 / 3)
        assert (less.value("chrf") or 0) < whole - 10

    def test_baselines_are_about_edits(self, runs: FakeRuns) -> None:
        measured = translations(runs).measured()
        assert [measured.errors_of(each) for each in measured.utterances] == [1, 1, 1]


@pytest.mark.parametrize("task", [words, translations])
def test_a_table_gives_the_same_figures(runs: FakeRuns, task: Any, tmp_path: Path) -> None:
    measured: Record = task(runs).measured()
    with tables_from(1):
        again = read(write(measured, tmp_path))
        assert isinstance(again.utterances, StoredRows)
        assert {name: evaluate(METRICS[name], Table(again)) for name in again.values if METRICS[name].width} == {
            name: evaluate(METRICS[name], Table(measured)) for name in again.values if METRICS[name].width
        }
        assert rescore(again).values == measured.values
