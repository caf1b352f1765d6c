"""The page in a browser: what its first screen tells, model against model, links that last, print, accessibility."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from chromium import launched, needs_chromium, played, unfold, watched
from labsessions import LabSessions
from pages import Tone, answered, card, case, heard, rendered, spoken, streamed
from records import edits, record, utterance

from pytest_modellab.core.schema_base import Failure
from pytest_modellab.reports.scorecard.advice import sentences
from pytest_modellab.reports.scorecard.row import Row
from pytest_modellab.results.record import Record
from pytest_modellab.results.verdicts import Status

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = needs_chromium

SCREENS = [{"width": 1400, "height": 900}, {"width": 390, "height": 844}]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every task, a model that is worse in one word, one that can't run, with sound."""
    folder = tmp_path_factory.mktemp("reports")
    right = [
        utterance("good"),
        utterance("bad", "the quick brown fox jumps over it", "the quick brown fox jumps over it"),
    ]
    best = record(utterances=right, case=case("best"), words=2_000, wer=0.02)
    absent = Row(case=case("huge"), title="huge", status=Status.NOT_AVAILABLE, reason="not fetched: modellab pull huge")
    chat = record(utterances=[answered(folder)], case=case("talker", "chat"))
    made = (best, heard(model="other", words=2_000), spoken(folder), streamed(), chat)
    found = card(folder, *made, absent=[absent])
    (folder / "scorecard.html").write_text(rendered(folder, found, recordings=Tone(0.3)), encoding="utf-8")
    (folder / "sentence.txt").write_text(sentences(found)[0], encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


@pytest.fixture
def tab(browser: Browser, place: Path) -> Iterator[Page]:
    with watched(browser, place / "scorecard.html") as opened:
        yield opened


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: f"{screen['width']}x{screen['height']}")
def test_the_first_screen_holds_what_to_ship_and_how_sure_that_is(
    tab: Page, place: Path, screen: dict[str, int]
) -> None:
    tab.set_viewport_size({"width": screen["width"], "height": screen["height"]})
    shown = tab.locator(".lead, .besides")
    told = " ".join(shown.all_inner_texts())
    assert told == (place / "sentence.txt").read_text(encoding="utf-8")
    assert told.startswith("Ship best as primary ASR: 2.0 %")
    boxes = [box for each in shown.all() if (box := each.bounding_box()) is not None]
    assert max(box["y"] + box["height"] for box in boxes) < screen["height"]


class TestModelAgainstModel:
    def test_it_is_built_when_it_is_opened(self, tab: Page) -> None:
        assert tab.locator("#against li").count() == 0
        tab.locator("#against > summary").click()
        assert tab.locator("#against select[name=first] option:checked").inner_text() == "best"
        assert tab.locator("#against .which button").all_inner_texts() == [
            "best is better in 1 utterance, by 3 errors",
            "other is better in 0 utterances, by 0 errors",
        ]

    def test_the_clip_of_a_wrong_word_plays(self, tab: Page) -> None:
        tab.locator("#against > summary").click()
        item = tab.locator("#against li").first
        item.locator("del", has_text="quick").wait_for(state="visible")
        assert item.locator(".wrong.sub ins").first.inner_text() == "quack"
        assert "the quick brown fox jumps over it" in item.inner_text()
        assert played(item.locator("audio")) == pytest.approx(0.3, abs=0.01)

    def test_the_other_way_round(self, tab: Page) -> None:
        tab.locator("#against > summary").click()
        for name, label in (("first", "other"), ("second", "best")):
            tab.locator(f"#against select[name={name}]").select_option(label=label)
        pressed = tab.locator("#against .which [aria-pressed=true]")
        assert pressed.inner_text() == "best is better in 1 utterance, by 3 errors"

    def test_a_model_against_itself_is_no_pair(self, tab: Page) -> None:
        tab.locator("#against > summary").click()
        tab.locator("#against select[name=second]").select_option(label="best")
        assert tab.locator("#against .told").inner_text() == "Choose two different models."
        assert tab.locator("#against li").count() == 0

    def test_of_three_the_counts_of_two_add_up_and_a_crash_is_told(self, browser: Browser, tmp_path: Path) -> None:
        def answers(model: str, *errors: int) -> Record:
            said = [utterance(f"u{i}", words=edits(substitutions=n, hits=3 - n)) for i, n in enumerate(errors)]
            return record(utterances=said, case=case(model), words=600)

        crash = Failure(kind="crash", message="killed by signal 11")
        crasher = answers("crasher", 3, 0, 0, 0)
        lost = crasher.utterances[0].model_copy(update={"hypothesis": None, "error": crash})
        crasher = crasher.model_copy(update={"utterances": (lost, *crasher.utterances[1:])})
        found = card(tmp_path, answers("boomer", 0, 0, 0, 0), crasher, answers("other", 1, 1, 2, 0))
        page = tmp_path / "scorecard.html"
        page.write_text(rendered(tmp_path, found), encoding="utf-8")
        with watched(browser, page) as tab:
            tab.locator("#against > summary").click()
            assert tab.locator("#against .which button").all_inner_texts() == [
                "boomer is better in 1 utterance, by 3 errors",
                "crasher is better in 0 utterances, by 0 errors",
            ]
            assert tab.locator("#against .rest").inner_text() == "In 3 utterances both make the same number of errors."
            assert tab.locator("#against li .words").all_inner_texts() == [
                "reference\none two three",
                "boomer right\none two three",
                "crasher 3 errors\nno answer: crash: killed by signal 11",
            ]

    def test_a_sound_that_two_cases_have_plays_in_both(self, tab: Page) -> None:
        for model in ("best", "other"):
            fold = tab.locator(f'details[id="case=asr:{model}:cpu:talk"]')
            fold.locator("> summary").click()
            assert played(fold.locator("audio").first) == pytest.approx(0.3, abs=0.01)


