"""`modellab` finds the catalog, the reports and every setting where a session of pytest started there does."""

from __future__ import annotations

import os
import subprocess
from argparse import Namespace
from pathlib import Path

import pytest
from fakelab import FakeLab

from pytest_modellab.cli import configuration, main, pre_push
from pytest_modellab.cli.exits import UsageError
from pytest_modellab.cli.place import catalog_place, reports_folder
from pytest_modellab.plugin import options

VALUES = "modellab_catalog = lab\nmodellab_reports = out/put\nmodellab_page = off\n"
TOML = 'modellab_catalog = "lab"\nmodellab_reports = "out/put"\nmodellab_page = "off"\n'
NATIVE = TOML.replace('"off"', "false")
FORMS = {
    "pytest.toml": f"[pytest]\n{NATIVE}",
    ".pytest.toml": f"[pytest]\n{NATIVE}",
    "pytest.ini": f"[pytest]\n{VALUES}",
    ".pytest.ini": f"[pytest]\n{VALUES}",
    "pyproject.toml": f"[tool.pytest.ini_options]\n{TOML}",
    "tox.ini": f"[pytest]\n{VALUES}",
    "setup.cfg": f"[tool:pytest]\n{VALUES}",
}
SINCE_9 = ("pytest.toml", ".pytest.toml")
OLD = pytest.version_tuple < (9,)


@pytest.fixture
def place(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder below one with a catalog that one stands in."""
    catalog(pytester.path / "lab")
    below = pytester.path / "some" / "where"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    return pytester.path


def catalog(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "limits.yaml").write_text("schema: modellab.limits/1\nlimits: []\n")


def agree(pytester: pytest.Pytester, file: Path | None = None) -> options.Config:
    """What pytest's own configuration says, which is what ours does."""
    session = options.read(pytester.parseconfig(*([] if file is None else ["-c", str(file)])))
    given = Namespace(catalog=None, reports=None)
    with configuration.chosen(file):
        found = configuration.configuration()
        assert found.base == session.base
        assert reports_folder(given).absolute() == session.reports
        assert found.flag("modellab_page") == session.page
        if session.catalog is not None:  # else a place to begin one
            assert catalog_place(given) == (session.catalog, session.base)
    return session


@pytest.mark.parametrize("name", FORMS)
def test_every_file_that_pytest_knows(name: str, place: Path, pytester: pytest.Pytester) -> None:
    (place / name).write_text(FORMS[name])
    session = agree(pytester)
    unknown = OLD and name in SINCE_9
    assert session.catalog == (None if unknown else place / "lab")
    assert unknown or (session.reports, session.page) == (place / "out" / "put", False)


@pytest.mark.skipif(OLD, reason="pytest 9 began to read it")
def test_toml_with_its_own_types(place: Path, pytester: pytest.Pytester) -> None:
    (place / "pyproject.toml").write_text(f"[tool.pytest]\n{NATIVE}pythonpath = ['a b', 'c']\n")
    assert agree(pytester).catalog == place / "lab"
    assert configuration.configuration().words("pythonpath") == ["a b", "c"]


@pytest.mark.parametrize("names", [("tox.ini", "pytest.ini"), ("setup.cfg", "pyproject.toml")])
def test_of_several_files_pytests_first_counts(names: tuple[str, str], place: Path, pytester: pytest.Pytester) -> None:
    (place / names[0]).write_text(FORMS[names[0]].replace("= lab", "= other"))
    (place / names[1]).write_text(FORMS[names[1]])
    assert agree(pytester).catalog == place / "lab"


def test_a_nearer_file_that_names_no_catalog_ends_the_search(place: Path, pytester: pytest.Pytester) -> None:
    (place / "tox.ini").write_text(FORMS["tox.ini"])
    (place / "some" / "pytest.ini").write_text("[pytest]\n")
    assert agree(pytester).catalog is None
    catalog(place / "some" / "fixtures")
    assert agree(pytester).catalog == place / "some" / "fixtures"


def test_a_nearer_pyproject_without_pytest_does_not(place: Path, pytester: pytest.Pytester) -> None:
    (place / "tox.ini").write_text(FORMS["tox.ini"])
    (place / "some" / "pyproject.toml").write_text("[project]\nname = 'some'\n")
    assert agree(pytester).catalog == place / "lab"


def test_no_file_at_all(place: Path, pytester: pytest.Pytester) -> None:
    assert agree(pytester).catalog is None
    catalog(Path("fixtures"))
    assert agree(pytester).catalog == Path.cwd() / "fixtures"


@pytest.mark.parametrize("name", ["own.ini", "own.cfg", "own.toml"])
def test_a_file_that_is_named(
    name: str, place: Path, pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "tox.ini").write_text("[pytest]\nmodellab_catalog = other\n")
    kind = {"own.ini": "tox.ini", "own.cfg": "setup.cfg", "own.toml": "pyproject.toml"}[name]
    (place / name).write_text(FORMS[kind])
    file = Path("..", "..", name)
    assert agree(pytester, file).catalog == place / "lab"
    assert main(["-c", str(file), "models"]) == 0
    assert main(["models"]) == 2
    assert f"no catalog here: {place / 'other'} is not a folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    "given", ["-c ../../own.ini", "-o modellab_catalog=lab -o modellab_reports=out", "-vc ../../own.ini -m 'not x'"]
)
def test_options_of_every_session_count(
    given: str, place: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "tox.ini").write_text("[pytest]\nmodellab_catalog = other\n")
    (place / "own.ini").write_text(FORMS["tox.ini"])
    monkeypatch.setenv("PYTEST_ADDOPTS", given)
    assert agree(pytester).catalog == place / "lab"


