"""The page of running sessions in a browser, beside a session that really runs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from chromium import launched, needs_chromium
from fakelab import FakeLab
from serving import serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = needs_chromium
WAIT_MS = 60_000
HOSTILE = "<img src=x onerror=alert(1)>\u202e"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as found:
        yield found


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """A tab whose complaints, and requests to anywhere but a server of ours, fail the test."""
    complaints: list[str] = []
    opened = browser.new_page()
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda request: None if _ours(request.url) else complaints.append(request.url))
    yield opened
    opened.close()
    assert complaints == []


def _ours(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "data:"))


def test_a_session_is_seen_to_move_and_to_end(lab: FakeLab, tab: Page) -> None:
    lab.texts = [f"text {i}" for i in range(10)]
    lab.ready(delay_s=0.3)
    lab.model("absent", devices={"cuda": {}})
    lab.model("wrong", wrong=dict.fromkeys(range(5), "nonsense"))
    reports = lab.path / "reports"
    reports.mkdir()
    with serving(reports) as server:
        tab.goto(f"{server.url}live")
        tab.get_by_text("No session is running").wait_for()
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "modellab_page=true", "-n2"]
        session = subprocess.Popen(command, cwd=lab.path, stdout=subprocess.DEVNULL)
        seen = set()
        row = tab.locator("li", has_text="fake:cpu:clips")
        row.wait_for(timeout=WAIT_MS)
        assert not tab.get_by_text("No session is running").is_visible()
        ended = tab.get_by_role("link", name="Open the scorecard")
        while not ended.is_visible():
            seen.add(row.locator("progress").evaluate("bar => bar.value"))
            assert session.poll() in {None, 1}
            tab.wait_for_timeout(50)
        assert session.wait(60) == 1
        assert len(seen) > 3
        assert max(seen) == 1
        assert row.locator(".status").inner_text() == "pass"
        assert "10 of 10 utterances, WER 0.0 %" in row.inner_text()
        assert tab.locator("li", has_text="wrong:cpu:clips").locator(".status").inner_text() == "fail"
        assert "no NVIDIA driver" in tab.locator("li", has_text="absent:cuda:clips").inner_text()
        assert tab.locator(".sum").inner_text().count("1 ") == 3
        ended.click()
        tab.get_by_text("Not passed").first.wait_for()
        assert not tab.get_by_text("is running").is_visible()


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """A session that was left behind, of a case and a failure with mark-up in their names."""
    folder = tmp_path / "sessions" / "left"
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps([f"asr/{HOSTILE}:cpu:b", "asr/a:cpu:b"]))
    (folder / "a.outcome").write_text(json.dumps({"case": "asr/a:cpu:b", "broken": HOSTILE * 100}))
    return folder


@pytest.mark.parametrize("width", [390, 1400])
def test_others_words_are_shown_and_never_obeyed(left: Path, tab: Page, width: int) -> None:
    tab.set_viewport_size({"width": width, "height": 800})
    with serving(left.parent.parent) as server:
        tab.goto(f"{server.url}live")
        tab.get_by_text("<img src=x onerror=alert(1)>\ufffd:cpu:b (asr)").wait_for()
        assert tab.locator("#sessions img").count() == 0
        broken = tab.locator("li", has_text="a:cpu:b").last
        assert broken.locator(".status").inner_text() == "could not be measured"
        assert broken.locator(".detail").inner_text().endswith("…")
        assert tab.evaluate("document.documentElement.scrollWidth") == width


def test_a_session_that_was_killed_is_no_news(left: Path, tab: Page) -> None:
    long_ago = time.time() - 2 * 3600
    for path in left.iterdir():
        os.utime(path, (long_ago, long_ago))
    with serving(left.parent.parent) as server:
        tab.goto(f"{server.url}live")
        tab.get_by_text("No news for 2:0").wait_for()
        tab.goto(server.url)
        assert not tab.get_by_text("is running").is_visible()


def test_what_ended_while_nobody_listened_is_over(left: Path, browser: Browser) -> None:
    reports = left.parent.parent
    tab = browser.new_page()
    with serving(reports) as server:
        port = server.server_address[1]
        tab.goto(f"{server.url}live")
        tab.get_by_role("heading", name="Session left").wait_for()
    tab.get_by_text("the server doesn't answer").wait_for()
    shutil.rmtree(left)
    (reports / "scorecard.json").write_text('{"session": "another"}')
    with serving(reports, port=port):
        tab.get_by_text("the last scorecard is another session's").wait_for(timeout=WAIT_MS)
        tab.get_by_text("connected", exact=True).wait_for()
        tab.close()
