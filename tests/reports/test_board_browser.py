"""The leaderboard in a browser: averages follow the choice of data sets, and are those of the file at first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from chromium import launched, needs_chromium
from test_leaderboard import measured

from pytest_modellab.reports.leaderboard import page
from pytest_modellab.reports.leaderboard.board import boards

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


@pytest.fixture
def board(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """A board of three models on two data sets, one of which a model lacks; no complaint, and no request, is made."""
    rows = [
        *(measured("a", dataset, wer) for dataset, wer in (("calls", 0.30), ("notes", 0.10))),
        *(measured("b", dataset, wer) for dataset, wer in (("calls", 0.1234), ("notes", 0.20))),
        *(measured("c", dataset, wer) for dataset, wer in (("calls", 0.50), ("notes", 0.60))),
        measured("d", "notes", 0.05),
    ]
    place = tmp_path / "board.html"
    place.write_text(page.render(boards(rows), "Board"), encoding="utf-8")
    complaints: list[str] = []
    opened = browser.new_page()
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda request: complaints.append(request.url) if "board.html" not in request.url else None)
    opened.goto(place.as_uri())
    yield opened
    opened.close()
    assert complaints == []


def averages(tab: Page) -> dict[str, str]:
    """Model -> its average, in the order of the rows that are shown."""
    rows = tab.locator("tbody tr:visible")
    return {
        each.locator("th").inner_text(): each.locator("td.average").inner_text().replace("\n", " ")
        for each in rows.all()
    }


def written(rows: dict[str, str]) -> list[str]:
    return [text.split(" [")[0] for text in rows.values()]


def test_they_are_those_of_the_file_until_others_are_chosen(browser: Browser, board: Page) -> None:
    plain = browser.new_context(java_script_enabled=False).new_page()
    plain.goto(board.url)
    assert averages(board) == averages(plain)
    assert list(averages(board)) == ["b", "a", "c", "d"]
    assert written(averages(board)) == ["16.2 %", "20.0 %", "55.0 %", "–"]
    plain.close()


def test_they_follow_the_choice_and_so_does_the_order(board: Page) -> None:
    first = averages(board)
    board.get_by_label("calls").uncheck()
    assert list(averages(board)) == ["d", "a", "b", "c"]
    assert averages(board)["d"] == "5.0 % [2.5, 10]"
    board.get_by_text("Average over notes.").wait_for(state="visible")
    board.get_by_label("notes").uncheck()
    assert set(averages(board).values()) == {"–"}
    board.get_by_text("Choose data sets to average over.").wait_for(state="visible")
    board.get_by_label("calls").check()
    board.get_by_label("notes").check()
    assert averages(board) == first


def test_it_is_sorted_and_filtered(board: Page) -> None:
    board.get_by_role("button", name="average WER").click()
    assert list(averages(board)) == ["c", "a", "b", "d"]
    board.get_by_role("button", name="model ↕").click()
    assert list(averages(board)) == ["a", "b", "c", "d"]
    board.get_by_label("Model").fill("D")
    assert list(averages(board)) == ["d"]
