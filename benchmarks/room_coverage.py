"""What the unit tests of each room cover of its modules: `python benchmarks/room_coverage.py [ROOM ...]`.

The unit tests of a room are those in `tests/<room>` that start no session of pytest, no browser and no real model. Each
module of the room is to be covered to 85 % by them, branches included; engines, which need their libraries, are not
counted. Modules that aren't there yet stand in `room_coverage.txt`, and no other may fall below. The exit code is 1
where a test fails, where a module falls below, or where one in the list is covered and can be taken off it. The data
lie in `.coverage.unit-*`, for `coverage combine`.
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
LIST = Path(__file__).with_suffix(".txt")
LEAST = 85.0
"""Percent of a module's statements and branches."""
SURE = 88.0
"""From here on a module is taken off the list; between the two a slow machine may make the difference."""
UNCOUNTED = frozenset({"engines"})


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
    tests = run("run", f"--data-file={data}", "-m", "pytest", "-q", "-m", "not session", f"tests/{room}")
    told = tests.stdout + tests.stderr if tests.returncode else ""
    run("combine", "-q", f"--data-file={data}", *map(str, folder.glob(f"{data.name}.*")))
    report = folder / f".unit-{room}.json"
    include = f"--include={PACKAGE / room}/*"
    run("json", "-q", f"--data-file={data}", include, "--fail-under=0", "-o", str(report))
    if not report.exists():
        return told or f"nothing was measured of {room}", {}
    files = json.loads(report.read_text())["files"]
    report.unlink()
    return told, {Path(path).relative_to("pytest_modellab").as_posix(): percent(each) for path, each in files.items()}


def percent(file: dict[str, dict[str, float]]) -> float:
    return file["summary"]["percent_covered"]


def judged(found: dict[str, float], listed: set[str]) -> list[str]:
    """What is wrong with a room whose modules are covered so far."""
    below = [f"{name} is covered to {value:.0f} %" for name, value in found.items() if value < LEAST]
    new = [each for each in below if each.partition(" ")[0] not in listed]
    sure = [name for name in sorted(listed & found.keys()) if found[name] >= SURE]
    return new + [f"{name} is covered to {found[name]:.0f} %: take it off {LIST.name}" for name in sure]


def main(names: list[str]) -> int:
    listed = {line for line in LIST.read_text().split("\n") if line}
    chosen = names or rooms()
    wrong = 0
    with ThreadPoolExecutor(2) as pool:
        for room, (told, found) in zip(chosen, pool.map(lambda room: measured(room, ROOT), chosen), strict=True):
            problems = [] if room in UNCOUNTED else judged(found, listed)
            below = sum(value < LEAST for value in found.values())
            print(f"{room}: {len(found)} modules, {below} below {LEAST:.0f} %")
            print(*(f"  {each}" for each in problems), sep="\n", end="\n" if problems else "")
            if told:
                print(told)
            wrong += bool(told or problems)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
