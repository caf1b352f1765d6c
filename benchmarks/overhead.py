"""What the lab itself costs: `python benchmarks/overhead.py [UTTERANCES]`.

First with an engine that does nothing, on UTTERANCES clips (200 by default) of prompts-en: seconds of a session
beyond a bare pytest, and milliseconds for each utterance, decoding, scoring and journal included. The aims: 1.5 s and
5 ms. Then with faster-whisper (base, int8, beam 1) on the same clips, after a bare loop over its own API: how much
longer the calls take that the lab times, and how much longer the whole takes.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import soundfile
import yaml

from pytest_modellab.assets.store import Store
from pytest_modellab.catalog import known, load
from pytest_modellab.catalog.datasets import prepare
from pytest_modellab.catalog.weights import local_folder
from pytest_modellab.results.record_files import read

ROOT = Path(__file__).parent.parent
ROUNDS = 5

NOTHING = """
from dataclasses import dataclass
from pytest_modellab.engines.base import Transcript

@dataclass(frozen=True)
class Options: ...

class Nothing:
    tasks, devices, rate = frozenset({"asr"}), frozenset({"cpu"}), 16_000
    distributions, extra, Options = (), "", Options
    @classmethod
    def load(cls, request): return cls()
    def transcribe(self, clip): return Transcript("nothing at all")
    def synchronize(self): ...
    def close(self): ...
"""

BARE_LOOP = """
import json, sys, time
import soundfile
from faster_whisper import WhisperModel
folder, weights = sys.argv[1:]
start = time.perf_counter()
model = WhisperModel(weights, device="cpu", compute_type="int8", cpu_threads=2, local_files_only=True)
rows = [json.loads(line) for line in open(f"{folder}/clips.jsonl")]
clips = [soundfile.read(f"{folder}/{row['audio_filepath']}", dtype="float32")[0] for row in rows]
def call(samples):
    how = {"language": "en", "beam_size": 1, "temperature": 0.0, "condition_on_previous_text": False}
    segments, _ = model.transcribe(samples, **how)
    return "".join(segment.text for segment in segments)
call(clips[0])
calls = time.perf_counter()
for samples in clips:
    call(samples)
end = time.perf_counter()
print(json.dumps({"calls": end - calls, "whole": end - start}))
"""


def write_catalog(folder: Path, utterances: int) -> None:
    """The first clips of prompts-en as 16 kHz files with a manifest, and two models."""
    catalog = load(ROOT / "fixtures")
    dataset = prepare(catalog.datasets["prompts-en"], catalog, Store(), asked=True)
    sets, models = folder / "lab" / "datasets", folder / "lab" / "models"
    sets.mkdir(parents=True)
    models.mkdir()
    rows = []
    for utterance in dataset.utterances[:utterances]:
        name = f"{utterance.id.replace('/', '-')}.wav"
        soundfile.write(sets / name, utterance.samples(16_000), 16_000, subtype="FLOAT")
        rows.append(json.dumps({"audio_filepath": name, "text": utterance.text, "id": utterance.id}))
    (sets / "clips.jsonl").write_text("\n".join(rows) + "\n")
    common = {"tiers": ["smoke"], "tasks": ["asr"]}
    spec = {"schema": "modellab.dataset/1", "id": "clips", "language": "en", "manifest": "clips.jsonl"}
    (sets / "clips.yaml").write_text(yaml.safe_dump({**spec, **common}))
    nothing = {
        "schema": "modellab.model/1",
        "id": "nothing",
        "engine": "../../nothing.py:Nothing",
        "devices": {"cpu": {}},
    }
    (models / "nothing.yaml").write_text(yaml.safe_dump({**nothing, **common}))
    base = known.content("faster-whisper-base")
    base |= {"id": "base", "tiers": ["smoke"], "options": {"beam_size": 1}, "devices": {"cpu": base["devices"]["cpu"]}}
    (models / "base.yaml").write_text(yaml.safe_dump(base))
    (folder / "nothing.py").write_text(NOTHING)
    (folder / "pytest.ini").write_text("[pytest]\nmodellab_catalog = lab\n")
    (folder / "test_run.py").write_text("def test_run(run): assert run.utterances\n")


def timed(command: list[str], folder: Path) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return seconds


def session(folder: Path, model: str, *more: str) -> float:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--lab-fresh", f"--lab-model={model}"]
    return timed([*command, *more], folder)


def of_nothing(folder: Path, utterances: int) -> None:
    bare = folder / "bare"
    bare.mkdir()
    (bare / "test_plain.py").write_text("def test_plain(): pass\n")
    (bare / "pytest.ini").write_text("[pytest]\n")
    plain, one, all_of_them = [], [], []
    for _ in range(ROUNDS + 1):
        plain.append(timed([sys.executable, "-m", "pytest", "-q", "-p", "no:modellab", "-p", "no:cacheprovider"], bare))
        one.append(session(folder, "nothing", "--lab-max-utterances=1"))
        all_of_them.append(session(folder, "nothing"))
    # The first round fills the caches of the file system.
    run = statistics.median(b - a for a, b in zip(plain[1:], one[1:], strict=True))
    each = statistics.median(b - a for a, b in zip(one[1:], all_of_them[1:], strict=True)) / (utterances - 1)
    print(f"an engine that does nothing, {utterances} utterances, median of {ROUNDS}:")
    print(f"  a run   {run:.2f} s beyond a bare pytest ({statistics.median(plain[1:]):.2f} s)")
    print(f"  an utterance   {1000 * each:.2f} ms", flush=True)


def of_whisper(folder: Path) -> None:
    catalog = load(folder / "lab")
    weights = local_folder(catalog.models["base"], catalog, Store(), asked=True)
    loop = [sys.executable, "-c", BARE_LOOP, str(folder / "lab" / "datasets"), str(weights)]
    done = subprocess.run(loop, capture_output=True, text=True, check=True)
    bare: dict[str, Any] = json.loads(done.stdout)
    whole = session(folder, "base")
    path = max((folder / "reports" / "runs" / "base").rglob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    record = read(path)
    timing = record.timing
    calls_s = sum(each.processing_s for each in record.utterances if each.processing_s is not None)
    print("faster-whisper base, int8, beam 1, on the same clips:")
    print(f"  calls   {calls_s:.1f} s by the record, {bare['calls']:.1f} s in a bare loop:", end=" ")
    print(f"{calls_s / bare['calls']:.3f} x")
    print(f"  whole   {whole:.1f} s the session, {bare['whole']:.1f} s the loop: {whole / bare['whole']:.3f} x")
    if timing.noisy:
        print(f"  (on a noisy machine: {timing.noisy})")


def main() -> None:
    utterances = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_catalog(folder, utterances)
        of_nothing(folder, utterances)
        of_whisper(folder)


if __name__ == "__main__":
    main()