def test_links_to_cases_and_utterances_outlast_a_session(browser: Browser, sessions: LabSessions) -> None:
    on = ("-o", "modellab_page=true")
    sessions.model(wrong={1: "to fine"})
    sessions.dataset()
    sessions.limits({"metric": "wer", "max": 0.9})
    sessions.session(*on)
    page = sessions.reports / "scorecard.html"
    with watched(browser, page) as first:
        unfold(first)
        link = first.locator("ol.utterances .anchor").first.get_attribute("href")
    assert link is not None
    sessions.model("earlier")
    sessions.session(*on, "--lab-fresh")
    with watched(browser, page) as second:
        target = second.locator(f'li[id="{link[1:]}"]')
        assert not target.is_visible()
        second.goto(page.as_uri() + link)
        target.wait_for(state="visible")
        target.locator("ins", has_text="to").first.wait_for(state="visible")


def test_the_first_column_stays_and_figures_come_before_device_and_data(tab: Page) -> None:
    tab.set_viewport_size({"width": 390, "height": 844})
    for table in ("table.overview", "#table-asr"):
        name = tab.locator(f"{table} tbody tr th[scope=row]").first
        before = name.bounding_box()
        scroll = tab.locator(".scroll", has=tab.locator(table))
        assert scroll.evaluate("each => { each.scrollLeft = 120; return each.scrollLeft }") == 120
        assert name.bounding_box() == before
    heads = tab.locator("#table-asr thead th").all_inner_texts()
    assert heads.index("WER") < heads.index("device") < heads.index("data set")


def test_print_opens_what_is_folded_and_closes_it_again(tab: Page) -> None:
    closed = tab.locator("details:not([open])")
    folded = closed.count()
    assert folded
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert closed.count() == 0
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert closed.count() == folded


def test_no_reason_is_told_by_a_tooltip_alone(tab: Page) -> None:
    # The marks of differences are explained above the cases.
    assert tab.locator("body [title]:not(sup)").count() == 0


IN_THE_DARK = pytest.mark.nightly("tests/reports/test_page_screens_browser.py::test_axe_finds_nothing")


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        *((390, "light"), (768, "light"), (1400, "light"), (390, "dark")),
        pytest.param(768, "dark", marks=IN_THE_DARK),
        pytest.param(1400, "dark", marks=IN_THE_DARK),
    ],
)
def test_axe_finds_nothing(browser: Browser, place: Path, width: int, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python", reason="takes the package axe-playwright-python")
    script = Path(axe.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
    options = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    with watched(browser, place / "scorecard.html", **options) as opened:
        unfold(opened)
        opened.evaluate(script)
        found = opened.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
        assert opened.evaluate("document.documentElement.scrollWidth") == width
