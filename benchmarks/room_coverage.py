"""What the unit tests of each room cover of its modules: `python benchmarks/room_coverage.py [ROOM ...]`.

The unit tests of a room are those in `tests/<room>` that start no session of pytest, no browser and no real model, and
aren't marked as slow. Each module of the room is to be covered to 85 % by them, branches included. The exit code is 1
where a test fails or a module is covered less. The data are in `.coverage.unit-*`, for `coverage combine`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "pytest_modellab"
LEAST = 85
"""Percent of a module's statements and branches."""
UNCOUNTED = {
    "engines": "each needs its library and weights, which unit tests don't have",
    "runner/bootstrap.py": "a program that is started by its path, in which coverage sees no module of the package",
}
"""Rooms and modules that aren't counted, and why."""


def rooms() -> list[str]:
    """The rooms with tests, those that take longest first."""
    found = [path.name for path in (ROOT / "tests").iterdir() if (PACKAGE / path.name / "__init__.py").exists()]
    return sorted(found, key=lambda room: -len([*(ROOT / "tests" / room).glob("test_*.py")]))


def measured(room: str, folder: Path) -> tuple[str, dict[str, float]]:
    """What pytest said where a test failed, else ""; and module -> percent."""
    data = folder / f".coverage.unit-{room}"
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    coverage = [sys.executable, "-m", "coverage"]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*coverage, *arguments], cwd=ROOT, env=environ, capture_output=True, text=True)

    for old in folder.glob(f"{data.name}*"):
        old.unlink()
    pytest = ["-m", "pytest", "-q", "-m", "not session and not slow", f"tests/{room}"]
    if room in UNCOUNTED:
        tests = subprocess.run([sys.executable, *pytest], cwd=ROOT, env=environ, capture_output=True, text=True)
    else:
        tests = run("run", f"--data-file={data}", *pytest)
    told = tests.stdout + tests.stderr if tests.returncode else ""
    if room in UNCOUNTED:
        return told, {}
    run("combine", "-q", f"--data-file={data}", *map(str, folder.glob(f"{data.name}.*")))
    report = folder / f".unit-{room}.json"
    include = f"--include={PACKAGE / room}/*"
    run("json", "-q", f"--data-file={data}", include, "--fail-under=0", "-o", str(report))
    if not report.exists():
        return told or f"nothing was measured of {room}", {}
    files = json.loads(report.read_text())["files"]
    report.unlink()
    found = {Path(path).relative_to("pytest_modellab").as_posix(): percent(each) for path, each in files.items()}
    return told, {name: value for name, value in found.items() if name not in UNCOUNTED}


def percent(file: dict[str, dict[str, float]]) -> float:
    return file["summary"]["percent_covered"]


def main(arguments: list[str]) -> int:
    wrong = False
    chosen = arguments or rooms()
    with ThreadPoolExecutor(2) as pool:
        for room, (told, found) in zip(chosen, pool.map(lambda room: measured(room, ROOT), chosen), strict=True):
            low = {name: value for name, value in found.items() if value < LEAST}
            print(f"{room}: {len(found)} modules, {len(low)} below {LEAST} %", flush=True)
            for name, value in low.items():
                print(f"  {name} is covered to {value:.0f} %")
            if told:
                print(told)
            wrong |= bool(told or low)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
