"""Commands of `modellab` in this process, and what they say."""

from __future__ import annotations

import pytest

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
