"""The rooms of the package: which may use which, and that no modules import each other in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from pytest_modellab.tasks.registry import TASKS

PACKAGE = Path(__file__).parents[1] / "pytest_modellab"
NAME = PACKAGE.name
ROOMS = ("core", "engines", "assets", "catalog", "tasks", "results", "runner", "reports", "plugin", "cli")
"""From the floor up: a room imports from itself and from those before it."""
LONGEST = 400
"""Lines of a file. A longer one holds two ideas."""


@cache
def modules() -> dict[str, Path]:
    """Module -> file."""
    return {
        ".".join((NAME, *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): path
        for path in PACKAGE.rglob("*.py")
    }


def imported(module: str, path: Path) -> Iterator[str]:
    """The modules of the package that a module imports: at the top, in functions and for types alone."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name in modules())
        elif isinstance(node, ast.ImportFrom):
            steps = package.split(".")
            base = ".".join(steps[: len(steps) - node.level + 1]) if node.level else ""
            target = ".".join(filter(None, (base, node.module)))
            for each in node.names:
                name = f"{target}.{each.name}"
                if name in modules() or target in modules():
                    yield name if name in modules() else target


@cache
def graph() -> dict[str, frozenset[str]]:
    return {module: frozenset(imported(module, path)) - {module} for module, path in modules().items()}


def room(module: str) -> str:
    # `python -m pytest_modellab` is the command, and has to stand beside the rooms.
    return "cli" if module == f"{NAME}.__main__" else module.split(".")[1] if "." in module else ""


def test_every_module_stands_in_a_room() -> None:
    assert {room(module) for module in modules()} == {"", *ROOMS}
    assert sorted(path.name for path in PACKAGE.glob("*.py")) == ["__init__.py", "__main__.py"]


def test_a_room_uses_only_those_below_it() -> None:
    up = [
        f"{module} imports {target}"
        for module, targets in graph().items()
        for target in targets
        if room(module) and room(target) and ROOMS.index(room(target)) > ROOMS.index(room(module))
    ]
    assert up == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    left = {module: set(targets) for module, targets in graph().items()}
    # What imports nothing that is left can be in no circle.
    while done := [module for module, targets in left.items() if not targets & left.keys()]:
        for module in done:
            del left[module]
    # Nor can what nobody that is left imports.
    while done := [module for module in left if not any(module in targets for targets in left.values())]:
        for module in done:
            del left[module]
    assert {module: sorted(targets & left.keys()) for module, targets in left.items()} == {}


@pytest.mark.parametrize("folder", ["pytest_modellab", "benchmarks", "suites", "examples", "docs", "tests"])
def test_no_file_is_longer_than_one_idea(folder: str) -> None:
    lengths = {
        path.as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in (PACKAGE.parent / folder).rglob("*.py")
    }
    assert {path: length for path, length in lengths.items() if length > LONGEST} == {}


def test_tests_mirror_the_rooms() -> None:
    tests = Path(__file__).parent
    own = {path.parent.name for path in tests.rglob("test_*.py") if path.parent != tests}
    assert own <= set(ROOMS)


def listed_tasks(path: Path) -> Iterator[str]:
    """Literal collections, and match statements, that name two or more tasks."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Set(elts=elements) | ast.List(elts=elements) | ast.Tuple(elts=elements):
                listed: list[ast.AST] = [*elements]
            case ast.Dict(keys=keys):
                listed = [key for key in keys if key is not None]
            case ast.Match(cases=cases):
                listed = [case.pattern for case in cases]
            case _:
                continue
        named = {each.value for part in listed for each in ast.walk(part) if isinstance(each, ast.Constant)}
        if len(named & TASKS.keys()) >= 2:
            yield f"{path.relative_to(PACKAGE).as_posix()}:{node.lineno}"


def test_no_list_of_tasks_stands_beside_their_registry() -> None:
    elsewhere = [
        path for module, path in modules().items() if room(module) not in {"engines", "tasks"}
    ]  # engines state theirs
    found = {path: [*listed_tasks(path)] for path in elsewhere}
    allowed = PACKAGE / "results" / "record_migration.py"  # the parts of modellab.record/1 don't change any more
    assert [place for path, places in found.items() if path != allowed for place in places] == []


@pytest.mark.parametrize("code", ["{'asr', 'tts'}", "{'asr': 1, 'chat': 2}", "match x:\n case 'tts' | 'chat': 1"])
def test_such_a_list_would_be_found(code: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(f"{__name__}.PACKAGE", tmp_path)
    (tmp_path / "module.py").write_text(code)
    assert [*listed_tasks(tmp_path / "module.py")]
