"""The page of published models in a browser: no finding of axe, and nothing wider than the window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from chromium import launched, needs_chromium, watched

from pytest_modellab.catalog.published.shipped import shipped
from pytest_modellab.reports.published import page
from pytest_modellab.reports.published.listed import listed

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of all models that ship."""
    path = tmp_path_factory.mktemp("page") / "models.html"
    path.write_text(page.render(listed(shipped().models, [], links={}, measured={}), "Models"), encoding="utf-8")
    return path


OTHERWISE = pytest.mark.nightly(
    "tests/reports/test_published_browser.py::test_axe_finds_nothing_and_nothing_is_wider_than_the_window"
)


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        *((390, "light"), (1400, "dark")),
        pytest.param(390, "dark", marks=OTHERWISE),
        pytest.param(1400, "light", marks=OTHERWISE),
    ],
)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    browser: Browser, place: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    axe = pytest.importorskip("axe_playwright_python", reason="takes the package axe-playwright-python")
    script = Path(axe.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
    with watched(browser, place, viewport={"width": width, "height": 800}, color_scheme=scheme) as opened:
        opened.evaluate(script)
        found = opened.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        assert opened.locator("svg").count() == 2
