"""The browser that pages are tested in."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

sync_api = pytest.importorskip("playwright.sync_api", reason="the browser tests take the package playwright")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser of its own."""
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def watched(browser: Browser, page: Path, **options: Any) -> Iterator[Page]:
    """A page opened from disk; whatever it complains of, or asks a network for, fails the test."""
    complaints: list[str] = []
    opened = browser.new_page(**options)
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda request: complaints.append(request.url) if _outside(request.url) else None)
    opened.goto(page.as_uri())
    yield opened
    opened.close()
    assert complaints == []


def _outside(url: str) -> bool:
    return not url.startswith(("file:", "data:", "blob:"))


def unfold(page: Page) -> None:
    """Open everything that is folded up, also what is built when it is opened."""
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    page.wait_for_function("[...document.querySelectorAll('form.pair')].every(each => !each.hidden)")


def played(clip: Locator) -> float:
    """Plays a sound to its end; its seconds."""
    return float(
        clip.evaluate(
            "audio => new Promise((done, failed) => { audio.onended = () => done(audio.duration);"
            " audio.onerror = () => failed(audio.error.message); audio.play() })"
        )
    )
