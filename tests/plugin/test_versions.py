"""The oldest supported pytest beside the installed one: scheduling, fixtures and settings differ between them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from fakelab import FakeLab

from pytest_modellab.plugin.hooks import NEWEST_TESTED

OLDEST = "8.4.0"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def oldest_pytest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the oldest supported pytest, which shadows the installed one from PYTHONPATH."""
    folder = tmp_path_factory.mktemp("pytest-oldest")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder), f"pytest=={OLDEST}"]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return folder


BESIDE = pytest.mark.nightly("tests/plugin/test_versions.py::test_the_oldest_supported_pytest_loads_each_model_once")


@pytest.mark.parametrize("workers", ["-n0", pytest.param("-n2", marks=BESIDE)])
def test_the_oldest_supported_pytest_loads_each_model_once(
    lab: FakeLab, oldest_pytest: Path, workers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(oldest_pytest), os.environ["PYTHONPATH"]]))
    lab.ready()
    lab.model("other")
    command = [sys.executable, "-m", "pytest", "--lab-card=full", "-p", "no:cacheprovider", workers]
    done = subprocess.run(command, cwd=lab.path, capture_output=True, text=True, check=False)
    assert f"pytest-{OLDEST}" in done.stdout
    assert done.returncode == 0, done.stdout
    # Two models; under xdist each is loaded once more to be timed with the machine to itself.
    assert lab.engine_log().count("load") == {"-n0": 2, "-n2": 4}[workers]
    assert len(lab.records()) == 2
    assert "primary ASR" in done.stdout


def test_the_oldest_supported_pytest_finds_fixtures_and_files_as_ours(
    oldest_pytest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(oldest_pytest), os.environ["PYTHONPATH"]]))
    files = [str(ROOT / "tests" / name) for name in ("cli/test_configuration.py", "plugin/test_foreign_suites.py")]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n0", "-k", "not n2", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert f"pytest-{OLDEST}" in done.stdout
    assert done.returncode == 0, done.stdout


class TestNewest:
    def test_it_is_the_one_that_is_tested(self) -> None:
        pinned = re.search(
            r"^pytest==(\d+)\.(\d+)", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE
        )
        assert pinned is not None
        assert (int(pinned[1]), int(pinned[2])) == NEWEST_TESTED

    def test_no_newer_one_is_kept_from_being_installed(self) -> None:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        assert f"pytest>={OLDEST.removesuffix('.0')}" in project["dependencies"]

    @pytest.mark.parametrize("option", ["--collect-only", "--lab-control"])
    def test_a_newer_one_is_told_at_the_start(self, option: str, lab: FakeLab, monkeypatch: pytest.MonkeyPatch) -> None:
        lab.ready()
        told = "modellab: pytest * is newer than any this version was tested with ({}.{})".format(*NEWEST_TESTED)
        told += ": update pytest-modellab if something fails"
        lab.run(option, "-k", "nothing").stdout.no_fnmatch_line(told)
        monkeypatch.setattr(pytest, "version_tuple", (9, 10, 0))
        monkeypatch.setattr(pytest, "__version__", "9.10.0")
        lab.run(option, "-k", "nothing").stdout.fnmatch_lines([told.replace("*", "9.10.0")])
