"""A package whose task or metric can't be imported: the session and the commands name it, without a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fakelab import FakeLab


@pytest.fixture(params=["tasks", "metrics"])
def broken(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The entry-point group of an installed package whose module imports what isn't there."""
    folder = tmp_path / "site" / "broken-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(f"[modellab.{request.param}]\nodd = broken_module:ODD\n")
    (folder.parent / "broken_module.py").write_text("import nothing_of_the_kind\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder.parent), os.environ["PYTHONPATH"]]))
    return f"modellab.{request.param}"


def test_it_is_a_usage_error_that_names_the_package(lab: FakeLab, broken: str) -> None:
    lab.ready()
    lab.limits({"metric": "wer", "max": 0.5})
    for command, code in ((["pytest", "-p", "no:cacheprovider"], 4), (["pytest_modellab.cli", "history"], 1)):
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=lab.path, capture_output=True, text=True, check=False
        )
        told = done.stdout + done.stderr
        assert done.returncode == code, told
        assert "broken: broken_module:ODD" in told
        assert "No module named 'nothing_of_the_kind'" in told
        assert "Traceback" not in told
        assert "INTERNALERROR" not in told
