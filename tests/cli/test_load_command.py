"""`modellab load` on records made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import Told
from loadlevels import level

from pytest_modellab.cli.exits import Exit
from pytest_modellab.results import record_files


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    for users, each_s in ((1, 0.1), (4, 0.05)):
        record_files.write(level(users, each_s), tmp_path)
    return tmp_path


def test_all_levels_of_each_model(reports: Path, told: Told) -> None:
    said = told("load", "--reports", str(reports))
    assert said.startswith("tiny on cpu, calls\nload ")
    for part in ("\n1 user ", "\n4 users ", "\nknee: not reached, 20 x at 4 users"):
        assert part in said
    assert "capacity" not in said


def test_a_capacity_as_markdown(reports: Path, told: Told) -> None:
    said = told("load", "--reports", str(reports), "--slo", "load_p50_s=0.15", "--format", "markdown")
    assert said.startswith("## tiny on cpu, calls\n\n| load ")
    assert "\n- capacity: 1 user; not 4 users: Latency p50 under load 0.20 s, above 0.15 s\n" in said


def test_an_slo_that_no_level_holds(reports: Path, told: Told) -> None:
    assert "capacity: none" in told("load", "--reports", str(reports), "--slo", "load_p50_s=0.01", code=Exit.WRONG)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--slo", "speed=1"], "no metric `speed`"),
        (["--slo", "wer"], "a bound is"),
        (["--model", "none"], "no record of a level of load in"),
    ],
)
def test_what_cannot_be_shown(reports: Path, told: Told, arguments: list[str], message: str) -> None:
    told("load", "--reports", str(reports), *arguments, code=Exit.USAGE)
    assert message in told.errors
