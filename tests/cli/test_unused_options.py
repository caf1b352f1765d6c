"""An option that would have no effect is refused, with what it is for."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
from commands import Told, told_beside_a_catalog

from pytest_modellab.cli import _parser, main
from pytest_modellab.cli.exits import Exit
from pytest_modellab.cli.reference import commands_of


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Told:
    """Commands where there is a catalog."""
    return told_beside_a_catalog(tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("results save --html x.html", "--html is for `modellab results show`"),
        ("results save -o x.md", "--output is for `modellab results show`"),
        ("results --reports reports", "--reports is for `modellab results save`"),
        ("results --html x.html -o x.md", "--output is for the page in Markdown; --html names its own file"),
        ("sweep tiny --data talk --max-utterances 3", "--max-utterances is for what --run runs"),
        ("listen hibari-en --key x.json", "--key is for --answers"),
        ("listen hibari-en --answers x.json", "--answers tells what listeners said; CASE is for a new page"),
        ("export csv --metric wer", "--metric is for model-index, not for csv"),
        ("listen --answers x.json --key y.json --scale rating", "--scale is for a new page"),
        ("listen --answers x.json --key y.json --seed 0", "--seed is for a new page"),
        ("listen --answers x.json --key y.json -o x.html", "--output is for a new page"),
        ("baseline show a", "`modellab baseline show` shows all baselines; CASE is for `save` and `compare`"),
        ("hook status --inconclusive fail", "--inconclusive is for `modellab hook install` and `run`"),
        ("hook uninstall --inconclusive fail", "--inconclusive is for `modellab hook install` and `run`"),
        ("history --all -n 3", "--last is for some records, and --all shows all"),
        ("init . --revision abc", "--revision is for a data set of the hub, and . is here"),
        ("catalog --sources --format csv", "--sources is for text"),
        (
            f"new-model faster-whisper own --weights . --repo a/b --revision {40 * 'a'}",
            "--repo is for weights of the hub, and --weights names a folder",
        ),
    ],
)
def test_it_is_refused(command: str, message: str, tmp_path: Path, told: Told) -> None:
    told(*command.split(), code=Exit.USAGE)
    assert told.errors == f"modellab: {message}\n"
    assert not list(tmp_path.glob("x.*"))


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("results --folder nowhere", "--folder nowhere: no such folder"),
        ("catalog --results nowhere", "--results nowhere: no such folder"),
        ("run known/faster-whisper-tiny.en nothing.wav", "nothing.wav: no such file"),
        ("new-model known/faster-whisper-base ../x", "expected letters, digits, `.`, `_`, `+` and `-`, beginning"),
        ("release --list", "fixtures/release.yaml is missing"),
        ("release 1.0 --dry-run --sign nothing", "--sign nothing: no such file"),
        ("release 1.0 --dry-run -o pytest.ini", "--output pytest.ini: not a folder"),
        ("release --list --sign nothing", "--sign is for a release, and --list makes none"),
    ],
)
def test_what_names_nothing_is_told(command: str, message: str, tmp_path: Path, told: Told) -> None:
    if command != "release --list":
        (tmp_path / "fixtures" / "release.yaml").write_text("schema: modellab.release/1\nrequired: ['tiny:cpu:talk']\n")
    told(*command.split(), code=Exit.USAGE)
    assert message in told.errors
    assert not list(tmp_path.rglob("x.yaml"))


FILE_OPTIONS = [
    (name, action.option_strings[-1])
    for name, parser in commands_of(_parser()).items()
    for action in parser._actions
    if action.option_strings and action.metavar == "FILE" and action.dest in {"output", "html"}
]


@pytest.mark.parametrize(("name", "option"), FILE_OPTIONS)
@pytest.mark.parametrize("place", ["", ".", "there/", "file.txt/below"])
def test_a_file_that_cannot_be_written_is_refused_before_anything_runs(
    name: str, option: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.txt").touch()
    action = next(each for each in commands_of(_parser())[name]._actions if option in each.option_strings)
    assert callable(action.type)
    with pytest.raises(argparse.ArgumentTypeError, match=f"^{place or '.nothing.'}: can't be written: "):
        action.type(place)
    assert action.type("below/new.txt") == Path("below/new.txt")


def test_a_port_out_of_range_is_refused() -> None:
    actions = [action for parser in commands_of(_parser()).values() for action in parser._actions]
    ports = [action.type for action in actions if "--port" in action.option_strings]
    assert len(ports) >= 3
    for read in ports:
        assert callable(read)
        assert read("0") == 0
        with pytest.raises(argparse.ArgumentTypeError, match="a whole number from 0 to 65535 is needed"):
            read("65536")


def test_an_unknown_option_is_like_one_of_its_own_command_or_of_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--foo"]) == Exit.USAGE  # `init` has --hook
    assert "did you mean" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["compare", ""],
        ["comment", "--against", ""],
        ["rescore", "--scorer="],
        ["try", "known/faster-whisper-tiny.en", "--data", ""],
        ["new-model", "faster-whisper", "own", "--weights", ""],
        ["release", "", "--dry-run"],
    ],
)
def test_an_empty_argument_does_not_count_as_none(words: list[str], told: Told) -> None:
    told(*words, code=Exit.USAGE)
    assert "an argument is empty; is a variable of the shell not set?" in told.errors
