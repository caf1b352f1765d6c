"""The gap between groups of utterances, and limits on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from duels import measured
from pages import Parsed, card, rendered
from pydantic import ValidationError
from records import record
from rows import RTF, row

from pytest_modellab.catalog.cases import idle_limits
from pytest_modellab.catalog.load import load
from pytest_modellab.catalog.specs import LimitSpec
from pytest_modellab.core.metrics.gaps import gap, groups, weigh
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.table import Table
from pytest_modellab.core.schema_base import Failure
from pytest_modellab.results.record import Record
from pytest_modellab.results.verdicts import Limits, Status, Verdict, corrected
from pytest_modellab.tasks.asr.scoring import slices

ACCENT = {"metric": "wer", "by": "accent", "max_gap": 0.05}
EVEN = [1, 0] * 20
"""5 % of 400 words."""


def spoken(parts: Mapping[str, Sequence[int]], by: str = "accent", dataset: str = "talk") -> Record:
    """A record whose utterances have these errors, by the value of an attribute."""
    made = measured("tiny", dataset, [wrong for errors in parts.values() for wrong in errors])
    names = [name for name, errors in parts.items() for _ in errors]
    told = [
        each.model_copy(update={"attributes": {by: name} if name else {}})
        for each, name in zip(made.utterances, names, strict=True)
    ]
    return made.model_copy(update={"utterances": tuple(told)})


def judge(made: Record, **limit: Any) -> Verdict:
    (verdict,) = judged(made, **limit)
    return verdict


def judged(made: Record, **limit: Any) -> list[Verdict]:
    spec = LimitSpec.model_validate({**ACCENT, **limit})
    return Limits(made.case, [spec], lambda origin: "limits.yaml:3").judge(made)


class TestByValue:
    def test_the_worst_group_is_compared_with_the_best(self) -> None:
        made = spoken({"scots": [2, 1] * 20, "welsh": [1, 1] * 20, "english": EVEN})
        found = judge(made)
        assert (found.status, found.bound) == (Status.FAIL, 0.05)
        assert found.value == pytest.approx(0.10)
        told = "fail: WER gap by accent 10 points, limit <= 5 points (limits.yaml:3), over by 5 points"
        assert str(found).startswith(f"{told} - scots 15.0 %, english 5.0 %, 95 % interval of the gap [")

    def test_a_gap_within_the_limit_passes(self) -> None:
        found = judge(spoken({"scots": EVEN, "english": EVEN}))
        assert (found.status, found.value) == (Status.PASS, 0.0)

    def test_a_gap_beyond_warn_is_a_warning(self) -> None:
        made = spoken({"scots": [1, 1] * 20, "english": EVEN})
        assert judge(made, max_gap=0.06, warn=0.02).status is Status.WARN
        assert judge(made, max_gap=0.06, warn=0.055).status is Status.PASS

    def test_where_higher_is_better_the_lowest_is_the_worst(self) -> None:
        made = spoken({"scots": EVEN, "english": EVEN})
        error = {"error": Failure(kind="exception", message="m")}
        lost = [each.model_copy(update=error) for each in made.utterances]
        half = tuple(lost[i] if i < 20 else each for i, each in enumerate(made.utterances))
        table = Table(made.model_copy(update={"utterances": half}))
        found = gap(METRICS["success_rate"], groups(METRICS["success_rate"], table, "accent"))
        assert (found.worst, found.best, found.value) == ("scots", "english", 0.5)

    @pytest.mark.parametrize("by", ["speaker", "duration", "snr", "kind", "language"])
    def test_by_what_every_data_set_has(self, by: str) -> None:
        field = {"duration": "audio_s", "snr": "snr_db"}.get(by, by)
        parts: list[Any] = [3.0, 20.0] if by in {"duration", "snr"} else ["a", "b"]
        made = measured("tiny", "talk", [2] * 20 + [0] * 20)
        told = [each.model_copy(update={field: parts[i // 20]}) for i, each in enumerate(made.utterances)]
        assert judge(made.model_copy(update={"utterances": tuple(told)}), by=by).value == pytest.approx(0.2)


class TestSmallGroups:
    def test_without_two_large_groups_nothing_is_decided(self) -> None:
        found = judge(spoken({"scots": [0] * 4, "english": EVEN}))
        assert (found.status, found.value) == (Status.INCONCLUSIVE, None)
        told = "no two groups to compare: scots 40 words in 4 utterances (a group takes 100 words in 5 utterances)"
        assert found.reason == told

    def test_nor_where_all_are_of_one(self) -> None:
        found = judge(spoken({"english": EVEN}))
        assert found.reason == "no two groups to compare: all utterances are of one group, english"

    def test_a_small_group_that_is_worse_leaves_a_pass_undecided(self) -> None:
        found = judge(spoken({"scots": EVEN, "english": EVEN, "welsh": [3] * 4}))
        assert found.status is Status.INCONCLUSIVE
        assert "; beyond it with welsh 40 words in 4 utterances" in found.reason

    def test_one_that_is_not_is_named(self) -> None:
        parts = {"scots": EVEN, "english": EVEN, **{name: [1, 0] for name in ("a", "b", "c", "d")}}
        found = judge(spoken(parts))
        assert found.status is Status.PASS
        assert "; left out: a 20 words in 2 utterances, b 20 words in 2 utterances, c 20 words in 2" in found.reason
        assert " and 1 more (a group takes" in found.reason

    def test_utterances_that_say_nothing_are_in_no_group(self) -> None:
        assert judge(spoken({"scots": EVEN, "english": EVEN, "": [9] * 30})).status is Status.PASS


class TestByInterval:
    def test_a_gap_that_is_shown_to_be_beyond_fails(self) -> None:
        made = spoken({"scots": [3, 2] * 40, "english": EVEN * 2})
        assert judge(made, judge="bound").status is Status.FAIL
        assert judge(made, judge="bound", margin=0.2).status is Status.PASS

    def test_one_that_is_not_is_undecided(self) -> None:
        found = judge(spoken({"scots": [2, 1, 0, 0, 0] * 4, "english": [1, 0, 0, 0, 0] * 4}), judge="bound")
        assert found.status is Status.INCONCLUSIVE
        assert found.p is not None

    def test_a_group_of_few_speakers_says_nothing_about_others(self) -> None:
        made = spoken({"scots": [3, 2] * 40, "english": EVEN * 2})
        told = [each.model_copy(update={"speaker": f"s{i // 80}"}) for i, each in enumerate(made.utterances)]
        made = made.model_copy(update={"utterances": tuple(told)})
        found = judge(made, judge="bound")
        assert found.status is Status.INCONCLUSIVE
        assert found.reason.endswith("; a group of few speakers says nothing about others")
        assert judge(made).status is Status.FAIL  # by the value alone
        assert judge(made, judge="bound", by="speaker").status is Status.FAIL  # of these speakers

    def test_without_intervals_too(self) -> None:
        made = spoken({"scots": [0] * 20, "english": [0] * 20}, by="accent")
        means = [each.model_copy(update={"processing_s": 0.2}) for each in made.utterances]
        found = judged(made.model_copy(update={"utterances": tuple(means)}), metric="latency_p95_s", judge="bound")
        assert [each.status for each in found] == [Status.INCONCLUSIVE]
        assert found[0].reason.endswith("too few utterances for an interval")

    def test_it_counts_among_the_gates_of_a_session(self) -> None:
        on_gap = LimitSpec.model_validate({**ACCENT, "judge": "bound"})
        specs = [on_gap, LimitSpec(metric="wer", max=0.5, judge="bound")]
        made = spoken({"scots": [3, 2] * 40, "english": EVEN * 2})
        limits = Limits(made.case, specs, str)
        assert limits.by_interval == 2
        held = corrected(limits.judge(made))
        assert [(each.by, each.status) for each in held] == [("", Status.PASS), ("accent", Status.FAIL)]

    def test_the_interval_allows_for_the_choice_of_the_extremes(self) -> None:
        made = spoken(dict.fromkeys("abcdefgh", EVEN))
        found = gap(METRICS["wer"], groups(METRICS["wer"], Table(made), "accent"))
        assert (found.value, found.low) == (0, 0)
        assert found.high is not None
        assert found.high > 0.01
        weighed = weigh(METRICS["wer"], groups(METRICS["wer"], Table(made), "accent"), 0.5)
        assert weighed is not None
        assert weighed[0] == 1
        assert weighed[1] < 0.001


class TestWhereItIsNotKnown:
    def test_a_limit_on_every_data_set_asks_nothing_of_one_without_the_attribute(self) -> None:
        assert judged(measured("tiny", "talk", EVEN)) == []

    def test_one_that_names_the_data_set_is_not_available(self) -> None:
        found = judge(measured("tiny", "talk", EVEN), dataset="talk")
        assert (found.status, found.reason) == (Status.NOT_AVAILABLE, "no utterance has `accent`")

    def test_nor_without_the_figure(self) -> None:
        found = judge(record(wer=None), dataset="talk")
        assert found.status is Status.NOT_AVAILABLE


class TestSpec:
    @pytest.mark.parametrize(
        ("limit", "told"),
        [
            ({"metric": "wer", "max_gap": 0.05}, "`max_gap` and `by` go together"),
            ({"metric": "wer", "max": 0.05, "by": "accent"}, "`max_gap` and `by` go together"),
            ({"metric": "wer", "max": 0.05, "by": "accent", "max_gap": 0.1}, "exactly one of"),
            ({"metric": "load_s", "by": "accent", "max_gap": 1}, "load_s is measured once, and has no groups"),
            ({"metric": "turn_auc", "by": "accent", "max_gap": 0.1}, "turn_auc is of all utterances together"),
            ({"metric": "macro_error", "by": "accent", "max_gap": 0.1}, "its groups are `by: language`"),
            ({**ACCENT, "max_gap": 5}, "wer is a ratio"),
            ({**ACCENT, "warn": 0.05}, "`warn` must be stricter"),
            ({**ACCENT, "max_gap": -0.1}, "greater than or equal to 0"),
        ],
    )
    def test_a_wrong_limit_says_what_is_wrong(self, limit: dict[str, Any], told: str) -> None:
        with pytest.raises(ValidationError, match=told):
            LimitSpec.model_validate(limit)

    def test_it_holds_beside_the_limit_on_the_value(self, tmp_path: Path) -> None:
        made = spoken({"scots": EVEN, "english": EVEN})
        specs = [LimitSpec(metric="wer", max=0.5), LimitSpec.model_validate(ACCENT)]
        found = Limits(made.case, specs, str).judge(made)
        assert [(each.by, each.bound) for each in found] == [("", 0.5), ("accent", 0.05)]
        assert Limits(made.case, specs, str).wer.value == 0.5

    def test_a_later_limit_on_the_value_leaves_the_gap_its_cases(self) -> None:
        catalog = load(Path(__file__).parents[2] / "fixtures")
        limits = (*catalog.limits, LimitSpec.model_validate(ACCENT), LimitSpec(metric="wer", max=0.9))
        idle = idle_limits(replace(catalog, limits=limits))
        assert not any(limit.by for limit, _ in idle)


def test_a_row_names_the_gap() -> None:
    made = spoken({"scots": [2, 1] * 20, "english": EVEN})
    found = row(made, limits=[RTF, LimitSpec.model_validate(ACCENT)])
    assert found.status is Status.FAIL
    assert found.reason.startswith("WER gap by accent 10 points, limit <= 5 points (limits.yaml:3): scots 15.0 %,")
    assert [each.by for each in found.verdicts] == ["accent", ""]


def test_the_page_has_the_gap_of_each_attribute(tmp_path: Path) -> None:
    made = spoken({"scots": [2, 1] * 20, "<b>english": EVEN})
    summary = made.parts["asr"].model_copy(update={"slices": slices(made.utterances)})
    assert [(each.by, each.value) for each in summary.slices] == [("accent", "<b>english"), ("accent", "scots")]
    text = Parsed(rendered(tmp_path, card(tmp_path, made.model_copy(update={"parts": {"asr": summary}})))).text
    assert "WER gap by accent: scots is worse than <b>english by 10 points [" in text


def test_an_attribute_of_small_parts_is_no_way_of_slicing() -> None:
    made = spoken({f"clip {i}": [1] for i in range(40)}, by="file")
    assert slices(made.utterances) == ()
