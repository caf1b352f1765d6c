"""What the plugin adds to collecting: `python benchmarks/collecting.py [ROUNDS]`.

Times `pytest --collect-only` on the suites, and on one plain test without the plugin, in turn, as whole processes.
The aim: at most 0.3 s more than bare pytest with its stock plugins.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent


def seconds(command: list[str], cwd: Path) -> float:
    start = time.perf_counter()
    subprocess.run(command, cwd=cwd, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    pytest = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    with tempfile.TemporaryDirectory() as name:
        bare_folder = Path(name)
        (bare_folder / "test_plain.py").write_text("def test_plain(): pass\n")
        bare, lab = [], []
        for _ in range(rounds + 1):
            bare.append(seconds([*pytest, "-p", "no:modellab"], bare_folder))
            lab.append(seconds([*pytest, "suites"], ROOT))
    # The first round fills the caches of the file system.
    differences = [b - a for a, b in zip(bare[1:], lab[1:], strict=True)]
    print(f"bare pytest  median {statistics.median(bare[1:]):.2f} s")
    print(f"with suites  median {statistics.median(lab[1:]):.2f} s")
    print(f"difference   median {statistics.median(differences):.2f} s, min {min(differences):.2f} s")


if __name__ == "__main__":
    main()
