"""The page in a browser: it sorts, filters, unfolds and plays, with no error and nothing fetched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from chromium import launched, needs_chromium, played, unfold, watched
from pages import Tone, card, case, heard, rendered, spoken, streamed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of several cases; one of its two sounds is a link to a file beside it."""
    folder = tmp_path_factory.mktemp("reports")
    made = [heard(model=model, wer=wer) for model, wer in (("middle", 0.1), ("worst", 0.4), ("best", 0.02))]
    other = spoken(folder).model_copy(update={"case": case("other", "tts")})
    found = card(folder, *made, spoken(folder), other, streamed())
    size = next((folder / "audio").rglob("*.flac")).stat().st_size
    text = rendered(folder, found, embedded_bytes=2 * size)
    linked = rendered(folder, found, embedded_bytes=0)
    (folder / "scorecard.html").write_text(text, encoding="utf-8")
    played = rendered(folder, found, recordings=Tone(0.3))
    (folder / "heard.html").write_text(played, encoding="utf-8")
    (folder / "linked.html").write_text(linked, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


@pytest.fixture
def tab(browser: Browser, place: Path) -> Iterator[Page]:
    with watched(browser, place / "scorecard.html") as opened:
        yield opened


def of_case(name: str) -> str:
    """The fold of a case, by its anchor."""
    return f'details[id="case={name}"]'


def models(tab: Page) -> list[str]:
    found: list[str] = tab.locator("#table-asr > tbody > tr:visible > th").all_inner_texts()
    return found


def test_a_heading_sorts_and_says_so(tab: Page) -> None:
    head = tab.locator("#table-asr thead th", has_text="WER").first
    assert models(tab) == ["middle", "worst", "best"]
    head.get_by_role("button").click()
    assert models(tab) == ["best", "middle", "worst"]
    assert head.get_attribute("aria-sort") == "ascending"
    head.get_by_role("button").press("Enter")
    assert models(tab) == ["worst", "middle", "best"]
    assert head.get_attribute("aria-sort") == "descending"
    tab.locator("#table-asr thead th", has_text="model").get_by_role("button").click()
    assert models(tab) == ["best", "middle", "worst"]
    assert head.get_attribute("aria-sort") == "none"


def test_words_and_verdicts_filter(tab: Page) -> None:
    form = tab.locator("form[data-table=table-asr]")
    form.get_by_label("Filter").fill("be cpu")
    assert models(tab) == ["best"]
    assert form.locator("output").inner_text() == "1 of 3 shown"
    form.get_by_label("Filter").fill("")
    form.get_by_label("Verdict").select_option("fail")
    assert models(tab) == ["worst"]


def test_a_grade_opens_to_its_bands(tab: Page) -> None:
    criteria = tab.locator("#table-asr .grade table").first
    assert not criteria.is_visible()
    tab.locator("#table-asr .grade summary").first.click()
    criteria.wait_for(state="visible")


def test_a_link_in_a_table_opens_the_case_down_to_a_wrong_word(tab: Page) -> None:
    worst = tab.locator(of_case("asr:worst:cpu:talk"))
    wrong = worst.locator("del", has_text="quick")
    assert not wrong.is_visible()
    tab.locator("#table-asr").get_by_role("link", name="worst").click()
    wrong.wait_for(state="visible")
    assert worst.locator(".sub ins").first.inner_text() == "quack"


@pytest.mark.parametrize("name", ["scorecard.html", "linked.html"])
def test_a_clip_plays(tab: Page, place: Path, name: str) -> None:
    tab.goto((place / name).as_uri())
    voice = tab.locator(of_case("tts:voice:cpu:talk"))
    voice.locator("> summary").click()
    clip = voice.locator("audio").first
    assert str(clip.get_attribute("src")).startswith("data:" if name == "scorecard.html" else "audio/")
    assert played(clip) == pytest.approx(0.2, abs=0.01)


def test_what_was_heard_plays_beside_the_wrong_word(tab: Page, place: Path) -> None:
    tab.goto((place / "heard.html").as_uri())
    case = tab.locator(of_case("asr:worst:cpu:talk"))
    case.locator("> summary").click()
    worst = case.locator(".utterances > li").first
    worst.locator("del", has_text="quick").wait_for(state="visible")
    assert worst.locator(".sound").inner_text() == "what it heard"
    assert played(worst.locator("audio")) == pytest.approx(0.3, abs=0.01)


def test_the_theme_follows_the_system_until_it_is_chosen(tab: Page) -> None:
    def background() -> str:
        return str(tab.evaluate("getComputedStyle(document.body).backgroundColor"))

    tab.emulate_media(color_scheme="light")
    light = background()
    tab.emulate_media(color_scheme="dark")
    dark = background()
    assert light != dark
    tab.get_by_role("button", name="Light or dark").click()
    assert background() == light
    tab.reload()
    assert background() == light


@pytest.mark.parametrize("width", [390, 1400])
def test_nothing_is_wider_than_the_window(tab: Page, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 800})
    unfold(tab)
    assert tab.evaluate("document.documentElement.scrollWidth") == width


def test_the_keyboard_comes_first_to_the_summary(tab: Page) -> None:
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Skip to the summary"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "summary"


def test_it_prints_without_what_only_a_screen_can_use(tab: Page) -> None:
    tab.emulate_media(media="print")
    assert not tab.locator("form.filter").first.is_visible()
    tab.locator("#table-asr").wait_for(state="visible")
