"""What code an answer depends on is computed: what is really run is in it, and what only shows results is not."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Iterable, Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import pytest
from every_task import READY
from fakeruns import FakeRuns

from pytest_modellab.catalog.load import load
from pytest_modellab.plugin.progress import TerminalProgress
from pytest_modellab.runner import sources
from pytest_modellab.runner.case_run import CaseRun
from pytest_modellab.runner.executor import LOCAL
from pytest_modellab.runner.job import Settings
from pytest_modellab.runner.runner import Runner
from pytest_modellab.runner.session import Session

NAME = "pytest_modellab"
DUMP = f"""
import atexit, os, sys

def dump():
    if any("runner.worker" in each or "runner/worker" in each for each in sys.orig_argv):
        with open(os.environ["DUMP_MODULES"], "a") as file:
            names = [sys.modules["__main__"].__spec__.name, *sys.modules]
            file.writelines(each + "\\n" for each in names if each.partition(".")[0] == "{NAME}")

atexit.register(dump)
"""
BESIDE = {
    f"{NAME}.{name}"
    for name in (
        "plugin",
        "plugin.progress",  # shows
        "core.console",
        "core.durations",
        "runner.progress",
        "catalog.cases",  # the case's name, for messages
        "catalog.dataset_specs",  # how errors are counted for who watches
        "catalog.datasets.model",
        "runner.session",  # tells to stop
        "runner.locks",  # waits for a device that is another's
    )
}
"""What runs while a case is answered, and neither samples nor answers pass through."""
SHOWS = (
    *("plugin.progress", "plugin.session", "plugin.junit", "cli.why", "reports.web.server", "reports.scorecard.card"),
    *("reports.scorecard.page.document", "reports.comparison"),
)


class Ran(NamedTuple):
    """The modules of the package that a session loaded in its workers, and ran itself, while a case was answered."""

    worker: set[str]
    session: set[str]


@pytest.fixture(params=READY)
def ran(request: pytest.FixtureRequest, runs: FakeRuns, monkeypatch: pytest.MonkeyPatch) -> Ran:
    """A run of a task's case, whose model is in a process of its own."""
    READY[request.param](runs)
    runs.executor = LOCAL
    folder = runs.path / "dump"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(DUMP)
    monkeypatch.setenv("DUMP_MODULES", str(folder / "modules"))
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=":")
    session: set[str] = set()

    def note(frame: FrameType, event: str, argument: object) -> None:
        name = frame.f_globals.get("__name__", "")
        if event == "call" and name.partition(".")[0] == NAME:
            session.add(name)

    finish = CaseRun.finish

    def watched(self: CaseRun) -> Any:
        before = sys.getprofile()
        threading.setprofile(note)
        sys.setprofile(note)
        try:
            return finish(self)
        finally:
            sys.setprofile(before)
            threading.setprofile(None)

    monkeypatch.setattr(CaseRun, "finish", watched)
    runs.run(progress=TerminalProgress(lambda name: None))
    assert session
    return Ran(set((folder / "modules").read_text().split()), session)


class Keys:
    """The digests of a lab's one case that is planned, with the package as it lies in a folder."""

    def __init__(self, lab: FakeRuns) -> None:
        catalog = load(lab.catalog, lab.path)
        self.case = lab.case()
        self.runner = Runner(catalog, Session(lab.path / "elsewhere", "keys", own=False), Settings())
        self.dataset = self.runner.dataset(self.case)
        self.order = self.runner.order(self.case)

    def now(self) -> tuple[str, str]:
        self.runner._judges.clear()
        wanted = self.runner.wanted(self.case, self.dataset, self.runner.inputs(self.case, self.dataset, self.order))
        return wanted.key, wanted.judging


def edited(modules: Iterable[str], package: Path, keys: Keys) -> dict[str, tuple[bool, bool]]:
    """Of each module, whether a line more in it changes the input key, and what figures depend on."""
    found = {}
    before = keys.now()
    for module in sorted(modules):
        path = Path(sources.modules(package)[module])
        text = path.read_bytes()
        path.write_bytes(text + b"\n# one line more\n")
        after = keys.now()
        found[module] = (after[0] != before[0], after[1] != before[1])
        path.write_bytes(text)
    return found


@pytest.mark.slow
def test_an_edit_of_what_is_run_while_a_case_is_answered_changes_the_right_key(
    runs: FakeRuns, ran: Ran, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "copy" / NAME
    shutil.copytree(sources.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(sources, "PACKAGE", package)
    keys = Keys(runs)
    changed = edited(ran.worker | ran.session, package, keys)
    assert {f"{NAME}.runner.worker", f"{NAME}.runner.framing", f"{NAME}.engines.base"} <= ran.worker
    assert [module for module in sorted(ran.worker) if not changed[module][0]] == []
    only_scoring = {module for module, (answers, figures) in changed.items() if figures and not answers}
    nothing = {module for module, found in changed.items() if not any(found)}
    assert nothing <= BESIDE
    # How an error rate is counted for who watches.
    counting = tuple(f"{NAME}.{each}" for each in ("core.text", "core.metrics.asr", "core.language_tags"))
    assert [module for module in only_scoring - BESIDE if not module.startswith(counting)] == []
    shown = edited([f"{NAME}.{each}" for each in SHOWS], package, keys)
    assert [module for module, found in shown.items() if any(found)] == []
    scoring = edited(
        [f"{NAME}.{each}" for each in ("core.text", "core.metrics.asr", "results.assemble")], package, keys
    )
    assert set(scoring.values()) == {(False, True)}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A small package under this one's name."""
    for name, text in {
        "__init__": "",
        "a": "def f():\n    if True:\n        from .inner import thing\n",
        "b": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from . import d\nelse:\n    from . import e\n",
        "c": "try:\n    import pytest_modellab.d\nexcept ImportError:\n    pass\n",
        "d": "",
        "e": "from .inner import *\n",
        "broken": "def (",
        "inner/__init__": "from .one import thing\nfrom ..d import other\n",
        "inner/one": "thing = 1\n",
        "inner/two": "from .. import broken\n",
    }.items():
        path = tmp_path / NAME / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / NAME


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        ("a", {"", "a", "inner", "inner.one"}),  # in a function; through a package that only passes it on
        ("b", {"", "b", "e", "inner", "inner.one", "d"}),  # types alone are left out; a star is all of it
        ("c", {"", "c", "d"}),
        ("inner.two", {"", "inner", "inner.two", "broken"}),
        ("nowhere", set()),
    ],
)
def test_the_import_closure(package: Path, root: str, expected: set[str]) -> None:
    found = sources.closure([f"{NAME}.{root}"], package=package)
    assert set(found) == {f"{NAME}.{each}".rstrip(".") for each in expected}


