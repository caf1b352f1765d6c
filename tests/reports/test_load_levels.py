"""Levels of load side by side: the table, the knee, the capacity under an SLO."""

from __future__ import annotations

import pytest
from loadlevels import level
from records import record

from pytest_modellab.core.schema_base import Failure
from pytest_modellab.reports.load.levels import Levels, Slo, SloError, levels_of, summary, table
from pytest_modellab.results.values import valued


@pytest.fixture
def levels() -> Levels:
    # Two at once are nearly twice as many; from then on there is no more.
    records = [level(8, 0.05), level(1, 0.1), level(2, 0.052), level(4, 0.05)]
    (found,) = levels_of([*records, record()])
    return found


def test_levels_are_sorted_and_other_records_passed_over(levels: Levels) -> None:
    assert (levels.dataset, [each.case.dataset for each in levels.records]) == (
        "calls",
        ["calls+c1", "calls+c2", "calls+c4", "calls+c8"],
    )


def test_the_knee_is_the_lowest_level_with_nearly_all_throughput(levels: Levels) -> None:
    assert levels.knee is levels.records[1]
    assert summary(levels, None) == [
        f"knee: 2 users, {levels.records[1].value('load_rtfx'):.0f} x: higher levels that were measured have no more"
        " throughput"
    ]


def test_a_throughput_that_still_grows_has_no_knee(levels: Levels) -> None:
    growing = Levels("tiny", "cpu", "calls", levels.records[:2])
    (told,) = summary(growing, None)
    assert told.startswith("knee: not reached, 19 x at 2 users, the highest level that was measured")


def test_what_a_noisy_level_did_is_no_throughput(levels: Levels) -> None:
    noisy = [
        each.model_copy(update={"timing": each.timing.model_copy(update={"noisy": "a neighbour" if i else None})})
        for i, each in enumerate(levels.records)
    ]
    assert Levels("tiny", "cpu", "calls", noisy).knee is noisy[0]


def test_levels_of_other_inputs_are_no_levels_of_the_same() -> None:
    one, two = level(1, 0.1), level(2, 0.05)
    inputs = {**two.provenance.inputs, "options": {"url": "http://127.0.0.1:9/v1"}}
    two = two.model_copy(update={"provenance": two.provenance.model_copy(update={"inputs": inputs})})
    assert [len(each.records) for each in levels_of([one, two])] == [1, 1]


def test_refused_calls_are_no_quick_answers(levels: Levels) -> None:
    refusing = level(4, 0.001)
    error = Failure(kind="exception", message="ServerBusy: 429")
    rows = tuple(
        each.model_copy(update={"error": error}) if i % 10 else each for i, each in enumerate(refusing.utterances)
    )
    refusing = valued(refusing.model_copy(update={"utterances": rows, "values": {}}))
    found = Levels("tiny", "cpu", "calls", [levels.records[0], refusing])
    held, why = found.capacity(Slo.parsed("load_p50_s=1"))
    assert held is levels.records[0]
    assert why == "not 4 users: Success rate 10.0 %, below 99.0 %"
    assert found.capacity(Slo.parsed("load_p50_s=1,success_rate=0.01"))[0] is refusing


def test_what_could_not_be_measured_is_not_known(levels: Levels) -> None:
    noisy = levels.records[2].model_copy(
        update={"timing": levels.records[2].timing.model_copy(update={"noisy": "a neighbour"})}
    )
    found = Levels("tiny", "cpu", "calls", [*levels.records[:2], noisy])
    assert found.capacity(Slo.parsed("load_p50_s=9")) == (
        levels.records[1],
        "not known of 4 users: Latency p50 under load: timed on a noisy machine: a neighbour",
    )


@pytest.mark.parametrize(
    ("slo", "held", "why"),
    [
        ("load_p50_s=0.15", 1, "not 4 users: Latency p50 under load 0.20 s"),
        ("load_p50_s=9,success_rate=0.5", 3, ""),
        ("load_p50_s=0.01", None, "not 1 user: Latency p50 under load 0.10 s"),
        ("wer=0.00001", None, "not 1 user: WER"),
        ("live_streams=1", None, "not known of 1 user: Live streams: the level is not of streams"),
    ],
)
def test_the_capacity_is_the_highest_level_up_to_which_all_holds(
    levels: Levels, slo: str, held: int | None, why: str
) -> None:
    found, told = levels.capacity(Slo.parsed(slo))
    assert found is (None if held is None else levels.records[held])
    assert told.startswith(why)
    text = summary(levels, Slo.parsed(slo))[1]
    assert text.startswith(f"capacity: none; {why}" if held is None else f"capacity: {2**held} user")


def test_the_worse_end_of_an_interval_counts(levels: Levels) -> None:
    interval = levels.records[3].interval("achieved_rate")
    assert interval is not None
    assert interval.low < 20 < interval.high
    assert levels.capacity(Slo.parsed(f"achieved_rate={interval.low * 0.4}"))[0] is levels.records[3]
    held, why = levels.capacity(Slo.parsed("achieved_rate=9.99"))
    assert held is None
    assert "its interval reaches" in why


def test_the_table_has_a_row_for_each_level(levels: Levels) -> None:
    headings, rows = table(levels)
    assert headings[:2] == ["load", "WER"]
    assert [row[0] for row in rows] == ["1 user", "2 users", "4 users", "8 users"]
    assert "Live streams" not in headings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("load_p95=2", r"no metric `load_p95`; did you mean `load_p9"),
        ("load_p95_s", "a bound is"),
        ("load_p95_s=-1", "a number of 0 or more"),
        ("load_p95_s=nan", "a number of 0 or more"),
        ("load_p95_s=1,load_p95_s=9", "`load_p95_s` has two bounds"),
        ("wer=15", r"wer is a ratio: 0\.15 is 15 %"),
        ("rtf=1", "not a metric of load: `rtf`"),
        ("answer_accuracy=0.5", "not a metric of load: `answer_accuracy`"),
        ("load_p95_s=soon", "a bound is a number of 0 or more, as in load_p95_s=2"),
    ],
)
def test_an_slo_that_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(SloError, match=message):
        Slo.parsed(text)
