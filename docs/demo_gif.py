"""Records `docs/demo.gif`: `make demo-gif`, or `python docs/demo_gif.py FILE [pytest arguments]`.

The smoke tests run for real, into a scratch folder of reports that `modellab serve` shows: their live page is
photographed whenever it has changed, then the scorecard is sorted and a case opened. What the session took doesn't
show: its pictures are thinned to a fixed number, and each picture stands for a fixed time. Takes Playwright and
Chromium.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from PIL import Image, ImageChops, ImageDraw, ImageFont

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

T = TypeVar("T")
ROOT = Path(__file__).parent.parent
WIDTH, HEIGHT = 900, 580
STRIP = 34
"""Height of the caption under a picture."""
COLOURS = 192
NEIGHBOURS = 8
RUN_FRAMES, RUN_MS = 16, 250
READ_MS, POINT_MS, CLICKED_MS = 2_100, 500, 1_200
LOOK_EVERY_MS = 400
"""Seldom: pictures take processor time from what is measured."""
PATIENCE_S = 1_800.0
"""So long a session may take, weights to be fetched included."""


@dataclass(frozen=True)
class Frame:
    """A picture and how long it stands."""

    image: Image.Image
    ms: int


def merged(frames: Sequence[Frame]) -> list[Frame]:
    """Without repetition: a picture that is the same as the one before it adds to its time."""
    found: list[Frame] = []
    for frame in frames:
        if found and ImageChops.difference(found[-1].image, frame.image).getbbox() is None:
            found[-1] = replace(found[-1], ms=found[-1].ms + frame.ms)
        else:
            found.append(frame)
    return found


def thinned(pictures: Sequence[T], most: int) -> list[T]:
    """At most so many of them, evenly spread, the first and the last among them."""
    if len(pictures) <= most:
        return list(pictures)
    return [pictures[round(i * (len(pictures) - 1) / (most - 1))] for i in range(most)]


def palette(images: Sequence[Image.Image], colours: int) -> Image.Image:
    """One palette for all of them, so that what stays the same between two pictures is the same to the byte.

    Half of it are the colours there is most of, as they are; the rest is spread over all that occur, the rare ones too.
    """
    width, height = images[0].size
    sheet = Image.new("RGB", (width, height * len(images)))
    for i, image in enumerate(images):
        sheet.paste(image, (0, i * height))
    counts = cast(list[tuple[int, tuple[int, int, int]]], sheet.getcolors(width * height * len(images)))
    frequent = _apart((colour for _, colour in sorted(counts, reverse=True)), colours // 2)
    spread = sheet.quantize(colours, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).getpalette() or []
    rare = zip(spread[::3], spread[1::3], spread[2::3], strict=True)
    found = Image.new("P", (1, 1))
    found.putpalette([channel for colour in _apart([*frequent, *rare], colours) for channel in colour])
    return found


def _apart(found: Iterable[tuple[int, int, int]], most: int) -> list[tuple[int, int, int]]:
    """The first that are no neighbours of each other: Pillow looks them up roughly, and takes one for another."""
    kept: list[tuple[int, int, int]] = []
    for colour in found:
        if all(max(abs(a - b) for a, b in zip(colour, other, strict=True)) >= NEIGHBOURS for other in kept):
            kept.append(colour)
            if len(kept) == most:
                break
    return kept


def write(frames: Sequence[Frame], path: Path, *, colours: int = COLOURS) -> None:
    """An endless GIF of frames of one size."""
    kept = merged(frames)
    shared = palette([frame.image for frame in kept], colours)
    images = [frame.image.quantize(palette=shared, dither=Image.Dither.NONE) for frame in kept]
    images[0].save(
        path,
        save_all=True,
        append_images=images[1:],
        duration=[frame.ms for frame in kept],
        loop=0,
        optimize=True,
        disposal=1,
    )


def captioned(picture: bytes, text: str, pointer: tuple[float, float] | None = None) -> Image.Image:
    """A screenshot over a strip that says what is done, with a ring where the pointer is."""
    shot = Image.open(io.BytesIO(picture)).convert("RGB")
    image = Image.new("RGB", (shot.width, shot.height + STRIP), "#14171b")
    image.paste(shot)
    draw = ImageDraw.Draw(image)
    draw.text((14, shot.height + STRIP // 2), text, "#e8eaed", ImageFont.load_default(17), anchor="lm")
    if pointer is not None:
        x, y = pointer
        draw.ellipse((x - 15, y - 15, x + 15, y + 15), outline="#b4501b", width=4)
    return image


class Camera:
    """Takes frames of a browser's tab."""

    def __init__(self, tab: Page) -> None:
        self.tab = tab
        self.frames: list[Frame] = []

    def take(self, text: str, ms: int) -> None:
        self.frames.append(Frame(captioned(self.tab.screenshot(), text), ms))

    def follow(self, session: subprocess.Popen[bytes], text: str) -> None:
        """The live page until the session has ended, whatever time it takes."""
        shots: list[bytes] = []
        ended = self.tab.get_by_role("link", name="Open the scorecard")
        latest = time.monotonic() + PATIENCE_S
        while not ended.is_visible():
            if time.monotonic() > latest or (session.poll() is not None and not self._ends(session)):
                raise SystemExit(f"the session ended without a scorecard: pytest's exit status is {session.poll()}")
            shot = self.tab.screenshot()
            if not shots or shot != shots[-1]:
                shots.append(shot)
            self.tab.wait_for_timeout(LOOK_EVERY_MS)
        self.frames += [Frame(captioned(shot, text), RUN_MS) for shot in thinned(shots, RUN_FRAMES)]

    def _ends(self, session: subprocess.Popen[bytes]) -> bool:
        """Whether a session whose process is gone got as far as tests that pass or fail; the page learns of it soon."""
        self.tab.wait_for_timeout(2_000)
        return session.returncode in {0, 1}

    def click(self, target: Locator, text: str, ms: int = CLICKED_MS) -> None:
        """Point at it, click, and show what comes of it."""
        target.scroll_into_view_if_needed()
        box = target.bounding_box()
        assert box is not None, "it isn't shown"
        pointer = box["x"] + min(box["width"], 120) / 2, box["y"] + box["height"] / 2
        self.frames.append(Frame(captioned(self.tab.screenshot(), text, pointer), POINT_MS))
        target.click()
        self.tab.wait_for_load_state()
        self.take(text, ms)


