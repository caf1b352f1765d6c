"""The commands of the documents: `modellab` is run in a repository of fakes, `pytest` as far as what it selects."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from configs import collected
from documented_commands import in_blocks, programs
from documented_lab import PREPARED, begun, documented_lab, sessions, write_documented_lab
from documents import PAGES, ROOT, read
from labsessions import LabSessions

from pytest_modellab.cli import main
from pytest_modellab.cli.exits import Exit

pytestmark = pytest.mark.slow
ELSEWHERE = {
    "serve --open": "tests/reports/test_serve.py",
    "serve-models ": "tests/cli/test_serving_commands.py",
    "serve-asr ": "tests/cli/test_serve_asr.py",
    "capacity ": "tests/cli/test_capacity.py",
    "pull ": "tests/cli/test_catalog_commands.py",
    "data prepare ": "tests/cli/test_catalog_commands.py",
    "merge parts --require ": "tests/cli/test_merge_command.py",
    "baseline compare ": "tests/cli/test_record_commands.py",
    "merge s3:": "tests/results/test_remote_reports.py",
    "export mlflow ": "tests/reports/test_exports.py",
    "listen --answers ": "tests/cli/test_listen.py",
    "release --required-only faulty": "tests/reports/test_release.py",
    "release --required-only corrupted": "tests/reports/test_release.py",
    "verify reports/trial": "tests/reports/test_release.py",
}
"""How commands begin that need what isn't here (a server, a network, people, a fault), and the tests that run them."""
GUIDES = frozenset({"docs/gate.md", "docs/better.md"})
"""Pages that `test_guides.py` follows from the top, with what they show of files."""
DEVICES = re.compile(r"--lab-(executor|ray|shard)")
IMAGINED = re.compile(r"my-|our-|websocket|--lab-model base")
"""In commands about models and data that a reader is to have."""
PAGES_WITH_COMMANDS = [page for page in PAGES if page != "docs/reference.md"]


def commands(page: str, program: str) -> Iterator[list[str]]:
    """The arguments of each command of a page that starts the program."""
    for line in in_blocks(read(page)):
        for words in programs(line):
            if Path(words[0]).name == program:
                yield words[1:]


def elsewhere(arguments: list[str]) -> str:
    """How a command begins that is run elsewhere; "" for one that is run here."""
    line = f"{' '.join(arguments)} "
    return next((each for each in ELSEWHERE if line.startswith(each)), "")


RUN = {page: [each for each in commands(page, "modellab") if not elsewhere(each)] for page in PAGES_WITH_COMMANDS}


def filled(arguments: list[str], lab: LabSessions) -> list[str]:
    """A command with what is there in place of what only stands for it."""
    ids = sessions(lab) or [""]
    known = {
        "a1b2c3": ids[0][:6],
        "d4e5f6": ids[-1][-6:],
        "20261125-2300": ids[0],
        "20261125-2343": ids[-1],
        "MODEL": "my-model",
        "M": "tiny",
        "SET": "calls",
        "FILE": "file",
    }
    return [known.get(each, each) for each in arguments]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository that the commands of each page find, to be copied."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patched:
        write_documented_lab(folder, patched)
    return folder


@pytest.mark.runs
@pytest.mark.parametrize("page", [page for page in RUN if RUN[page] and page not in GUIDES])
def test_commands_of_a_page_run_one_after_the_other(
    page: str, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = documented_lab(whole, tmp_path, monkeypatch)
    if page in PREPARED:
        PREPARED[page](lab)
    for arguments in RUN[page]:
        given = filled(arguments, lab)
        code = main(given)
        said = capsys.readouterr()
        assert code == Exit.OK, f"modellab {' '.join(given)}\n{said.out}\n{said.err}"
        assert said.out or said.err
        if arguments[0] == "init":
            begun(lab)


@pytest.mark.parametrize("begins", ELSEWHERE)
def test_what_is_run_elsewhere_is_documented_and_has_a_test(begins: str) -> None:
    assert any(elsewhere(each) == begins for page in PAGES_WITH_COMMANDS for each in commands(page, "modellab"))
    assert (ROOT / ELSEWHERE[begins]).is_file()


SELECTING = sorted(
    {
        tuple(each)
        for page in PAGES_WITH_COMMANDS
        for each in commands(page, "pytest")
        if each and not IMAGINED.search(" ".join(each)) and not DEVICES.search(" ".join(each))
    }
)


@pytest.fixture(scope="module")
def suites(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository's suites and catalog, elsewhere: what is collected there is forgotten afterwards."""
    folder = tmp_path_factory.mktemp("suites")
    for name in ("suites", "fixtures"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.mark.parametrize("arguments", SELECTING, ids=" ".join)
def test_pytest_selects_something(arguments: tuple[str, ...], suites: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(suites)
    with collected(suites, *arguments, file="pyproject.toml") as session:
        assert session.items
