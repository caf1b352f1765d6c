"""The leaderboard: which figures are averaged, over which data sets, and in which order models stand."""

from __future__ import annotations

import re

import pytest
from records import record
from rows import NOISY, row

from pytest_modellab.core.schema_base import Range
from pytest_modellab.reports.leaderboard import page
from pytest_modellab.reports.leaderboard.board import Board, aggregate, boards
from pytest_modellab.reports.scorecard.row import Row


def measured(model: str, dataset: str, wer: float, data: str = "", **more: object) -> Row:
    """A row of this word error rate, from half of it to twice as much."""
    made = row(record(model, dataset=dataset))
    span = Range(low=wer / 2, high=2 * wer, method="m", clusters=9, conditional="")
    figures = {**made.figures, "wer": wer}
    changes = {"figures": figures, "intervals": {"wer": span}, "data": data or dataset, **more}
    return made.model_copy(update=changes)


def board(*rows: Row) -> Board:
    (found,) = boards(rows)
    return found


def order(found: Board) -> list[str]:
    return [entry.model for entry in found.entries]


def test_the_average_counts_each_data_set_once_and_the_best_is_first() -> None:
    found = board(
        measured("a", "calls", 0.30),
        measured("a", "notes", 0.10),
        measured("b", "calls", 0.10),
        measured("b", "notes", 0.20),
    )
    assert found.chosen == ("calls", "notes")
    assert order(found) == ["b", "a"]
    first = found.average(found.entries[0], "wer")
    assert first is not None
    assert first.value == pytest.approx(0.15)
    assert first.interval == pytest.approx((0.075, 0.30))


def test_a_model_that_lacks_a_data_set_has_no_average_and_comes_last() -> None:
    found = board(
        *(measured(model, dataset, 0.2) for model in "abc" for dataset in ("calls", "notes")),
        measured("best", "calls", 0.01),
    )
    assert found.chosen == ("calls", "notes")
    assert order(found)[-1] == "best"
    assert found.average(found.entries[-1], "wer") is None


def test_a_data_set_that_only_one_model_has_is_not_averaged() -> None:
    found = board(measured("a", "calls", 0.1), measured("a", "rare", 0.1), measured("b", "calls", 0.2))
    assert found.chosen == ("calls",)
    assert found.datasets == ("calls", "rare")


def test_one_model_alone_has_an_average_of_one_set() -> None:
    assert board(measured("a", "calls", 0.1), measured("a", "notes", 0.1)).chosen == ("calls",)


def test_figures_of_other_data_than_the_newest_are_left_out_and_named() -> None:
    found = board(
        measured("a", "calls", 0.1, data="new"),
        measured("b", "calls", 0.2, data="new"),
        measured("c", "calls", 0.01, "old"),
    )
    assert order(found) == ["a", "b"]
    assert found.left_out == ("c:cpu:calls",)


def test_tasks_and_units_have_boards_of_their_own() -> None:
    japanese = measured("a", "ja", 0.1)
    japanese = japanese.model_copy(update={"error_metric": "cer", "figures": {**japanese.figures, "cer": 0.1}})
    assert [each.id for each in boards([measured("a", "en", 0.1), japanese])] == ["asr-cer", "asr-wer"]


def test_what_is_only_the_beginning_of_a_data_set_does_not_count() -> None:
    assert boards([measured("a", "calls", 0.1, limited_to=3)]) == []


def test_memory_is_the_highest_and_speed_the_mean_with_its_noise() -> None:
    rows = [row(record("a", dataset="calls")), row(record("a", dataset="notes", timing=NOISY))]
    memory = [
        each.model_copy(update={"figures": {**each.figures, "peak_rss_mb": size}})
        for each, size in zip(rows, (300.0, 200.0), strict=True)
    ]
    highest, speed = aggregate("peak_rss_mb", memory), aggregate("rtf", memory)
    assert highest is not None
    assert speed is not None
    assert (highest.value, highest.interval) == (300.0, None)
    assert speed.value == pytest.approx(0.2)
    assert speed.noise == rows[1].noisy
    assert aggregate("rtf", [*memory, None]) is None


def test_the_page_escapes_and_loads_nothing() -> None:
    hostile = measured("a", "calls", 0.1, title="<img src=x onerror=alert(1)>\u202e")
    text = page.render(boards([hostile, measured("b", "calls", 0.2)]), "Board", ["<b>"])
    assert "<img" not in text
    assert "\u202e" not in text
    assert "&lt;b&gt;" in text
    assert not re.search(r"""<[^>"]*\b(?:src|href)=(?!"#|"data:,")""", text)
    assert page.digest(page.script()) in text


def test_an_empty_board_says_so() -> None:
    assert "Nothing was measured yet." in page.render([], "Board")
