"""The scorecard's page at scale: `python benchmarks/page.py`.

First the page of a session of 2,000 utterances, a quarter of them spoken by a voice and kept as sound: its size, and
how long Chromium takes to open it from disk, until its load event (with the package playwright, and Chromium). The
aims: 8 MB and 2 s. Then three models on 2,000 utterances each: how long after a click the first of the utterances in
which two of them differ is shown. The aim: 1 s. Then pages built from the records of 100,000 utterances, in a process
of their own: seconds from reading the scorecard to having written the page, and the peak memory of that process. The
aims: 20 s and 1 GB.
"""

from __future__ import annotations

import json
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from pages import card, case  # the records that tests are made with
from records import record, with_part

from pytest_modellab.core.audio_artifacts import AudioArtifacts
from pytest_modellab.core.metrics import asr
from pytest_modellab.core.schema_base import edits
from pytest_modellab.core.text import TextRules
from pytest_modellab.reports.scorecard.card import Scorecard
from pytest_modellab.reports.scorecard.files import text, write_page
from pytest_modellab.reports.scorecard.page import NAME
from pytest_modellab.results.record import Record, UtteranceResult
from pytest_modellab.tasks.asr.record import Transcript
from pytest_modellab.tasks.tts.record import Speech

if TYPE_CHECKING:
    from playwright.sync_api import Browser

WORDS = ["".join(pair) for pair in zip("bdfglmnprstv" * 4, ("ack", "een", "ill", "oat") * 12, strict=True)]
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
ROUNDS = 5
DIFFERENT = 3
"""Models whose answers are their own."""


def utterance(i: int, words: random.Random, draw: random.Random) -> UtteranceResult:
    """Eighteen words, a tenth of them wrong, scored as any."""
    said = words.choices(WORDS, k=18)
    found = [draw.choice(WORDS) if draw.random() < 0.1 else word for word in said]
    scored = asr.score(" ".join(said), " ".join(found), TextRules("whisper-english").of("en"))
    return UtteranceResult(
        id=f"speaker-{i % 40}-{i:06}", reference=" ".join(said).upper(), hypothesis=" ".join(found), audio_s=7.0,
        processing_s=0.7, speaker=f"speaker-{i % 40}", language="en",
        parts={"asr": Transcript(words=edits(scored.words), characters=edits(scored.characters))},
    )  # fmt: skip


def spoken(result: UtteranceResult, sounds: AudioArtifacts, draw: np.random.Generator) -> UtteranceResult:
    """The same as said by a voice: five seconds, of which a FLAC keeps some 150 kB."""
    samples = np.cumsum(draw.normal(0, 0.004, 5 * 24_000))
    digest = sounds.keep((samples - samples.mean()).clip(-1, 1).astype(np.float32), 24_000)
    speech = Speech(
        seconds=5.0, sample_rate=24_000, pieces=1, audio=digest, audible=True, silence=0.1, longest_pause_s=0.2,
        loudness_lufs=-20.0, faults=(),
    )  # fmt: skip
    return with_part(result, "tts", speech)


def session(reports: Path, cases: int, of_each: int, *, voices: int = 0) -> Scorecard:
    """A scorecard of so many cases; the first of them are voices."""
    draw, noise, sounds = random.Random(0), np.random.default_rng(0), AudioArtifacts(reports)
    made: list[Record] = []
    scored: list[UtteranceResult] = []
    for n in range(cases):
        if n < DIFFERENT:  # the others answer as the last of these
            words = random.Random(0)
            scored = [utterance(i, words, draw) for i in range(min(of_each, 1_000))]
        results = [scored[i % len(scored)].model_copy(update={"id": f"utterance-{i:06}"}) for i in range(of_each)]
        task = "asr"
        if n < voices:
            task, results = "tts", [spoken(each, sounds, noise) for each in results]
        made.append(record(utterances=results, case=case(f"model-{n}", task), words=18 * of_each, id=f"{n:08x}"))
    return card(reports, *made)


def build(reports: Path) -> None:
    """In a process of its own: what `finish` does at the end of a session."""
    start = time.perf_counter()
    found = Scorecard.model_validate_json((reports / "scorecard.json").read_bytes())
    write_page(found, reports, reports / NAME)
    seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    told = {"seconds": seconds, "processor": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss * 1024}
    print(json.dumps(told))


def built(reports: Path) -> dict[str, float]:
    """Seconds, those of a processor with all imports, and peak bytes, of building the page of what is in `reports`."""
    command = [sys.executable, __file__, "build", str(reports)]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    told: dict[str, float] = json.loads(out)
    return told


@contextmanager
def browsed() -> Iterator[Browser | None]:
    """A browser; None where there is none."""
    chromium = shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        chromium = None
    if chromium is None:
        yield None
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


def opened(page: Path) -> list[tuple[float, float]]:
    """Of each round in a fresh tab, seconds until the load event, and from a click to the first pair of answers.

    None where there is no browser; the second is 0 where the page compares no models.
    """
    timing = "performance.getEntriesByType('navigation')[0].loadEventEnd"
    shown = """() => new Promise(done => {
        const fold = document.getElementById("against"), start = performance.now();
        if (!fold) return done(0);
        const seen = () => fold.querySelector("li")
            ? requestAnimationFrame(() => done(performance.now() - start)) : requestAnimationFrame(seen);
        fold.querySelector("summary").click();
        seen();
    })"""
    times = []
    with browsed() as browser:
        for _ in range(ROUNDS if browser else 0):
            assert browser is not None
            tab = browser.new_page()
            tab.goto(page.as_uri(), wait_until="load")
            tab.wait_for_function(f"{timing} > 0")
            times.append((tab.evaluate(timing) / 1000, tab.evaluate(shown) / 1000))
            tab.close()
    return times


def told_of(times: list[tuple[float, float]]) -> str:
    if not times:
        return "no Chromium, or no playwright"
    load, pair = (statistics.median(each) for each in zip(*times, strict=True))
    shown = f", model against model {pair:.2f} s after a click" if pair else ""
    return f"open after {load:.2f} s{shown} (of {len(times)})"


def main() -> None:
    if sys.argv[1:2] == ["build"]:
        return build(Path(sys.argv[2]))
    for cases, of_each, voices in ((8, 250, 2), (3, 2_000, 0), (20, 5_000, 0), (5, 20_000, 0)):
        with tempfile.TemporaryDirectory() as folder:
            reports = Path(folder)
            found = session(reports, cases, of_each, voices=voices)
            (reports / "scorecard.json").write_text(text(found), encoding="utf-8")
            took = built(reports)
            size = (reports / NAME).stat().st_size
            built_in = f"built in {took['seconds']:.1f} s"
            built_in += f" ({took['processor']:.1f} s of a processor), {took['peak'] / 1e6:.0f} MB at the peak"
            print(f"{cases} cases of {of_each:,} utterances: {built_in};")
            times = opened(reports / NAME)
            print(f"    {size / 1e6:.1f} MB, {told_of(times)}")
    return None


if __name__ == "__main__":
    main()
