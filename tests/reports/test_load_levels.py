"""Levels of load side by side: the table, the knee, the capacity under an SLO."""

from __future__ import annotations

import pytest
from loadlevels import level
from records import record

from pytest_modellab.reports.load.levels import Levels, Slo, SloError, levels_of, summary, table


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
        f"knee: 2 users, {levels.records[1].value('load_rtfx'):.0f} x: at higher levels calls wait longer for no more"
        " throughput"
    ]


@pytest.mark.parametrize(
    ("slo", "held", "why"),
    [
        ("load_p50_s=0.15", 1, "4 users: Latency p50 under load 0.20 s"),
        ("load_p50_s=9,success_rate=0.5", 3, ""),
        ("load_p50_s=0.01", None, "1 user: Latency p50 under load 0.10 s"),
        ("wer=0.00001", None, "1 user: WER"),
        ("live_streams=1", None, "1 user: Live streams: the level is not of streams"),
    ],
)
def test_the_capacity_is_the_highest_level_up_to_which_all_holds(
    levels: Levels, slo: str, held: int | None, why: str
) -> None:
    found, told = levels.capacity(Slo.parsed(slo))
    assert found is (None if held is None else levels.records[held])
    assert told.startswith(why)
    text = summary(levels, Slo.parsed(slo))[1]
    assert text.startswith("capacity: none; not 1 user" if held is None else f"capacity: {2**held} user")


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
        ("load_p95_s=soon", "a bound is a number, as in load_p95_s=2"),
    ],
)
def test_an_slo_that_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(SloError, match=message):
        Slo.parsed(text)
