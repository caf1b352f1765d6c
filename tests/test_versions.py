"""The oldest supported pytest beside the installed one: xdist's scheduling differs between them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fakelab import FakeLab

OLDEST = "8.4.0"


@pytest.fixture(scope="module")
def oldest_pytest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the oldest supported pytest, which shadows the installed one from PYTHONPATH."""
    folder = tmp_path_factory.mktemp("pytest-oldest")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder), f"pytest=={OLDEST}"]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return folder


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_the_oldest_supported_pytest_loads_each_model_once(
    lab: FakeLab, oldest_pytest: Path, workers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(oldest_pytest), os.environ["PYTHONPATH"]]))
    lab.ready()
    lab.model("other")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", workers]
    done = subprocess.run(command, cwd=lab.path, capture_output=True, text=True, check=False)
    assert f"pytest-{OLDEST}" in done.stdout
    assert done.returncode == 0, done.stdout
    # Two models; under xdist each is loaded once more to be timed with the machine to itself.
    assert lab.engine_log().count("load") == {"-n0": 2, "-n2": 4}[workers]
    assert len(lab.records()) == 2
    assert "primary ASR" in done.stdout
