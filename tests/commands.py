"""Commands of `modellab` in this process, and what they say."""

from __future__ import annotations

from pathlib import Path

import pytest
from catalogs import write_catalog

from pytest_modellab.cli import main
from pytest_modellab.cli.exits import Exit


class Told:
    """What commands say, one after the other."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.errors = ""

    def __call__(self, *arguments: str, code: int = Exit.OK) -> str:
        self._capsys.readouterr()
        ended = main(arguments)
        said = self._capsys.readouterr()
        self.errors = said.err
        assert ended == code, said
        return said.out


def told_beside_a_catalog(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Told:
    """Commands in a folder with a catalog."""
    monkeypatch.chdir(folder)
    write_catalog(folder / "fixtures")
    (folder / "pytest.ini").write_text("[pytest]\n")
    return Told(capsys)
