"""The composite action in action.yml: its scripts are run with a stand-in of GitHub's command line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from fakelab import FakeLab

from pytest_modellab.reports.comment import MARKER

FILE = Path(__file__).parents[2] / "action.yml"
ACTION: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
STEPS: dict[str, dict[str, Any]] = {step["name"]: step for step in ACTION["runs"]["steps"]}

GH = """#!/bin/bash
echo "$@" >> "$GH_LOG"
case "$*" in
  *"--jq"*) cat "$GH_FOUND" ;;
  *) [ -z "$GH_FAILS" ] ;;
esac
"""


@pytest.fixture
def machine(lab: FakeLab, tmp_path: Path) -> dict[str, str]:
    """The variables of a runner: a stand-in `gh` that notes its arguments and has seen no comment yet."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "gh").write_text(GH)
    (folder / "gh").chmod(0o755)
    (tmp_path / "found").write_text("")
    return {
        **os.environ,
        "PATH": os.pathsep.join([str(folder), str(Path(sys.executable).parent), os.environ["PATH"]]),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GH_LOG": str(tmp_path / "log"),
        "GH_FOUND": str(tmp_path / "found"),
        "GH_FAILS": "",
    }


def run(name: str, lab: FakeLab, machine: dict[str, str], **variables: str) -> subprocess.CompletedProcess[str]:
    """A step's script, with defaults of the inputs for the variables that the step sets, as GitHub runs it."""
    defaults = {key: value["default"] for key, value in ACTION["inputs"].items()}
    told = {
        name: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda found: defaults[found[1]], value)
        for name, value in STEPS[name]["env"].items()
    }
    told["STATUS"] = "0"
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[name]["run"]],
        cwd=lab.path,
        env={**machine, **told, **variables},
        capture_output=True,
        text=True,
    )


def test_every_input_that_is_named_is_declared_and_every_one_is_used() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert set(re.findall(r"inputs\.(\w+)", text)) == set(ACTION["inputs"])
    assert all({"description", "default"} <= each.keys() for each in ACTION["inputs"].values())


def test_no_expression_stands_in_a_script() -> None:
    for name, step in STEPS.items():
        assert "${{" not in step.get("run", ""), f"{name}: what others wrote would be part of the script"


def test_the_result_is_that_of_the_tests_and_comes_last(lab: FakeLab, machine: dict[str, str]) -> None:
    lab.ready()
    lab.limits({"metric": "wer", "max": 0.0})
    lab.model(wrong={0: "nothing of that"})
    assert run("Tests", lab, machine).returncode == 0
    status = Path(machine["GITHUB_OUTPUT"]).read_text().strip()
    assert status == "status=1"
    assert (lab.path / "reports" / "junit.xml").exists()
    assert list(STEPS)[-1] == "Result"
    assert run("Result", lab, machine, STATUS="1").returncode == 1
    assert run("Result", lab, machine, STATUS="0").returncode == 0
    assert run("Result", lab, machine, STATUS="").returncode == 1


def test_the_arguments_are_those_of_a_shell(lab: FakeLab, machine: dict[str, str]) -> None:
    lab.ready()
    run("Tests", lab, machine, ARGUMENTS="-m 'smoke or chat' --lab-model fake")
    assert Path(machine["GITHUB_OUTPUT"]).read_text() == "status=0\n"
    assert lab.record().case.model == "fake"


def test_a_comment_is_made_once_and_then_written_anew(lab: FakeLab, machine: dict[str, str]) -> None:
    lab.ready()
    run("Tests", lab, machine)
    where = {"REPOSITORY": "o/r", "NUMBER": "7"}
    assert run("Comment", lab, machine, **where).returncode == 0
    assert (lab.path / "reports" / "comment.md").read_text(encoding="utf-8").startswith(MARKER)
    assert MARKER in STEPS["Comment"]["run"]
    Path(machine["GH_FOUND"]).write_text("41\n42\n")
    assert run("Comment", lab, machine, **where).returncode == 0
    calls = Path(machine["GH_LOG"]).read_text().splitlines()
    assert [call.split(" -F ")[0] for call in calls if "--method" in call] == [
        "api --method POST repos/o/r/issues/7/comments",
        "api --method PATCH repos/o/r/issues/comments/41",
    ]


def test_a_token_that_may_not_comment_fails_nothing(lab: FakeLab, machine: dict[str, str]) -> None:
    lab.ready()
    run("Tests", lab, machine)
    done = run("Comment", lab, machine, REPOSITORY="o/r", NUMBER="7", GH_FAILS="yes")
    assert done.returncode == 0
    assert "::warning::the comment could not be written" in done.stdout
