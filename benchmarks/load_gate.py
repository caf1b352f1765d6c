"""A slow-down that is planted in one call of ten, and the speed gate of a level of load: how often it is found.

    python benchmarks/load_gate.py [runs] [utterances]

tiny.en behind the server of `modellab serve-models` in this process, one user, the English prompts. A baseline is
measured; then as many clean runs and as many in which one call of ten sleeps for 200 ms. It wants a quiet machine.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from pytest_modellab.assets.store import Store
from pytest_modellab.catalog import load
from pytest_modellab.catalog.validate import full_options
from pytest_modellab.catalog.weights import local_folder
from pytest_modellab.cli.model_server.server import ModelServer
from pytest_modellab.engines.base import Clip, DeviceRef, LoadRequest, Transcript
from pytest_modellab.engines.registry import available, engine_class
from pytest_modellab.results import speed_baseline
from pytest_modellab.results.record import Record
from pytest_modellab.runner.job import Settings
from pytest_modellab.runner.runner import Runner
from pytest_modellab.runner.session import Session

ROOT = Path(__file__).parents[1]
MODEL = "faster-whisper-tiny.en"
PLANTED_S = 0.2
ONE_OF = 10


class Slowed:
    """An engine that sleeps before one call of ten, where it is told to."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.tasks, self.rate = engine.tasks, engine.rate
        self.planted = False
        self._calls = 0

    def transcribe(self, clip: Clip) -> Transcript:
        import time

        self._calls += 1
        if self.planted and self._calls % ONE_OF == 0:
            time.sleep(PLANTED_S)
        found: Transcript = self._engine.transcribe(clip)
        return found

    def synchronize(self) -> None:
        self._engine.synchronize()


def catalog_of(folder: Path, url: str, utterances: int) -> None:
    """A catalog of the served model and one level of load."""
    for name in ("models", "datasets"):
        (folder / name).mkdir(parents=True)
    (folder / "datasets" / "prompts-en.yaml").write_bytes(
        (ROOT / "fixtures" / "datasets" / "prompts-en.yaml").read_bytes()
    )
    level: dict[str, Any] = {
        "schema": "modellab.dataset/1",
        "id": "load",
        "tasks": ["load"],
        "tiers": ["smoke"],
        "language": "en",
    }
    level |= {"load": {"concurrency": 1, "warmup_s": 2}, "derive": {"from": "prompts-en", "take": utterances}}
    (folder / "datasets" / "load.yaml").write_text(yaml.safe_dump(level))
    model: dict[str, Any] = {"schema": "modellab.model/1", "id": "served", "engine": "openai-audio", "tasks": ["load"]}
    model |= {"tiers": ["smoke"], "options": {"url": url, "model": MODEL}, "devices": {"cpu": {}}}
    (folder / "models" / "served.yaml").write_text(yaml.safe_dump(model))


def measured(catalog: Path, reports: Path, name: str) -> Record:
    from pytest_modellab.catalog.cases import EVERYTHING, plan

    found = load(catalog, catalog.parent)
    (case,) = (each for each in plan(found, EVERYTHING) if each.task == "load")
    session = Session(reports, name, own=True)
    runner = Runner(found, session, Settings())
    try:
        outcome = runner.run(case)
    finally:
        runner.close()
        session.end(whole=True)
    assert outcome.record is not None, outcome
    return outcome.record


def main(runs: int, utterances: int) -> None:
    own = load(ROOT / "fixtures", ROOT)
    model = own.models[MODEL]
    request = LoadRequest(DeviceRef("cpu"), full_options(model, "cpu"), local_folder(model, own, Store()))
    engine = Slowed(engine_class(available()[model.engine]).load(request))
    with ModelServer({MODEL: engine}) as server, tempfile.TemporaryDirectory() as folder:
        catalog = Path(folder) / "lab"
        catalog_of(catalog, server.url, utterances)
        reports = Path(folder) / "reports"
        before = measured(catalog, reports, "baseline")
        baseline = speed_baseline.of(before)
        noise = before.timing.noisy or "quiet"
        print(
            f"{utterances} utterances, one user; baseline p95 {before.value('load_p95_s'):.3f} s, {noise}", flush=True
        )
        for planted in (False, True):
            engine.planted = planted
            told: Counter[str] = Counter()
            for run in range(runs):
                record = measured(catalog, reports, f"{planted}-{run}")
                change = speed_baseline.against(record, baseline)
                outcome = f"{change.outcome}, but noisy" if change.noisy else change.outcome
                told[outcome] += 1
                print(
                    f"  {'planted' if planted else 'clean'} {run}: {outcome}; {change.noisy or 'quiet'}; {change}",
                    flush=True,
                )
            print(f"{'planted' if planted else 'clean'}: {dict(told)}", flush=True)


if __name__ == "__main__":
    given = [int(each) for each in sys.argv[1:]]
    main(*(given or [10]), *([] if len(given) > 1 else [150]))
