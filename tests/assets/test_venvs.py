"""Pythons of other versions are found where people have them, and what a build's commands say is told."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pytest_modellab.assets.venvs import NotBuilt, Plan, build, environ_of, find_python, own_version

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins for programs are scripts")


def program(path: Path, script: str) -> Path:
    """A program that is a script of the shell."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with no other Python and no pyenv; the folder is on its PATH."""
    for name in ("PYENV_ROOT", "PYENV"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin"


class TestFindPython:
    def test_the_sessions_own_is_looked_for_nowhere(self, bare: Path) -> None:
        assert find_python(None) == find_python(own_version()) == (sys.executable, [])

    def test_one_on_path_that_is_of_that_version(self, bare: Path) -> None:
        found = program(bare / "python3.99", "echo 3.99")
        assert find_python("3.99") == (str(found), ["python3.99 on PATH"])

    def test_one_that_only_bears_its_name_is_none(self, bare: Path) -> None:
        program(bare / "python3.99", "echo pyenv: python3.99: command not found >&2; exit 127")
        assert find_python("3.99") == (None, ["python3.99 on PATH"])

    @pytest.mark.parametrize("known_by", ["PYENV_ROOT", "shims on PATH", "the home folder"])
    def test_the_latest_release_of_pyenvs(
        self, bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known_by: str
    ) -> None:
        root = tmp_path / ("home/.pyenv" if known_by == "the home folder" else "pyenv")
        for release in ("3.99.2", "3.99.10", "3.99-dev", "3.98.1"):
            program(root / "versions" / release / "bin" / "python", f"echo {release[:4]}")
        if known_by == "PYENV_ROOT":
            monkeypatch.setenv("PYENV_ROOT", str(root))
        elif known_by == "shims on PATH":
            (root / "shims").mkdir()
            monkeypatch.setenv("PATH", f"{bare}:{root / 'shims'}")
        found, searched = find_python("3.99")
        assert found == str(root / "versions" / "3.99.10" / "bin" / "python")
        assert searched == ["python3.99 on PATH", f"pyenv ({root})"]


class TestBuild:
    PLAN = Plan(None, ("lab-tiny==1.0",))

    def test_what_commands_say_is_told_line_by_line_and_logged(self, bare: Path, tmp_path: Path) -> None:
        program(bare / "uv", 'echo "asked: $1"; [ "$1" = venv ] && exit 0; echo installed')
        told: list[str] = []
        build(tmp_path / "venv", self.PLAN, tmp_path / "build.log", told.append)
        assert told[1::2] == ["asked: venv", told[3]]
        assert told[3:] == ["asked: pip", "installed"]
        assert told[2].startswith(f"$ {bare / 'uv'} pip install --python ")
        assert told[2].endswith(" lab-tiny==1.0")
        assert (tmp_path / "build.log").read_text().splitlines() == told

    @pytest.mark.parametrize(
        ("script", "why"),
        [
            ("echo no room left; exit 5", r"`uv venv` ended with exit code 5:\n  no room left$"),
            ("exit 5", r"`uv venv` ended with exit code 5:\n  \(it said nothing\)$"),
            (
                "[ $1 = venv ] && exit 0; echo no such package; exit 1",
                r"`uv pip install lab-tiny==1\.0` ended with exit code 1:\n  no such package$",
            ),
        ],
    )
    def test_one_that_fails_is_told_with_its_last_lines(
        self, bare: Path, tmp_path: Path, script: str, why: str
    ) -> None:
        program(bare / "uv", script)
        with pytest.raises(NotBuilt, match=why) as failed:
            build(tmp_path / "venv", self.PLAN, tmp_path / "build.log", lambda line: None)
        assert failed.value.begun

    def test_one_that_cannot_be_started(self, bare: Path, tmp_path: Path) -> None:
        program(bare / "uv", "").write_bytes(b"\x7fELF no program")
        with pytest.raises(NotBuilt, match="`uv venv` can't be started: "):
            build(tmp_path / "venv", self.PLAN, tmp_path / "build.log", lambda line: None)

    def test_without_the_python_and_without_uv_nothing_is_begun(
        self, bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))  # beside which uv is looked for, too
        with pytest.raises(NotBuilt, match=r"no Python 3\.99 was found; looked for python3\.99 on PATH\n") as failed:
            build(tmp_path / "venv", Plan("3.99", ()), tmp_path / "build.log", lambda line: None)
        assert not failed.value.begun
        assert not (tmp_path / "build.log").exists()


def test_the_variables_of_an_interpreter_lead_to_its_tools_and_not_to_the_sessions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("PATH", "/usr/bin")
    found = environ_of(Path("/venv/bin/python"))
    assert "PYTHONPATH" not in found
    assert found["PATH"] == "/venv/bin:/usr/bin"
