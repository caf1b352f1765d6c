"""What `-n 2` saves: `python benchmarks/parallel.py [UTTERANCES]`.

Two models that use one thread each (tiny.en, int8), on the first UTTERANCES clips (60 by default) of prompts-en: wall
time of the accuracy phase under `-n 0`, one case after the other, and under `-n 2`. The aim: at most 0.6 of it. What is
printed holds for the pytest that the benchmark is run with.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

import pytest
import yaml
from overhead import write_catalog

from pytest_modellab.catalog import known
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import read


def accuracy_phase(records: list[Record]) -> float:
    """Seconds from the first begin to the last end of what answers every utterance."""
    passes = [each for record in records for each in record.timing.passes if each.kind.startswith("accuracy")]
    assert len(passes) == len(records)
    begin = min(datetime.fromisoformat(each.start) for each in passes)
    return (max(datetime.fromisoformat(each.end) for each in passes) - begin).total_seconds()


def session(folder: Path, workers: int) -> float:
    reports = folder / f"reports-{workers}"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", str(workers)]
    done = subprocess.run([*command, "--lab-model=one-*", f"--lab-report={reports}"], cwd=folder, capture_output=True)
    if done.returncode:
        sys.exit(done.stdout.decode())
    return accuracy_phase([read(path) for path in (reports / "runs").rglob("*.json")])


def main() -> None:
    utterances = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_catalog(folder, utterances)
        spec = known.content("faster-whisper-tiny.en")
        spec |= {"tiers": ["smoke"], "devices": {"cpu": {**spec["devices"]["cpu"], "cpu_threads": 1}}}
        for each in ("one-a", "one-b"):
            (folder / "lab" / "models" / f"{each}.yaml").write_text(yaml.safe_dump({**spec, "id": each}))
        alone, together = session(folder, 0), session(folder, 2)
    print(f"pytest {pytest.__version__}, {utterances} utterances, two models of one thread each, the accuracy phase:")
    print(f"  -n 0 {alone:.1f} s, -n 2 {together:.1f} s: {together / alone:.2f} x")


if __name__ == "__main__":
    main()