def test_a_root_that_is_named(place: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog(place / "fixtures")
    monkeypatch.setenv("PYTEST_ADDOPTS", f"--rootdir={place}")
    assert agree(pytester).catalog == place / "fixtures"


@pytest.mark.parametrize(
    ("name", "text", "given", "told"),
    [
        ("pyproject.toml", "[tool.pytest\n", "", "pytest can't read its configuration: "),
        ("setup.cfg", "[pytest]\nmodellab_catalog = lab\n", "", "no longer supported, change to [tool:pytest]"),
        ("tox.ini", "", "-c nowhere.ini", "nowhere.ini'"),
        ("tox.ini", "", "-c 'open", "PYTEST_ADDOPTS=\"-c 'open\" can't be read"),
        ("tox.ini", "", "-c", "expected one argument"),
        ("tox.ini", "", "-o modellab_catalog", "-o takes NAME=VALUE, found `modellab_catalog`"),
    ],
)
def test_what_pytest_refuses_is_told(
    name: str,
    text: str,
    given: str,
    told: str,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (place / name).write_text(text)
    monkeypatch.setenv("PYTEST_ADDOPTS", given)
    assert main(["models"]) == 2
    assert told in capsys.readouterr().err


def test_a_search_of_pytest_that_is_not_known_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from _pytest.config import findpaths

    monkeypatch.setattr(findpaths, "determine_setup", lambda *, start: None)
    with pytest.raises(UsageError, match="name the folders by --catalog DIR and --reports DIR"):
        configuration.configuration()


def test_the_named_file_is_that_of_sessions_too_and_forgotten_after(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "-c before.ini")
    with configuration.chosen(Path("a b.ini")):
        assert os.environ["PYTEST_ADDOPTS"] == f"-c before.ini -c '{Path.cwd() / 'a b.ini'}'"
    assert os.environ["PYTEST_ADDOPTS"] == "-c before.ini"


def test_a_hook_names_it(lab: FakeLab, capsys: pytest.CaptureFixture[str]) -> None:
    subprocess.run(["git", "init", "-q"], cwd=lab.path, check=True)
    (lab.path / "conf").mkdir()
    (lab.path / "conf" / "own.ini").write_text("[pytest]\nmodellab_catalog = ../lab\n")
    assert main(["-c", "conf/own.ini", "hook", "install"]) == 0
    installed = pre_push.status(lab.path)
    assert installed is not None
    script = installed.path.read_text()
    assert "\ncd conf || exit\n" in script
    assert "-m pytest_modellab.cli -c own.ini hook run" in script
