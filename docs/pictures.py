"""The pictures of the page in the documents: `python docs/pictures.py reports/scorecard.html`.

It takes Chromium and the packages playwright and Pillow, and a session of several models on one data set.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page, sync_playwright

HERE = Path(__file__).parent
WIDTH = 1180
COLOURS = 256
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
_ITEMS = 2
"""Utterances in the picture of two models."""


def bottom(of: Locator) -> float:
    return float(of.evaluate("each => each.getBoundingClientRect().bottom + scrollY"))


def first_screen(tab: Page, picture: Path) -> None:
    """From the top to the end of the table of models."""
    clip = {"x": 0, "y": 0, "width": WIDTH, "height": bottom(tab.locator("#roles")) + 24}
    tab.screenshot(path=picture, full_page=True, clip=clip)


def pair(tab: Page, picture: Path) -> None:
    """The first utterances in which two models differ."""
    tab.locator("#against > summary").click()
    top = float(tab.locator("#pairs").evaluate("each => each.getBoundingClientRect().top + scrollY")) - 16
    end = bottom(tab.locator("#against li").nth(_ITEMS - 1))
    tab.screenshot(path=picture, full_page=True, clip={"x": 0, "y": top, "width": WIDTH, "height": end - top})


def case(tab: Page, picture: Path) -> None:
    """The worst utterances of the first case."""
    tab.locator(".case > summary").first.click()
    shown = tab.locator(".case ol.utterances").first
    top = float(shown.evaluate("each => each.getBoundingClientRect().top + scrollY")) - 60
    end = bottom(shown.locator("> li").nth(_ITEMS - 1))
    tab.screenshot(path=picture, full_page=True, clip={"x": 0, "y": top, "width": WIDTH, "height": end - top})


def main() -> None:
    page = Path(sys.argv[1]).resolve()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for name, draw in (("scorecard.png", first_screen), ("scorecard-pair.png", pair), ("scorecard-case.png", case)):
            tab = browser.new_page(viewport={"width": WIDTH, "height": 900}, color_scheme="light")
            tab.goto(page.as_uri())
            draw(tab, HERE / name)
            tab.close()
            Image.open(HERE / name).convert("RGB").quantize(COLOURS).save(HERE / name, optimize=True)
        browser.close()


if __name__ == "__main__":
    main()
