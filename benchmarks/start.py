"""What the plugin adds to a session's start: `python benchmarks/start.py [ROUNDS]`.

Times three commands in turn, as whole processes, in the root of the repository: bare pytest collecting one plain test,
`pytest --collect-only -m smoke`, and `pytest -m smoke` where nothing has changed since the session before. The aims:
collecting at most 0.25 s over bare pytest, an unchanged session at most 1.0 s over collecting. The first round, which
measures what was never measured and fills caches, doesn't count.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
PYTEST = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider")


def seconds(command: list[str], folder: Path) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode not in {0, 1}:  # 1: a model beyond its limits, say
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return time.perf_counter() - start


def spread(title: str, found: list[float]) -> str:
    return f"{title:34} {statistics.median(found):7.2f} {min(found):7.2f} {max(found):7.2f}"


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory() as name:
        plain = Path(name)
        (plain / "test_plain.py").write_text("def test_plain(): pass\n")
        (plain / "pytest.ini").write_text("[pytest]\n")
        commands = {
            "bare pytest, collecting": ([*PYTEST, "--collect-only", "-p", "no:modellab"], plain),
            "--collect-only -m smoke": ([*PYTEST, "--collect-only", "-m", "smoke"], ROOT),
            "-m smoke, unchanged": ([*PYTEST, "-m", "smoke"], ROOT),
        }
        times = [[seconds(*command) for command in commands.values()] for _ in range(rounds + 1)][1:]
    bare, collect, unchanged = (list(each) for each in zip(*times, strict=True))
    print(f"{'seconds':34} {'median':>7} {'min':>7} {'max':>7}")
    for title, found in zip(commands, (bare, collect, unchanged), strict=True):
        print(spread(title, found))
    print(spread("collecting over bare pytest", [b - a for a, b in zip(bare, collect, strict=True)]))
    print(spread("unchanged over collecting", [b - a for a, b in zip(collect, unchanged, strict=True)]))
    print(
        f"ratios of medians: collecting / bare {statistics.median(collect) / statistics.median(bare):.2f},"
        f" unchanged / bare {statistics.median(unchanged) / statistics.median(bare):.2f}"
    )


if __name__ == "__main__":
    main()
