"""What a command line names and isn't there: the command says so, and ends as after a wrong command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import Told, told_beside_a_catalog

from pytest_modellab.cli import _parser
from pytest_modellab.cli.exits import Exit
from pytest_modellab.cli.reference import commands_of

READ = {
    "baseline": "save",
    "clean": "",
    "comment": "",
    "compare": "a b",
    "export": "csv",
    "history": "",
    "listen": "tiny",
    "rescore": "",
    "results": "save",
    "scorecard": "",
    "serve": "",
    "sessions": "",
}
"""The commands that read a folder of reports, and what else they take."""
NEW = {"bench", "calibrate", "capacity", "load", "sweep", "try", "why"}
"""The commands that write to one, which makes it, and the one that tells what is not there."""


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Told:
    return told_beside_a_catalog(tmp_path, monkeypatch, capsys)


def test_every_command_with_a_folder_of_reports_is_one_of_these() -> None:
    taking = {name for name, parser in commands_of(_parser()).items() if "--reports" in parser.format_help()}
    assert taking == READ.keys() | NEW


@pytest.mark.parametrize("command", READ)
def test_a_folder_of_reports(command: str, told: Told) -> None:
    told(command, *READ[command].split(), "--reports", "nowhere", code=Exit.USAGE)
    assert told.errors == "modellab: no folder nowhere; run pytest first, or name another: --reports DIR\n"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("rescore nowhere.json", "no file nowhere.json; "),
        ("catalog --read nowhere.csv", "no file nowhere.csv; "),
        ("verify nowhere.zip", "no such bundle: nowhere.zip; "),
        ("listen --answers nowhere.json --key nowhere.json", "nowhere.json"),
    ],
)
def test_a_file(command: str, message: str, told: Told) -> None:
    told(*command.split(), code=Exit.USAGE)
    assert message in told.errors
