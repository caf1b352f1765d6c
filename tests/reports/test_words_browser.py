"""Words that light up while they are played, and the page of a listening test, in a browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from chromium import launched, needs_chromium, unfold, watched
from pages import Tone, card, case, rendered, tone
from records import record, utterance, with_part

from pytest_modellab.reports.listening.figures import of_answers
from pytest_modellab.reports.listening.page import render
from pytest_modellab.reports.listening.prepare import Prepared, prepared
from pytest_modellab.reports.listening.spec import Answers, Scale
from pytest_modellab.results.record import Record
from pytest_modellab.tasks.tts.record import Speech
from pytest_modellab.tasks.words.record import RecognisedWord, WordTiming

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


def with_words() -> Record:
    said = tuple(
        RecognisedWord(text=text, start_s=start, end_s=start + 0.5, probability=0.9, right=text != "tree")
        for text, start in (("one", 0.0), ("two", 0.5), ("tree", 1.0))
    )
    row = with_part(utterance("a", hypothesis="one two tree"), "words", WordTiming(words=said))
    return record(utterances=[row], case=case("timed", "words"))


def test_the_word_that_is_played_lights_up(browser: Browser, tmp_path: Path) -> None:
    found = rendered(tmp_path, card(tmp_path, with_words()), recordings=Tone(1.5))
    (tmp_path / "page.html").write_text(found, encoding="utf-8")
    with watched(browser, tmp_path / "page.html") as tab:
        unfold(tab)
        words = tab.locator(".timed > span")
        assert words.all_inner_texts() == ["one", "two", "tree"]
        assert words.nth(2).get_attribute("title") == "1.00 to 1.50 s, 90% sure, wrong"
        words.nth(1).click()
        tab.locator(".timed > .now", has_text="two").wait_for()
        tab.locator(".timed > .now", has_text="tree").wait_for()
        assert tab.locator(".timed > .now").count() == 1


def voice(reports: Path, name: str, seconds: float) -> Record:
    rows = [
        with_part(utterance(f"t{i}", f"text {i}"), "tts", Speech.model_construct(audio=sound, audible=True))
        for i, sound in enumerate(tone(reports, seconds + 0.01 * i) for i in range(2))
    ]
    return record(utterances=[utterance()], case=case(name, "tts")).model_copy(update={"utterances": tuple(rows)})


def listening(tmp_path: Path, scale: Scale) -> Prepared:
    voices = [voice(tmp_path, name, 0.2 + 0.1 * i) for i, name in enumerate(("anna", "bert"))]
    test = prepared(voices, tmp_path, scale=scale, seed=1, most=2)
    (tmp_path / "listening.html").write_text(render(test, "Two voices"), encoding="utf-8")
    return test


def hear(tab: Page) -> None:
    """Play every clip of the text to its end."""
    for clip in tab.locator("#clips audio").all():
        clip.evaluate("audio => new Promise(done => { audio.addEventListener('ended', done); audio.play() })")


def saved(tab: Page) -> Answers:
    href = tab.locator("#save").get_attribute("href") or ""
    return Answers.model_validate(json.loads(unquote(href.partition(",")[2])))


def test_a_listener_prefers(browser: Browser, tmp_path: Path) -> None:
    test = listening(tmp_path, "preference")
    with watched(browser, tmp_path / "listening.html") as tab:
        tab.get_by_label("Your name or initials").fill("Anna B.")
        tab.get_by_role("button", name="Begin").click()
        for place in ("1 of 2", "2 of 2"):
            assert tab.locator("#place").inner_text() == place
            tab.get_by_role("button", name="A is better").click()
            assert tab.locator("#next").is_disabled(), "a clip that was not heard to its end"
            hear(tab)
            tab.locator("#next").click()
        answers = saved(tab)
    heard = of_answers(test.key, [answers])
    assert (answers.listener, heard.answers) == ("Anna B.", 2)
    assert sum(each.value for each in heard.figures) == pytest.approx(1)


def test_a_listener_rates(browser: Browser, tmp_path: Path) -> None:
    test = listening(tmp_path, "rating")
    with watched(browser, tmp_path / "listening.html", viewport={"width": 390, "height": 844}) as tab:
        tab.get_by_label("Your name or initials").fill("b")
        tab.get_by_role("button", name="Begin").click()
        for _ in range(2):
            hear(tab)
            assert tab.locator("#next").is_disabled(), "a clip without a rating"
            for slider in tab.locator("#clips input").all():
                slider.press("ArrowRight")
            tab.locator("#next").click()
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        answers = saved(tab)
    assert [each.value for each in of_answers(test.key, [answers]).figures] == [51.0, 51.0]
