"""The conftest.py of this repository's root."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFTEST = (ROOT / "conftest.py").read_text(encoding="utf-8")


def test_another_plugin_than_the_checkouts_is_a_usage_error(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile("def test_plain(): pass")
    result = pytester.runpytest_inprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            f"ERROR: the plugin is another one than this checkout's: {ROOT.resolve()}/*",
            f"*pip install -e {pytester.path.resolve()}",
        ]
    )


def test_without_the_plugin_it_has_nothing_to_say(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile("def test_plain(): pass")
    pytester.runpytest_inprocess("-p", "no:modellab").assert_outcomes(passed=1)


def test_of_this_repository_only_tests_are_collected(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)
    for folder in ("suites", "examples", "results", "benchmarks"):
        (pytester.path / folder).mkdir()
        (pytester.path / folder / f"test_{folder}.py").write_text("def test_it(): pass\n")
    result = pytester.runpytest_inprocess("-p", "no:modellab", "--collect-only", "-q", ".")
    assert [line for line in result.outlines if "::" in line] == ["suites/test_suites.py::test_it"]


def test_a_session_here_starts() -> None:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "smoke", "suites/test_00_smoke.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