def test_an_engine_in_a_repository_counts_what_it_imports_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ear.py").write_text("import canal\nfrom pytest_modellab.engines import steps\nclass Ear: ...\n")
    (tmp_path / "canal.py").write_text("import drum\n")
    (tmp_path / "drum").mkdir()
    (tmp_path / "drum" / "__init__.py").write_text("")
    (tmp_path / "drum" / "skin.py").write_text("")
    (tmp_path / "stranger.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    found = sources.of_answers("ear:Ear")
    assert {"canal.py", "drum/__init__.py", "drum/skin.py", f"{NAME}.engines.steps"} <= set(found)
    assert "stranger.py" not in found


def test_a_folder_without_init_counts_by_its_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {
        "whisker.py": "from lib.util import f\nimport plain.deep.other\nclass Whisker: ...\n",
        "lib/util.py": "import helper\n",
        "plain/deep/other.py": "",
        "plain/sounds/one.wav": "no module",
        "helper.py": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    found = set(sources.of_answers("whisker:Whisker"))
    assert {"whisker", "lib/util.py", "plain/deep/other.py", "helper.py"} <= found
    assert "plain/sounds/one.wav" not in found


def test_linked_folders_count_once_and_a_circle_of_links_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "m.py").write_text("")
    (tmp_path / "repo" / "tail").mkdir(parents=True)
    (tmp_path / "repo" / "tail" / "__init__.py").write_text("")
    (tmp_path / "repo" / "tail" / "engine.py").write_text("from tail.shared.m import f\n")
    (tmp_path / "repo" / "tail" / "shared").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "up").symlink_to(tmp_path / "repo" / "tail")
    (tmp_path / "elsewhere" / "loop").symlink_to(tmp_path / "elsewhere" / "loop")
    monkeypatch.syspath_prepend(tmp_path / "repo")
    found = {each for each in sources.of_answers("tail.engine:Engine") if each.startswith("tail")}
    assert found == {"tail/__init__.py", "tail/engine.py", "tail/shared/m.py"}


def test_links_in_this_package_are_followed(package: Path, tmp_path: Path) -> None:
    (package / "linked").symlink_to(package / "inner")
    (package / "inner" / "back").symlink_to(package)
    (package / "inner" / "loop").symlink_to(package / "inner" / "loop")
    found = sources.modules(package)
    assert {f"{NAME}.inner.one", f"{NAME}.linked.one"} <= set(found)
    assert f"{NAME}.inner.back.a" not in found


@pytest.fixture
def ear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a repository with a package that has an engine."""
    for name in ("cochlea/__init__.py", "cochlea/engine.py", "cochlea/inner/__init__.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "cochlea" / "engine.py").write_text("import canal, _drum\n")
    (tmp_path / "canal").mkdir()
    (tmp_path / "canal" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("cochlea", None)  # imported where its engine is looked for


@pytest.mark.parametrize(
    "name",
    [
        "cochlea/data.json",
        "cochlea/inner/model.bin",
        "cochlea/table",
        f"cochlea/_core{EXTENSION_SUFFIXES[0]}",
        "canal/words.txt",
        f"_drum{EXTENSION_SUFFIXES[0]}",
    ],
)
def test_each_file_of_an_engines_package_counts(ear: Path, name: str) -> None:
    digests = [sources.of_answers("cochlea.engine:Ear")]
    for content in (b"import nothing", b"\0\xff", b"\0\xff\xfe"):
        (ear / name).write_bytes(content)
        digests.append(sources.of_answers("cochlea.engine:Ear"))
        assert name in digests[-1]
    assert all(one != other for one, other in pairwise(digests))


@pytest.mark.parametrize(
    "name", ["cochlea/__pycache__/e.cpython-311.pyc", "cochlea/old.pyc", "cochlea/.cache/x", "beside.json"]
)
def test_what_python_and_tools_write_and_what_lies_beside_it_does_not(ear: Path, name: str) -> None:
    before = sources.of_answers("cochlea.engine:Ear")
    (ear / name).parent.mkdir(exist_ok=True)
    (ear / name).write_bytes(b"1")
    assert sources.of_answers("cochlea.engine:Ear") == before


def test_a_file_that_is_replaced_by_one_of_its_age_and_size_is_another(ear: Path) -> None:
    path, other = ear / "cochlea" / "data.json", ear / "other.json"
    for each, content in ((path, "1"), (other, "2")):
        each.write_text(content)
        os.utime(each, ns=(10**18, 10**18))
    before = sources.of_answers("cochlea.engine:Ear")
    shutil.copy2(other, path)
    assert sources.of_answers("cochlea.engine:Ear") != before
