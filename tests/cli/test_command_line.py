"""The command line as a whole: an example of each command, near matches, completion, `python -m`."""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from commands import Told

from pytest_modellab import cli
from pytest_modellab.cli import main
from pytest_modellab.cli.exits import Exit
from pytest_modellab.cli.reference import commands_of

COMMANDS = commands_of(cli._parser())
Output = pytest.CaptureFixture[str]


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_an_example_that_is_a_use_of_it(name: str) -> None:
    example = (COMMANDS[name].epilog or "").splitlines()[-1].strip()
    program, *words = shlex.split(example.partition(">>")[0])
    assert (program, words[0]) == ("modellab", name)
    options = cli._parser().parse_args(words)
    assert callable(options.run)


def arguments_of(parser: argparse.ArgumentParser) -> tuple[list[str], list[str]]:
    """Words for all its arguments, and for its options that name something and exclude no other."""
    arguments, options = [], []
    exclusive = [action for group in parser._mutually_exclusive_groups for action in group._group_actions]
    for action in parser._actions:
        if action in exclusive:
            continue
        word = next(iter(action.choices or ["word"]))
        if not action.option_strings:
            arguments += [word] * (1 if action.nargs in {None, "?"} else 2)
        elif action.nargs is None and (action.type in {None, Path} or action.required) and not action.choices:
            options += [action.option_strings[-1], word]
    return arguments, options


@pytest.mark.parametrize("name", COMMANDS)
def test_arguments_may_stand_before_between_and_after_options(name: str) -> None:
    parser = COMMANDS[name]
    arguments, options = arguments_of(parser)
    expected = vars(parser.parse_args([*arguments, *options]))
    for at in range(len(arguments)):
        assert vars(parser.parse_args([*arguments[:at], *options, *arguments[at:]])) == expected


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (["scorcard"], "scorecard"),
        (["compare", "HEAD", "--formt", "json"], "--format"),
        (["compare", "HEAD", "--formt=json"], "--format"),
        (["data", "chek"], "check"),
        (["compare", "HEAD", "--format", "jsn"], "json"),
    ],
)
def test_what_is_misspelt_is_told_with_the_nearest(words: list[str], near: str, capsys: Output) -> None:
    assert main(words) == Exit.USAGE
    assert f"; did you mean `{near}`?" in capsys.readouterr().err


@pytest.mark.parametrize("given", [["--catalog", "fixtures"], ["--catalog=fixtures"]])
def test_an_option_of_all_commands_behind_one_is_told_where_it_stands(given: list[str], capsys: Output) -> None:
    assert main(["models", *given]) == Exit.USAGE
    told = capsys.readouterr().err
    assert "`--catalog` stands before the command, as in `modellab --catalog ... COMMAND`" in told
    assert "did you mean" not in told


def test_what_is_like_nothing_is_told_without(capsys: Output) -> None:
    assert main(["zzzzzz"]) == Exit.USAGE
    assert "did you mean" not in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_shell_completes_commands_and_options(shell: str, capsys: Output) -> None:
    script = Told(capsys)("completion", shell)
    assert "new-model" in script
    assert "--max-hours" in script or "--reports" in script


def test_bash_takes_the_script(capsys: Output) -> None:
    script = Told(capsys)("completion", "bash")
    words = ["source /dev/stdin; COMP_WORDS=(modellab scor); COMP_CWORD=1; _shtab_modellab 2>/dev/null"]
    done = subprocess.run(
        ["bash", "-c", f"{words[0]}; echo ${{COMPREPLY[@]}}"], input=script, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["scorecard"]


def test_the_package_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "pytest_modellab", "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()[0]) == (0, "modellab")
