"""The source files that code depends on: the import closure of modules, read from the source, nothing imported.

A module's imports are all of its import statements, those inside functions included, those under `TYPE_CHECKING` left
out. `from package import name` leads to the module that defines the name: an `__init__.py` that only passes it on,
at once or when asked for it, counts itself, what else it imports doesn't.
"""

from __future__ import annotations

import ast
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib.machinery import BYTECODE_SUFFIXES, EXTENSION_SUFFIXES, SOURCE_SUFFIXES
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pytest_modellab.engines.registry import source_of

if TYPE_CHECKING:
    from pytest_modellab.catalog.environments import Environment

PACKAGE = Path(__file__).parents[1]
NAME = PACKAGE.name
DIGITS = 16
"""Of the SHA-256 of a file, in hexadecimal."""
_MODULES = (*SOURCE_SUFFIXES, *EXTENSION_SUFFIXES)
"""How the file of a module ends."""


class Import(NamedTuple):
    """One name of an import statement: `from ..module import name as called`, with `level` dots."""

    level: int
    module: str
    name: str | None
    called: str | None


def closure(roots: Iterable[str], *, package: Path | None = None) -> dict[str, Path]:
    """Module -> file of everything that these modules of `package` import, themselves and the packages they are in.

    `package` is where this package lies, by default here.
    """
    return _closure(roots, modules(package or PACKAGE))


def modules(package: Path) -> dict[str, str]:
    """Module -> file of all modules of this package where it lies at `package`, as they are now."""
    return dict(_modules(str(package), NAME))


def _modules(folder: str, name: str, real: frozenset[str] = frozenset()) -> Iterator[tuple[str, str]]:
    """Of a package and those in it: the modules first, since of two of one name Python takes the package."""
    folders, files = _entries(folder, real or frozenset({os.path.realpath(folder)}))
    own = {entry.name.removesuffix(".py"): entry.path for entry in files if entry.name.endswith(".py")}
    package = own.pop("__init__", None)
    yield from ((f"{name}.{stem}", path) for stem, path in own.items())
    if package is not None:
        yield name, package
    for entry, known in folders:
        yield from _modules(entry.path, f"{name}.{entry.name}", known)


