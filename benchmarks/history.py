"""How long do `history` and `compare` take over many records? `python benchmarks/history.py [RECORDS [UTTERANCES]]`.

Records of five cases, each of so many utterances, in a folder that goes afterwards. Every figure is of a process of its
own, so that nothing is imported or built before; the files are in the page cache.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from records import record, utterance

from pytest_modellab.results import record_files

CASES = 5
COMMANDS = (
    ["history"],
    ["history", "--all"],
    ["history", "model-1:cpu:talk", "--all"],
    ["compare", "session-1", "session-2"],
)


def fill(reports: Path, count: int, utterances: int) -> int:
    """The bytes that were written."""
    said = [
        utterance(str(i), "the quick brown fox jumps over the lazy dog", "the quick fox") for i in range(utterances)
    ]
    size = 0
    for number in range(count):
        made = record(f"model-{number % CASES}", utterances=said)
        created = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
        origin = made.provenance.model_copy(
            update={
                "created": created.isoformat(timespec="milliseconds"),
                "session": f"session-{number // CASES}",
                "inputs": {"dataset": "d"},
            }
        )
        path = record_files.write(made.model_copy(update={"id": f"{number:08x}", "provenance": origin}), reports)
        size += path.stat().st_size
    return size


def processor_s() -> float:
    """What ended child processes took of a processor."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    utterances = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    with tempfile.TemporaryDirectory() as folder:
        reports = Path(folder)
        size = fill(reports, count, utterances)
        print(f"{count} records of {CASES} cases, {utterances} utterances each, {size / 1e6:.0f} MB")
        for command in COMMANDS:
            start, before = time.perf_counter(), processor_s()
            found = subprocess.run(
                [sys.executable, "-m", "pytest_modellab.cli", *command, "--reports", str(reports)],
                capture_output=True,
                text=True,
                cwd=folder,
                check=False,
            )
            seconds = time.perf_counter() - start
            spent = processor_s() - before
            told = f"modellab {' '.join(command)}  (exit {found.returncode}) {found.stderr.strip()}"
            print(f"{seconds:6.2f} s, {spent:6.2f} s of a processor  {told}")


if __name__ == "__main__":
    main()
