"""The words of a comparison: what lies behind a change, why it is in doubt, what could not be compared."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.reports.comparison import words
from pytest_modellab.reports.comparison.parts import KEPT_UTTERANCES, MetricChange, UtteranceChange

CASE = CaseRef(task="asr", model="tiny", device="cpu", dataset="talk")


def change(**fields: Any) -> MetricChange:
    told = {"metric": "wer", "before": 0.03, "after": 0.05, "outcome": "not told apart", "pairs": 30, "method": "m"}
    return MetricChange(case=CASE, side="after", **{**told, **fields})


def moved(before: str | None, after: str | None, errors: tuple[int, int] = (0, 1)) -> UtteranceChange:
    return UtteranceChange(
        id="clip", reference="one two", before=before, after=after, errors_before=errors[0], errors_after=errors[1]
    )


class TestEvidence:
    def test_the_number_of_utterances_and_the_method(self) -> None:
        assert words.evidence(change()) == "30 utterances, m"
        assert words.evidence(change(pairs=1)) == "1 utterance, m"

    def test_utterances_that_changed_are_counted_as_far_as_they_are_kept(self) -> None:
        many = (moved("one", "two"),) * KEPT_UTTERANCES
        told = words.evidence(change(worse=many, better=(moved("two", "one"),)))
        assert f"{KEPT_UTTERANCES} or more with more errors, 1 with fewer" in told

    def test_all_that_changed_are_counted_though_few_are_kept(self) -> None:
        many = (moved("one", "two"),) * KEPT_UTTERANCES
        told = words.evidence(change(worse=many, worse_count=25, better=(moved("two", "one"),), better_count=1))
        assert "25 with more errors, 1 with fewer" in told

    def test_conditions(self) -> None:
        told = words.evidence(change(why="too few", conditional="for one speaker only", noisy="others were busy"))
        assert told.endswith("m; too few; for one speaker only; the machine was noisy: others were busy")


class TestDoubt:
    def test_a_stated_reason_goes_first(self) -> None:
        assert words.doubt(change(why="too few", noisy="busy", kind="ratio")) == "too few"

    def test_noise_is_a_reason_for_times_alone(self) -> None:
        slower = change(metric="rtf", kind="ratio", noisy="others were busy")
        assert words.doubt(slower) == "the machine was noisy: others were busy"
        assert words.doubt(change(noisy="others were busy")) == ""

    def test_the_rise_that_would_have_been_seen(self) -> None:
        told = words.doubt(change(detectable=0.04, counted=True))
        assert told == "a rise of 4 points would be seen four times in five"
        assert words.doubt(change(detectable=0.04)) == ""


def test_a_value_that_is_shown_alike_is_shown_once() -> None:
    assert words.alike(change(before=0.03, after=0.03001)) == "WER 3.0 %"
    assert words.alike(change()) == "WER 3.0 % -> 5.0 %"
    assert words.alike(change(why="too few")) == "WER 3.0 % -> 5.0 % (too few)"


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [("one two", None, ("one two", "(no answer)")), ("one", "", ("one", "(nothing)"))],
)
def test_an_utterance_says_what_was_answered(before: str, after: str | None, shown: tuple[str, str]) -> None:
    (found,) = words.utterances(change(outcome="worse", worse=(moved(before, after, (0, 2)),)))
    assert found == ("clip: 0 -> 2 errors", "one two", *shown)


def test_of_a_change_for_the_better_those_that_got_better_are_shown_the_first_few() -> None:
    better = tuple(moved("two", "one two", (1, 0)) for _ in range(words.SHOWN_UTTERANCES + 1))
    found = list(words.utterances(change(outcome="better", better=better, worse=(moved("a", "b"),))))
    assert [name for name, *_ in found] == ["clip: 1 -> 0 errors"] * words.SHOWN_UTTERANCES
