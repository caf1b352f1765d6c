"""pytest's configuration file with the lab's settings in it, and .gitignore with what stays out of git."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from ..configuration import Configuration
from .planned import Planned, line_end, read

CATALOG = "lab"
"""The folder of a new catalog."""

_SECTIONS = {
    "pyproject.toml": ("[tool.pytest.ini_options]", "[tool.pytest]"),
    "setup.cfg": ("[tool:pytest]",),
    "tox.ini": ("[pytest]",),
}
_INI = ("[pytest]",)


def with_catalog(found: Configuration) -> Planned | None:
    """The configuration file with `modellab_catalog` in it; None where it is set."""
    if found.text("modellab_catalog") is not None:
        return None
    path = found.file or _existing(found.base)
    if path is None:
        return Planned(found.base / "pytest.ini", f"[pytest]\nmodellab_catalog = {CATALOG}\n")
    sections = _SECTIONS.get(path.name, _INI)
    value = f'"{CATALOG}"' if path.suffix == ".toml" else CATALOG
    return Planned(path, _with_line(read(path), sections, f"modellab_catalog = {value}"), True)


def _existing(base: Path) -> Path | None:
    """A file of the project that may hold pytest's settings, and doesn't yet."""
    path = base / "pyproject.toml"
    return path if path.is_file() else None


def _with_line(text: str, sections: Sequence[str], line: str) -> str:
    """`text` with a line below the head of one of `sections`; with the first of them at the end where none is there."""
    end = line_end(text)
    lines = text.splitlines(keepends=True)
    for number, each in enumerate(lines):
        if each.split("#")[0].strip() in sections:
            lines[number] = each if each.endswith("\n") else f"{each}{end}"
            return "".join([*lines[: number + 1], f"{line}{end}", *lines[number + 1 :]])
    gap = "" if not text or text.endswith(2 * end) else end if text.endswith(end) else 2 * end
    return f"{text}{gap}{sections[0]}{end}{line}{end}"


def gitignore(base: Path, reports: Path, recordings: Path | None) -> Planned:
    """.gitignore with the records, which hold transcripts and sound, and the recordings; baselines stay in git."""
    path = base / ".gitignore"
    text = read(path) if path.is_file() else ""
    end = line_end(text)
    wanted = []
    if reports.is_relative_to(base):
        below = reports.relative_to(base).as_posix()
        wanted += [f"/{below}/*", f"!/{below}/baselines/"]
    if recordings is not None and recordings != base and recordings.is_relative_to(base):
        name = recordings.relative_to(base).as_posix()
        wanted.append(f"/{name}/" if recordings.is_dir() else f"/{name}")
    present = {line.strip() for line in text.splitlines()}
    lacking = [line for line in wanted if line not in present]
    if not lacking:
        return Planned(path, text, True)
    gap = "" if not text or text.endswith(end) else end
    return Planned(path, f"{text}{gap}" + "".join(f"{line}{end}" for line in lacking), True)


def test_place(found: Configuration) -> Path:
    """Where a test file lies that a session started here collects; not where a test of something else does."""
    folder = next(iter(found.words("testpaths")), "tests")
    pattern = next(iter(found.words("python_files")), "test_*.py")
    name = (
        pattern.replace("*", "speech") if re.fullmatch(r"[\w*]+\.py", pattern) and "*" in pattern else "test_speech.py"
    )
    place = found.base / os.path.normpath(folder) / name
    if place.is_file() and _CASES not in read(place):
        return place.with_name(name.replace("speech", "speech_models"))
    return place


def prefix_of_tests(found: Configuration) -> str:
    """What the names of test functions begin with, by `python_functions`."""
    pattern = next(iter(found.words("python_functions")), "test")
    return pattern.rstrip("*") if pattern.endswith("*") else f"{pattern}_"


def has_fixtures_of_our_names(folder: Path, base: Path) -> bool:
    """Whether a conftest.py that tests in `folder` see has a fixture of one of our short names."""
    conftests = [each / "conftest.py" for each in (folder, *folder.parents) if each.is_relative_to(base)]
    return any(path.is_file() and _SHORT.search(read(path)) for path in conftests)


_SHORT = re.compile(r"^\s*def (run|limits|no_worse)\(", re.MULTILINE)
_CASES = "pytest_modellab"
"""In a test of cases, such as ours."""
