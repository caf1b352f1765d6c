"""Commands whose output somebody stops to read, as `head` does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from catalogs import write_catalog
from dataforms import HEAD
from manifests import tone
from shelf import Shelf

from pytest_modellab import cli
from pytest_modellab.cli.exits import Exit

COMMANDS = [
    ("--help",),
    ("history",),
    ("export", "csv"),
    ("export", "csv", "--utterances"),
    ("schema",),
    ("data", "list"),
    ("data", "check"),
    ("baseline", "save"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Shelf(tmp_path).put("s1", {"tiny": 0, "base": 1}, count=400)
    tone(tmp_path / "fixtures" / "datasets" / "one.wav", pitch=440)
    (tmp_path / "fixtures" / "datasets" / "talk.csv").write_text("file,text\none.wav,one\n")
    spec = yaml.safe_dump({**HEAD, "id": "talk", "table": {"path": "talk.csv"}})
    write_catalog(tmp_path / "fixtures", files={"datasets/talk.yaml": spec})
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def ended(folder: Path, arguments: tuple[str, ...], *, unbuffered: bool = False, errors_too: bool = False) -> int:
    """The exit code of a command that writes to a pipe without a reader, which left no traceback."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest_modellab.cli", *arguments],
            cwd=folder,
            stdout=writer,
            stderr=writer if errors_too else subprocess.PIPE,
            env={**os.environ, "MODELLAB_CACHE": str(folder / "cache"), "PYTHONUNBUFFERED": "1" if unbuffered else ""},
            timeout=60,
            check=False,
        )
    finally:
        os.close(writer)
    assert errors_too or b"Error" not in done.stderr, done.stderr
    return done.returncode


@pytest.mark.skipif(sys.platform == "win32", reason="a closed pipe is another error there")
class TestNobodyReads:
    @pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
    def test_a_command_ends_without_a_traceback(self, folder: Path, arguments: tuple[str, ...]) -> None:
        assert ended(folder, arguments) == Exit.UNREAD

    def test_nor_where_nothing_is_buffered(self, folder: Path) -> None:
        assert ended(folder, ("history",), unbuffered=True) == Exit.UNREAD

    @pytest.mark.parametrize("arguments", [("history",), ("history", "nobody:*"), ("nothing",)], ids=" ".join)
    def test_nor_where_errors_go_there_too(self, folder: Path, arguments: tuple[str, ...]) -> None:
        assert ended(folder, arguments, errors_too=True) == Exit.UNREAD


def test_a_broken_pipe_that_is_not_the_output_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(arguments: object) -> int:
        raise BrokenPipeError

    monkeypatch.setattr(cli, "_run", broken)
    with pytest.raises(BrokenPipeError):
        cli.main([])


@pytest.mark.skipif(sys.platform == "win32", reason="a closed pipe is another error there")
@pytest.mark.parametrize(("arguments", "left"), [(["schema"], False), (["data", "list"], True)])
def test_what_is_still_buffered_goes_nowhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], left: bool
) -> None:
    monkeypatch.chdir(folder)
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", buffering=8192) as output:  # 128 kB by default from Python 3.14 on
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", output)
            assert cli.main(arguments) == Exit.UNREAD
        assert (os.fstat(output.fileno()).st_rdev == Path(os.devnull).stat().st_rdev) is left
