"""A session over many utterances: its time and its memory. `python benchmarks/large_sessions.py [UTTERANCES ...]`.

A manifest names one short recording as often, each time with another id and text; the engine answers at once. Printed
are the seconds of the session, and the highest resident memory of its own process (by the kernel, VmHWM), at the first
answer, at the last one, and in all, the scoring of the record included; the worker and the processes that score are not
in it. Without numbers 1,000, 10,000 and 100,000 utterances are measured.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import yaml

SIZES = (1_000, 10_000, 100_000)
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
    def transcribe(self, clip): return Transcript("one of the words")
    def synchronize(self): ...
    def close(self): ...
"""


@dataclass
class Measured:
    """Seconds, and bytes at the first answer, at the last, and in all."""

    seconds: float
    first: int = 0
    last: int = 0
    peak: int = 0


def write_lab(folder: Path, utterances: int) -> None:
    sets, models = folder / "lab" / "datasets", folder / "lab" / "models"
    sets.mkdir(parents=True)
    models.mkdir()
    soundfile.write(sets / "clip.wav", np.random.default_rng(0).normal(0, 0.05, 24_000), 16_000)
    with (sets / "clips.jsonl").open("w") as file:
        for i in range(utterances):
            row = {"audio_filepath": "clip.wav", "id": f"corpus/part-{i // 1000:04d}/utterance-{i:07d}"}
            file.write(json.dumps({**row, "text": f"one of the words number {i}", "speaker": f"s{i // 200}"}) + "\n")
    common = {"tiers": ["smoke"], "tasks": ["asr"]}
    spec = {"schema": "modellab.dataset/1", "id": "clips", "language": "en", "manifest": "clips.jsonl"}
    (sets / "clips.yaml").write_text(yaml.safe_dump({**spec, **common}))
    model = {
        **{"schema": "modellab.model/1", "id": "nothing", "engine": "../../nothing.py:Nothing"},
        **{"devices": {"cpu": {}}, **common},
    }
    (models / "nothing.yaml").write_text(yaml.safe_dump(model))
    (folder / "nothing.py").write_text(NOTHING)
    (folder / "pytest.ini").write_text("[pytest]\nmodellab_catalog = lab\nmodellab_page = false\n")
    (folder / "test_run.py").write_text("def test_run(run): assert run.success_rate >= 1\n")


def memory(pid: int) -> int:
    """Highest resident bytes of a process so far; 0 of one that has ended."""
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return 1024 * int(found[1]) if found else 0


def ended(journal: Path) -> bool:
    """Whether the last answer is in a journal."""
    try:
        with journal.open("rb") as file:
            file.seek(max(0, journal.stat().st_size - 4_000))
            return b'{"end": ' in file.read()
    except OSError:
        return True


def session(folder: Path, utterances: int) -> Measured:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    start = time.perf_counter()
    found = Measured(0.0)
    with (folder / "out.txt").open("w") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=subprocess.STDOUT)
        while process.poll() is None:
            found.peak = max(found.peak, memory(process.pid))
            journals = [*folder.glob("reports/sessions/*/*.jsonl")]
            if journals and not ended(journals[0]):
                found.last = found.peak
                found.first = found.first or found.peak
            time.sleep(0.2)
    found.seconds = time.perf_counter() - start
    if process.returncode:
        sys.exit((folder / "out.txt").read_text())
    return found


def main() -> None:
    print("| utterances | session | first answer | last answer | in all |")
    print("|---:|---:|---:|---:|---:|")
    for utterances in map(int, sys.argv[1:] or SIZES):
        with tempfile.TemporaryDirectory() as name:
            write_lab(Path(name), utterances)
            found = session(Path(name), utterances)
        memories = " | ".join(f"{each / 1e6:.0f} MB" for each in (found.first, found.last, found.peak))
        print(f"| {utterances:,} | {found.seconds:.0f} s | {memories} |", flush=True)


if __name__ == "__main__":
    main()
