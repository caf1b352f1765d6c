"""Tests that run nightly: each names the test that tries less of the same in every run, and that one is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
MARK = re.compile(r"mark\.nightly\b(?:\(\s*\"([^\"]+)\"\s*\))?")
DECORATED = re.compile(r"((?:^ *@(?:.*\n)(?: *[^@d\s].*\n)*)*)^ *def (test_\w+)\(", re.MULTILINE)
"""The decorators of a test, and its name."""

MARKED = """
@pytest.mark.nightly(
    "tests/a.py::test_b"
)
@other
def test_long(): ...


@pytest.mark.parametrize(
    "a",
    [pytest.param(1, marks=pytest.mark.nightly("tests/a.py::test_b"))],
)
def test_some(a): ...


def test_plain(): ...


@pytest.mark.nightly
def test_bare(): ...


LONG = pytest.mark.nightly("tests/a.py::test_c")


@LONG
def test_named(): ...
"""


def nightly(path: Path) -> list[str]:
    """What the marks of a file name, as path::name; "" of a mark that names nothing."""
    return [] if path == Path(__file__) else MARK.findall(path.read_text(encoding="utf-8"))


def in_every_run(path: Path) -> set[str]:
    """The tests of a file that aren't marked themselves; single parameters may be."""
    text = path.read_text(encoding="utf-8")
    if re.search(r"^pytestmark = .*mark\.nightly", text, re.MULTILINE):
        return set()
    named = re.findall(r"^(\w+) = pytest\.mark\.nightly", text, re.MULTILINE)
    marked = re.compile(rf"@({'|'.join([r'pytest.mark.nightly', *named])})\b")
    return {name for marks, name in DECORATED.findall(text) if not marked.search(marks)}


@pytest.mark.parametrize("path", [*filter(nightly, sorted(TESTS.rglob("test_*.py")))], ids=lambda path: path.name)
def test_what_stands_in_for_a_nightly_test_is_in_every_run(path: Path) -> None:
    for name in nightly(path):
        file, _, test = name.partition("::")
        assert file, f"{path.name}: a mark names no test"
        assert test in in_every_run(TESTS.parent / file), name


def test_marks_are_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "test_one.py"
    file.write_text(MARKED)
    assert nightly(file) == ["tests/a.py::test_b", "tests/a.py::test_b", "", "tests/a.py::test_c"]
    assert in_every_run(file) == {"test_some", "test_plain"}
    file.write_text('pytestmark = pytest.mark.nightly("tests/a.py::test_b")\ndef test_one(): ...\n')
    assert in_every_run(file) == set()
