"""How far a case speeds up with the workers of a Ray cluster: `python benchmarks/ray_scaling.py [UTTERANCES]`.

The engine recognises nothing: it sleeps for as long as each clip lasts (1 to 2 s), so that any number of workers fits
on this machine, and what is seen is what the executor itself costs. UTTERANCES (100) for each worker, 1, 2, 4 and 8
workers, from the first reply to the last. Then 200 real clips by tiny.en, local and on a cluster of two nodes, whose
records are compared.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import yaml
from overhead import ROOT

from pytest_modellab.catalog import known, load
from pytest_modellab.catalog.cases import EVERYTHING, Case, plan
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import canonical
from pytest_modellab.runner.executor import LOCAL, RAY, ClusterSettings
from pytest_modellab.runner.job import Settings
from pytest_modellab.runner.progress import NoProgress
from pytest_modellab.runner.runner import Runner
from pytest_modellab.runner.session import Session

RATE = 16_000
SLEEPING = """
import time
from dataclasses import dataclass
from typing import ClassVar

from pytest_modellab import Transcript


@dataclass(frozen=True)
class Options:
    __pydantic_config__: ClassVar = {"extra": "forbid"}


class SleepsAsLongAsTheClip:
    tasks, devices, rate = frozenset({"asr"}), frozenset({"cpu"}), 16_000
    distributions, extra, Options = (), "", Options

    @classmethod
    def load(cls, request):
        return cls()

    def transcribe(self, clip):
        time.sleep(clip.seconds)
        return Transcript("a clip")

    def synchronize(self): ...
    def close(self): ...
"""


class Watch(NoProgress):
    """When the first and the last reply came."""

    def __init__(self) -> None:
        self.first = self.last = 0.0

    def advance(self, case: Case, done: int, total: int, audio_left_s: float, wer: float | None) -> None:
        self.last = time.perf_counter()
        self.first = self.first or self.last


@contextmanager
def cluster(*nodes: dict[str, Any]) -> Iterator[str]:
    """The address of a cluster of these nodes on this machine."""
    from ray.cluster_utils import Cluster

    os.environ["RAY_DISABLE_IMPORT_WARNING"] = "1"
    head, *others = nodes
    found = Cluster(initialize_head=True, head_node_args={**head, "include_dashboard": False})
    for each in others:
        found.add_node(**each)
    try:
        yield found.address
    finally:
        found.shutdown()


def catalog(folder: Path, model: dict[str, Any], dataset: dict[str, Any]) -> Path:
    """A catalog of one model and one data set."""
    for name, spec in (("models", model), ("datasets", dataset)):
        (folder / "lab" / name).mkdir(parents=True, exist_ok=True)
        (folder / "lab" / name / f"{spec['id']}.yaml").write_text(yaml.safe_dump(spec))
    return folder / "lab"


def measured(lab: Path, settings: Settings, watch: Watch) -> Record:
    found = load(lab, lab.parent)
    session = Session(lab.parent / "reports", str(time.time_ns()), own=True)
    runner = Runner(found, session, settings, watch)
    try:
        (case,) = (each for each in plan(found, EVERYTHING) if each.dataset.tiers)
        outcome = runner.run(case)
    finally:
        runner.close()
        session.end(whole=True)
    assert outcome.record is not None, outcome
    return outcome.record


def sleeping(folder: Path, clips: int) -> Path:
    """The catalog of the engine that sleeps: clips of 1 to 2 s."""
    (folder / "sleeping.py").write_text(SLEEPING)
    model: dict[str, Any] = {
        "schema": "modellab.model/1",
        "id": "sleeping",
        "engine": "../../sleeping.py:SleepsAsLongAsTheClip",
    }
    model |= {"tasks": ["asr"], "tiers": ["smoke"], "devices": {"cpu": {}}}
    dataset = {"schema": "modellab.dataset/1", "id": "clips", "tasks": ["asr"], "tiers": ["smoke"], "language": "en"}
    lab = catalog(folder, model, {**dataset, "manifest": "clips.jsonl"})
    random = np.random.default_rng(0)
    lines = []
    for i, seconds in enumerate(random.uniform(1, 2, clips)):
        name = f"{i}.wav"
        samples = random.normal(0, 0.05, int(seconds * RATE)).astype(np.float32)
        soundfile.write(lab / "datasets" / name, samples, RATE, subtype="PCM_16")
        lines.append(json.dumps({"audio_filepath": name, "text": "a clip", "id": str(i)}))
    (lab / "datasets" / "clips.jsonl").write_text("\n".join(lines) + "\n")
    return lab


def scaling(each: int) -> None:
    print(
        "| workers | utterances | asleep | first to last reply | of linear | per utterance |\n|---|---|---|---|---|---|"
    )
    with cluster({"num_cpus": 4}, {"num_cpus": 4}) as address:
        for workers in (1, 2, 4, 8):
            with tempfile.TemporaryDirectory() as name:
                watch = Watch()
                settings = Settings(executor=RAY, cluster=ClusterSettings(address, workers))
                record = measured(sleeping(Path(name), each * workers), settings, watch)
                assert record.value("success_rate") == 1
                asleep = sum(u.audio_s for u in record.utterances)
                # The first reply of each worker is no part of the time between first and last.
                asleep -= workers * max(u.audio_s for u in record.utterances)
                wall = watch.last - watch.first
                efficiency = asleep / (workers * wall)
                cost = (workers * wall - asleep) / (len(record.utterances) - workers)
                print(
                    f"| {workers} | {len(record.utterances)} | {asleep:.1f} s | {wall:.1f} s | {efficiency:.3f} |"
                    f" {1000 * cost:.1f} ms |",
                    flush=True,
                )


def real(clips: int) -> None:
    """The same real clips by one local worker and by two nodes: one record."""
    model = known.content("faster-whisper-tiny.en")
    model |= {"tiers": ["smoke"], "variants": {}}
    model["devices"] = {"cpu": {**model["devices"]["cpu"], "cpu_threads": 1}}
    prompts = yaml.safe_load((ROOT / "fixtures/datasets/prompts-en.yaml").read_text()) | {"tiers": []}
    some: dict[str, Any] = {
        "schema": "modellab.dataset/1",
        "id": "some",
        "tasks": ["asr"],
        "tiers": ["smoke"],
        "language": "en",
    }
    some |= {"derive": {"from": "prompts-en", "take": clips}}
    with tempfile.TemporaryDirectory() as name, cluster({"num_cpus": 1}, {"num_cpus": 1}) as address:
        lab = catalog(Path(name), model, prompts)
        catalog(Path(name), model, some)
        spread = measured(lab, Settings(executor=RAY, cluster=ClusterSettings(address)), Watch())
        local = measured(lab, Settings(executor=LOCAL, fresh=True), Watch())
    nodes = len({spread.provenance.hardware.get("node")})
    print(
        f"{clips} clips of prompts-en, tiny.en, two nodes ({nodes} host): WER {spread.value('wer'):.4f} and locally"
        f" {local.value('wer'):.4f}; records equal but for volatile fields: {canonical(spread) == canonical(local)}"
    )


if __name__ == "__main__":
    scaling(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
    real(200)