def _entries(
    folder: str, real: frozenset[str]
) -> tuple[list[tuple[os.DirEntry[str], frozenset[str]]], list[os.DirEntry[str]]]:
    """The folders and files of a package in which modules may lie, links followed, as Python does.

    `real` is where the package and the links on the way to the folder lead: a link that leads there again is left out.
    """
    folders, files = [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink():
                target = os.path.realpath(entry.path)
                if target in real:
                    continue
                if Path(target).is_dir():
                    folders.append((entry, real | {target}))
                elif Path(target).is_file():
                    files.append(entry)
            elif entry.is_dir():
                folders.append((entry, real))
            elif entry.is_file():
                files.append(entry)
    return [each for each in folders if each[0].name != "__pycache__" and not each[0].name.startswith(".")], files


def _closure(roots: Iterable[str], files: Mapping[str, str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    waiting = list(roots)
    while waiting:
        module = waiting.pop()
        if module not in files or module in found:
            continue
        path = found[module] = Path(files[module])
        waiting.extend(_imported_by(module, path, files))
    for module in tuple(found):
        for parent in _parents(module):
            if parent in files:
                found.setdefault(parent, Path(files[parent]))
    return found


def of_answers(
    engine: str,
    environment: Environment | None = None,
    *,
    roots: Iterable[str] = (),
    alone: Iterable[str] = (),
) -> dict[str, str]:
    """Digests of the files that an answer depends on, by module: the engine's and those of `roots` with what they
    import, and of the modules `alone` nothing but themselves.

    Of somebody else's package all files count, data and compiled modules too, since which of them the engine uses can't
    be told. Such an engine is what it is in the `environment` of the model, if that has one.
    """
    place, files = engine.rpartition(":")[0], modules(PACKAGE)
    starts, found = _roots(roots, files)
    if place.partition(".")[0] == NAME:
        starts.append(place)
    else:
        added = _foreign(engine, place, environment)
        found |= added
        starts += [module for path in added.values() for module in _ours_in(path, files)]
    found |= _closure(starts, files)
    found |= {module: Path(files[module]) for module in alone if module in files}
    return digests(found)


def of_modules(roots: Iterable[str]) -> dict[str, str]:
    """Digests of the files of modules and of what they import, by module; of somebody else's package, all files."""
    files = modules(PACKAGE)
    starts, found = _roots(roots, files)
    return digests(found | _closure(starts, files))


def _roots(roots: Iterable[str], files: Mapping[str, str]) -> tuple[list[str], dict[str, Path]]:
    """The modules among `files` to start from, and the files of somebody else's."""
    starts: list[str] = []
    found: dict[str, Path] = {}
    for root in roots:
        if root.partition(".")[0] == NAME:
            starts.append(root)
        else:
            added = _foreign(f"{root}:", root, None)
            found |= added
            starts += [module for path in added.values() for module in _ours_in(path, files)]
    return starts, found


def digests(files: Mapping[str, Path]) -> dict[str, str]:
    """The digest of each of these files, sorted by name."""
    return {name: _digest(path, *_state(path)) for name, path in sorted(files.items())}


def sources_digest(engine: str, environment: Environment | None = None) -> str:
    """SHA-256 over the source of an engine, and of what it imports of this package."""
    return hashlib.sha256(repr(of_answers(engine, environment)).encode()).hexdigest()


def _parents(module: str) -> Iterator[str]:
    while "." in module:
        module = module.rpartition(".")[0]
        yield module


def _imported_by(module: str, path: Path, files: Mapping[str, str]) -> Iterator[str]:
    for each in _imports(path, *_state(path)):
        yield from _meant(_absolute(each, module, path), each.name, files)


def _ours_in(path: Path, files: Mapping[str, str]) -> Iterator[str]:
    """The modules of this package that a file of another one imports."""
    for each in _imports(path, *_state(path)):
        if not each.level:
            yield from _meant(each.module, each.name, files)


def _absolute(each: Import, module: str, path: Path) -> str:
    if not each.level:
        return each.module
    steps = module.split(".")
    base = steps[: len(steps) - each.level + (path.name == "__init__.py")]
    return ".".join([*base, *filter(None, [each.module])])


def _meant(base: str, name: str | None, files: Mapping[str, str]) -> Iterator[str]:
    """The module that `from base import name` is about: a module itself, or the one that the name comes from."""
    if name is not None and f"{base}.{name}" in files:
        yield f"{base}.{name}"
        return
    file = files.get(base)
    if file is None:
        return
    if name is not None and file.endswith(f"{os.sep}__init__.py"):
        path = Path(file)
        passed_on = _passed_on(path, *_state(path)).get(name)
        if passed_on is not None:
            yield from _meant(_absolute(passed_on, base, path), passed_on.name, files)
            return
    yield base


def _foreign(engine: str, place: str, environment: Environment | None) -> dict[str, Path]:
    """The files of somebody else's engine, by the names that they have in every checkout."""
    own_file = place.endswith(".py")
    source = source_of(engine) if environment is None or own_file else environment.source(place)
    if source is None:
        return {}
    if own_file:
        return {source.name: source}
    steps = place.count(".") + (source.name == "__init__.py")
    if steps:
        root = source.parents[steps - 1]
        found = {path.relative_to(root.parent).as_posix(): path for path in _files_of(str(root))}
    else:
        root, found = source, {place: source}
    return found | _beside(found.values(), root.parent)


def _beside(files: Iterable[Path], folder: Path) -> dict[str, Path]:
    """What files import that lies beside them in `folder`, as the modules of a repository do.

    Where packages are installed everything does: there their versions tell them apart.
    """
    if {"site-packages", "dist-packages"}.intersection(folder.parts):
        return {}
    found: dict[str, Path] = {}
    waiting = list(files)
    while waiting:
        path = waiting.pop()
        for top in {each.module.partition(".")[0] for each in _imports(path, *_state(path)) if not each.level}:
            if top == NAME:
                continue
            for each in _of_name(top, folder):
                name = each.relative_to(folder).as_posix()
                if name not in found:
                    found[name] = each
                    waiting.append(each)
    return found


def _of_name(top: str, folder: Path) -> Iterator[Path]:
    """The files in `folder` that `import top` may lead to: all of a package; without `__init__.py` its modules alone,
    since any folder may be such a one.
    """
    package = folder / top
    if package.is_dir():
        whole = (package / "__init__.py").is_file()
        yield from (each for each in _files_of(str(package)) if whole or each.name.endswith(_MODULES))
        if whole:
            return
    yield from (each for suffix in _MODULES if (each := folder / f"{top}{suffix}").is_file())


def _files_of(package: str, real: frozenset[str] = frozenset()) -> Iterator[Path]:
    """All files of a package but what Python and tools keep in it for themselves."""
    folders, files = _entries(package, real or frozenset({os.path.realpath(package)}))
    yield from (Path(each.path) for each in files if not each.name.endswith(tuple(BYTECODE_SUFFIXES)))
    for entry, known in folders:
        yield from _files_of(entry.path, known)


def _state(path: Path) -> tuple[int, ...]:
    """What a file can't keep while what is in it changes; the change time, since a copy may keep the other."""
    state = path.stat()
    return state.st_mtime_ns, state.st_ctime_ns, state.st_ino, state.st_size


@lru_cache(maxsize=4096)
def _digest(path: Path, *state: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:DIGITS]


@lru_cache(maxsize=4096)
def _imports(path: Path, *state: int) -> tuple[Import, ...]:
    if path.suffix not in SOURCE_SUFFIXES:
        return ()
    try:
        tree = ast.parse(path.read_bytes())
    except SyntaxError:  # it can't be imported, and so imports nothing
        return ()
    return tuple(_statements(tree))


@lru_cache(maxsize=4096)
def _passed_on(path: Path, *state: int) -> Mapping[str, Import]:
    """What an `__init__.py` imports, by name; also for types only, as one does that gives its names when asked."""
    try:
        tree = ast.parse(path.read_bytes())
    except SyntaxError:
        return {}
    found = list(_statements(tree))
    for child in tree.body:
        if isinstance(child, ast.If) and _for_types_only(child.test):
            found += _statements(ast.Module(child.body, []))
    return {each.called: each for each in reversed(found) if each.called is not None}


def _statements(node: ast.AST) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(0, each.name, None, None) for each in child.names)
        elif isinstance(child, ast.ImportFrom):
            for each in child.names:
                yield Import(child.level, child.module or "", each.name, each.asname or each.name)
        elif isinstance(child, ast.If) and _for_types_only(child.test):
            for other in child.orelse:
                yield from _statements(ast.Module([other], []))
        elif isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield from _statements(child)


def _for_types_only(test: ast.expr) -> bool:
    name = test.id if isinstance(test, ast.Name) else test.attr if isinstance(test, ast.Attribute) else ""
    return name == "TYPE_CHECKING"
