"""The change since the last run: a change is called better or worse only where it is told apart."""

from __future__ import annotations

from dataclasses import replace

import pytest
from records import TIMING, edits, record, stated, utterance
from rows import row, spread

from pytest_modellab.core.schema_base import Range
from pytest_modellab.reports.scorecard.against_baseline import against_baseline
from pytest_modellab.reports.scorecard.row import Judgement
from pytest_modellab.reports.scorecard.since_last import since_last
from pytest_modellab.results.baseline import judge, of
from pytest_modellab.results.record import Record
from pytest_modellab.results.verdicts import Status


def timed(rtf: float, noisy: str | None = None) -> Record:
    """A run at this RTF, with an interval of a tenth about it."""
    made = record(timing=TIMING.model_copy(update={"noisy": noisy}))
    whole = Range(low=0.9 * rtf, high=1.1 * rtf, method="m", clusters=9, conditional="")
    return stated(made, {"rtf": rtf}, {"rtf": whole})


class TestSinceLast:
    def test_the_same_figure_of_the_same_counts_is_the_same(self) -> None:
        found = since_last(record(), record())
        assert found is not None
        assert found.text == "same"

    def test_other_errors_that_come_to_the_same_figure_are_told(self) -> None:
        found = since_last(record(), record(transcripts={"words": edits(hits=50)}))
        assert found is not None
        assert found.text == "+0"

    @pytest.mark.parametrize(
        ("before", "now", "told"),
        [
            ((0.10, 0.05, 0.15), (0.104, 0.05, 0.15), "+0.4"),
            ((0.10, 0.05, 0.15), (0.08, 0.04, 0.12), "-2"),
            ((0.10, 0.08, 0.12), (0.20, 0.18, 0.22), "+10 worse"),
            ((0.20, 0.18, 0.22), (0.10, 0.08, 0.12), "-10 better"),
        ],
    )
    def test_a_change_is_better_or_worse_where_the_intervals_lie_apart(
        self, before: tuple[float, float, float], now: tuple[float, float, float], told: str
    ) -> None:
        first = spread(record(wer=before[0]), *before[1:])
        second = spread(record(wer=now[0]), *now[1:])
        found = since_last(second, first)
        assert found is not None
        assert found.text == told

    @pytest.mark.parametrize(
        ("rtf", "noise", "told"),
        [
            (0.20, None, "same"),
            (0.30, None, "same"),  # its lower end is within 30 % of the upper end before
            (0.60, None, "same, slower"),
            (0.60, "others were busy", "same"),
            (0.05, None, "same"),
        ],
    )
    def test_speed_that_is_worse_beyond_the_tripwire_is_told(self, rtf: float, noise: str | None, told: str) -> None:
        found = since_last(timed(rtf, noise), timed(0.2))
        assert found is not None
        assert found.text == told
        if noise:
            noisy_before = since_last(timed(rtf), timed(0.2, noise))
            assert noisy_before is not None
            assert not noisy_before.slower

    def test_speed_is_compared_on_the_same_hardware_alone(self) -> None:
        other = timed(0.2)
        hardware = {**other.provenance.hardware, "cpu": "another"}
        other = other.model_copy(update={"provenance": other.provenance.model_copy(update={"hardware": hardware})})
        found = since_last(timed(0.6), other)
        assert found is not None
        assert not found.slower

    def test_without_a_figure_nothing_is_told(self) -> None:
        assert since_last(record(), None) is None
        assert since_last(record(wer=None), record()) is None
        assert since_last(record(), record(wer=None)) is None

    def test_a_row_has_it_of_the_record_before(self) -> None:
        made = row(record(wer=0.104), before=record(wer=0.1))
        assert made.since_last is not None
        assert made.since_last.before == 0.1

    def test_a_record_that_stands_is_the_same(self) -> None:
        made = row(record(), unchanged_since="abc of 2026-01-02", before=record(wer=0.4))
        assert made.since_last is not None
        assert made.since_last.text == "same"


class TestAgainstBaseline:
    def test_the_word_of_the_verdict_is_told(self) -> None:
        clips = [utterance(f"u{i}") for i in range(4)]
        made = record(utterances=clips)
        made = made.model_copy(
            update={"provenance": made.provenance.model_copy(update={"inputs": {"seed": 0, "dataset": "f"}})}
        )
        verdict = judge(made, lambda: of(made), "reports/baselines/asr/tiny-cpu-talk.jsonl").verdict
        for source, told in ((verdict.source, "unchanged"), ("tiny:cpu:talk", "")):
            each = replace(verdict, source=source)
            kept = {name: getattr(each, name) for name in Judgement.model_fields if name != "asserted"}
            assert against_baseline([Judgement(**kept, asserted=True)]) == told
            assert each.status is Status.PASS