@contextlib.contextmanager
def served(reports: Path) -> Iterator[str]:
    """The address of these reports under `modellab serve`."""
    command = [sys.executable, "-m", "pytest_modellab.cli", "serve", "--port", "0", "--reports", str(reports)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().rpartition(": ")[2].partition(" ")[0]
    finally:
        process.terminate()
        process.wait()


def scene(tab: Page, url: str, reports: Path, arguments: Sequence[str]) -> list[Frame]:
    """A session from its start to a wrong word."""
    camera = Camera(tab)
    tab.goto(f"{url}live")
    tab.get_by_text("No session is running").wait_for()
    camera.take("modellab serve", CLICKED_MS)
    command = [sys.executable, "-m", "pytest", "-q", "-m", "smoke", f"--lab-report={reports}", *arguments]
    session = subprocess.Popen(command, cwd=ROOT, stdout=sys.stderr)
    tab.get_by_role("heading", name="Session").wait_for(timeout=PATIENCE_S * 1000)
    camera.follow(session, "pytest -m smoke: followed while it runs")
    session.wait()
    camera.take("it ends, and each case has its verdict", READ_MS)
    camera.click(tab.get_by_role("link", name="Open the scorecard"), "the scorecard", READ_MS)
    table = tab.locator("table.sortable").first
    tab.locator("h2", has=tab.locator("xpath=self::*[starts-with(@id, 'task-')]")).first.evaluate(
        "heading => heading.scrollIntoView()"
    )
    camera.take("a table for each task", CLICKED_MS)
    heading = table.locator("thead th.number button").first
    camera.click(heading, "sorted by a click", CLICKED_MS // 2)
    camera.click(heading, "and the other way round: the worst first")
    camera.click(table.locator("tbody th a").first, "a case, opened", READ_MS)
    word = tab.locator("details.case[open] .words .wrong").first
    if word.count():
        word.evaluate("word => word.closest('li').scrollIntoView({block: 'center'})")
        camera.take("word by word: what was said, and what the model heard", READ_MS + CLICKED_MS)
    return camera.frames


def main() -> None:
    from playwright.sync_api import sync_playwright

    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        raise SystemExit("no Chromium here: apt-get install chromium")
    with tempfile.TemporaryDirectory() as name, served(Path(name)) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--headless", "--no-sandbox"])
        size = {"width": WIDTH, "height": HEIGHT}
        tab = browser.new_page(viewport=size, color_scheme="light", reduced_motion="reduce")
        frames = scene(tab, url, Path(name), sys.argv[2:])
        browser.close()
    path = Path(sys.argv[1])
    write(frames, path)
    seconds = sum(frame.ms for frame in frames) / 1000
    print(f"{path}: {len(merged(frames))} pictures, {seconds:.1f} s, {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
