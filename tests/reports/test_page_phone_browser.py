"""The page on a phone: however long the names are, it is no wider than the window. Links to what isn't listed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from chromium import launched, needs_chromium, unfold, watched
from pages import card, case, heard, rendered, spoken
from records import edits, record, utterance

from pytest_modellab.reports.scorecard.row import Row
from pytest_modellab.results.verdicts import Status

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = needs_chromium

LONG = "m" * 80
"""As long as an id can be, without a place to break it."""
OTHER = "n" * 80
WIDER = """[...document.querySelectorAll('body *')].filter(each => {
  const box = each.getBoundingClientRect();
  return box.right > innerWidth + 1 && !each.closest('.scroll, svg') && each.checkVisibility();
}).map(each => each.localName + '.' + each.className + ': ' + each.textContent.slice(0, 60))"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cases that fail with long ids, of tests too, and one that can't run."""
    folder = tmp_path_factory.mktemp("reports")
    right = [
        utterance("good"),
        utterance("bad", "the quick brown fox jumps over it", "the quick brown fox jumps over it"),
    ]
    worse = [utterance(LONG, LONG, OTHER, edits(substitutions=1)), *heard().utterances]
    made = (
        record(utterances=right, case=case("best", dataset=LONG), words=2_000, wer=0.02),
        record(utterances=[*worse[1:]], case=case(LONG, dataset=LONG), words=2_000, wer=0.4),
        record(utterances=worse, case=case(OTHER), words=2_000, wer=0.4),
        heard(model="best", words=2_000),
        spoken(folder),
    )
    absent = Row(case=case(LONG, "chat"), title=LONG, status=Status.NOT_AVAILABLE, reason=f"modellab pull {LONG}")
    found = card(folder, *made, absent=[absent])
    failed = [
        row.model_copy(
            update={"status": Status.FAIL, "failed_tests": (f"tests/test_a.py::test_wer[{row.case.model}:cpu:{LONG}]",)}
        )
        if row.measured and row.case.model != "best"
        else row
        for row in found.rows
    ]
    path = folder / "scorecard.html"
    path.write_text(rendered(folder, found.model_copy(update={"rows": tuple(failed)})), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


@pytest.fixture
def tab(browser: Browser, page: Path) -> Iterator[Page]:
    with watched(browser, page, viewport={"width": 390, "height": 844}) as opened:
        yield opened


def test_a_link_to_an_utterance_that_is_not_listed_opens_its_case_and_says_so(tab: Page, page: Path) -> None:
    fold = tab.locator(f'details[id="case=asr:{OTHER}:cpu:talk"]')
    link = f"{page.as_uri()}#case=asr:{OTHER}:cpu:talk"
    tab.goto(f"{link}&utterance=gone%201")
    told = fold.get_by_text("This utterance is not among those shown.")
    told.wait_for(state="visible")
    assert fold.bounding_box() is not None
    assert 0 <= tab.evaluate("document.querySelector('.unlisted').getBoundingClientRect().top") < 844
    tab.goto(f"{link}&utterance=good")
    told.wait_for(state="detached")
    tab.goto(f"{page.as_uri()}#case=asr:gone:cpu:talk&utterance=good")
    assert told.count() == 0


@pytest.mark.parametrize("folds", ["closed", "open"])
@pytest.mark.parametrize("width", [320, 390, 768])
def test_long_ids_break(tab: Page, folds: str, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 844})
    if folds == "open":
        unfold(tab)
    assert tab.locator("code", has_text="tests/test_a.py").count() > 0
    assert tab.evaluate(WIDER) == []
    assert tab.evaluate("document.documentElement.scrollWidth") == width
