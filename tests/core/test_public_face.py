"""The names of `pytest_modellab`: all there, each imported when it is asked for, and nothing before."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import pytest_modellab
from pytest_modellab.plugin import newhooks
from pytest_modellab.runner.sources import closure

FILE = Path(pytest_modellab.__file__)
ROOT = FILE.parents[1]


def imported(code: str) -> set[str]:
    """The modules that are loaded after `code` in a process of its own, beyond those of a bare one."""
    script = f"import sys; before = set(sys.modules)\n{code}\nprint(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def typed() -> dict[str, tuple[str, str]]:
    """What mypy sees: name -> module and the name there."""
    found = {}
    for node in ast.walk(ast.parse(FILE.read_bytes())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pytest_modellab"):
            for each in node.names:
                found[each.asname or each.name] = (str(node.module), each.name)
    return found


@pytest.mark.parametrize("name", pytest_modellab.__all__)
def test_every_public_name_is_what_mypy_takes_it_for(name: str) -> None:
    module, original = typed()[name]
    assert getattr(pytest_modellab, name) is getattr(import_module(module), original)


def test_the_lists_agree() -> None:
    assert sorted(typed()) == sorted(pytest_modellab.__all__)
    assert len(set(pytest_modellab.__all__)) == len(pytest_modellab.__all__)
    assert set(pytest_modellab.__all__) <= set(dir(pytest_modellab))


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'pytest_modellab' has no attribute 'Rnu'"):
        _ = pytest_modellab.Rnu  # type: ignore[attr-defined]


def test_importing_the_package_imports_nothing_else() -> None:
    assert imported("import pytest_modellab") == {"pytest_modellab"}


def test_an_engine_gets_the_protocols_and_no_more() -> None:
    found = imported("from pytest_modellab import Clip, LoadRequest, Transcriber, Transcript")
    ours = {name for name in found if name.startswith("pytest_modellab")}
    assert ours <= {"pytest_modellab", *(f"pytest_modellab.{name}" for name in ("engines", "engines.base"))} | {
        name for name in ours if name.startswith("pytest_modellab.core")
    }
    assert not found & {"numpy", "pydantic", "pytest", "yaml"}


def test_the_module_behind_a_public_name_is_among_the_sources_of_an_engine(tmp_path: Path) -> None:
    package = tmp_path / "pytest_modellab"
    for name, text in {
        "__init__.py": FILE.read_text(),
        "engines/__init__.py": "",
        "engines/base.py": "class Clip: ...",
        "engines/mine.py": "from pytest_modellab import Clip",
        "runner/live.py": "class LiveModel: ...",
    }.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    found = closure(["pytest_modellab.engines.mine"], package=package)
    assert "pytest_modellab.engines.base" in found
    assert "pytest_modellab.runner.live" not in found


@pytest.mark.parametrize("folder", ["suites", "examples"])
def test_suites_and_examples_need_public_names_only(folder: str) -> None:
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pytest_modellab"):
                assert node.module == "pytest_modellab", path
                assert {each.name for each in node.names} <= set(pytest_modellab.__all__), path


def test_the_page_on_compatibility_has_every_public_name_and_hook() -> None:
    page = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
    python, _, rest = page.partition("## Python")[2].partition("## Hooks")
    table = python.partition("| names |")[2].partition("\n\n")[0]
    named = {name for line in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    assert named == set(pytest_modellab.__all__) - {"__version__"}
    hooks = set(re.findall(r"^\| `(pytest_modellab_\w+)\(", rest, re.MULTILINE))
    assert hooks == {name for name in vars(newhooks) if name.startswith("pytest_modellab_")}
