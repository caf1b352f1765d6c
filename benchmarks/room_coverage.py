"""What the unit tests of each room cover of its modules: `python benchmarks/room_coverage.py [ROOM ...]`.

The unit tests of a room are those in `tests/<room>` that start no session of pytest, no browser and no real model. Each
module of the room is to be covered to 85 % by them, branches included; engines, which need their libraries, are not
counted. Modules that aren't there yet stand in `room_coverage.txt`, each with a floor that it may not fall below. The
exit code is 1 where a test fails, where a module falls below its floor, or where one in the list is covered and can be
taken off it; `--write` writes the list anew, by what is covered now. The data lie in `.coverage.unit-*`, for `coverage
combine`.
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
LEAST = 85
"""Percent of a module's statements and branches."""
STEP = 5
"""Floors are multiples of it, so that what a machine's speed changes makes no difference."""
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
    if room in UNCOUNTED:
        return told, {}
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


def judged(found: dict[str, float], floors: dict[str, int]) -> list[str]:
    """What is wrong with a room whose modules are covered so far."""
    low = {name: value for name, value in found.items() if value < floors.get(name, LEAST)}
    sure = [name for name in floors if found.get(name, 0) >= SURE]
    return [
        *(f"{name} is covered to {value:.0f} %, not to {floors.get(name, LEAST)} %" for name, value in low.items()),
        *(f"{name} is covered to {found[name]:.0f} %: take it off {LIST.name}" for name in sure),
    ]


def read() -> dict[str, int]:
    """Module -> floor, of those that aren't covered to what is wanted yet."""
    return {name: int(floor) for name, floor in (line.split() for line in LIST.read_text().splitlines())}


def write(found: dict[str, float], floors: dict[str, int]) -> None:
    """The list anew, of the modules that were looked at; the others' floors stay."""
    kept = {name: floor for name, floor in floors.items() if name not in found}
    low = {name: int(value // STEP * STEP) for name, value in found.items() if value < LEAST}
    LIST.write_text("".join(f"{name} {floor}\n" for name, floor in sorted({**kept, **low}.items())))


def main(arguments: list[str]) -> int:
    floors = read()
    chosen = [each for each in arguments if each != "--write"] or rooms()
    wrong, all_found = 0, {}
    with ThreadPoolExecutor(2) as pool:
        for room, (told, found) in zip(chosen, pool.map(lambda room: measured(room, ROOT), chosen), strict=True):
            problems = judged(found, floors)
            below = sum(value < LEAST for value in found.values())
            print(f"{room}: {len(found)} modules, {below} below {LEAST} %", flush=True)
            print(*(f"  {each}" for each in problems), sep="\n", end="\n" if problems else "")
            if told:
                print(told)
            wrong += bool(told or problems)
            all_found.update(found)
    if "--write" in arguments:
        write(all_found, floors)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
