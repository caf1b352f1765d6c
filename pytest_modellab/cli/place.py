"""Finding the catalog from the folder one stands in, by the same ini option that pytest reads."""

from __future__ import annotations

import argparse
import configparser
import shlex
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

from ..bench.record import CaseRef
from ..catalog import Catalog, load
from ..catalog.baseline_spec import allowed
from ..catalog.errors import suggest
from ..metrics.regression import DEFAULT, Allowed
from . import UsageError

T = TypeVar("T")


def catalog_place(options: argparse.Namespace) -> tuple[Path, Path | None]:
    """The catalog's folder, which need not be there, and the one that messages name files from, if it is known.

    `--catalog` names it, or the nearest ini file; else it is ./fixtures.
    """
    if options.catalog is not None:
        return options.catalog.resolve(), None
    folder, named = _nearest("modellab_catalog")
    return (Path.cwd() / "fixtures", None) if named is None else (folder / named, folder)


def find_catalog(options: argparse.Namespace, *, engines: bool = True) -> Catalog | None:
    """The catalog; None where there is no such folder. Raises CatalogError.

    Commands that only look at records read it without `engines`: they run no code of the repository they look at.
    """
    place, base = catalog_place(options)
    if not place.is_dir():
        return None
    if base is not None and engines:
        # Engines beside the tests are imported as pytest does it.
        sys.path[:0] = [str(base / each) for each in shlex.split(_option_in(base, "pythonpath") or "")]
    return load(place, base, engines=engines)


def allowed_here(options: argparse.Namespace) -> Callable[[CaseRef], Allowed]:
    """How far the error rate of a case may rise, by the limits.yaml of the catalog here; without one the defaults."""
    catalog = find_catalog(options, engines=False)
    if catalog is None:
        return lambda case: DEFAULT
    return lambda case: allowed(catalog.baseline_limits, case, catalog.shown)


def open_catalog(options: argparse.Namespace, *, engines: bool = True) -> Catalog:
    """As `find_catalog`. Raises CatalogError, or UsageError where there is no such folder."""
    found = find_catalog(options, engines=engines)
    if found is None:
        raise UsageError(
            f"no catalog here: {catalog_place(options)[0]} is not a folder\n"
            f"Begin one with `{first_step(options)}` (`modellab doctor` lists the engines),\n"
            "or name another: --catalog DIR, or modellab_catalog in pyproject.toml."
        )
    return found


def first_step(options: argparse.Namespace) -> str:
    """What begins a catalog where there is none."""
    named = [] if options.catalog is None else ["--catalog", str(options.catalog)]
    return f"{shlex.join(['modellab', *named, 'new-model'])} ENGINE ID"


def known_to_pytest(place: Path) -> bool:
    """Whether a session started here finds the catalog in `place`."""
    folder, named = _nearest("modellab_catalog")
    return place.resolve() == (folder / (named or "fixtures")).resolve()


def reports_folder(options: argparse.Namespace) -> Path:
    """Where records and baselines lie: `--reports`, else as the nearest ini file with a catalog says."""
    if options.reports is not None:
        return Path(options.reports)
    folder, named = _nearest("modellab_catalog")
    return folder / (_option_in(folder, "modellab_reports") or "reports") if named else Path("reports")


def reports_beside(catalog: Catalog) -> Path:
    """Where the reports of a catalog's own repository lie, its baselines among them, wherever one stands."""
    return catalog.base / (_option_in(catalog.base, "modellab_reports") or "reports")


def ini_folder() -> Path | None:
    """The folder of the nearest ini file with a catalog; None where there is none."""
    folder, named = _nearest("modellab_catalog")
    return folder if named else None


def ini_option(name: str) -> str | None:
    """A pytest option as the nearest ini file with a catalog has it."""
    folder, named = _nearest("modellab_catalog")
    return _option_in(folder, name) if named else None


def ini_flag(name: str) -> bool:
    """A yes or no of pytest's, yes unless the ini file has another word for it."""
    return (ini_option(name) or "").lower() not in {"n", "no", "f", "false", "off", "0"}


def _nearest(option: str) -> tuple[Path, str | None]:
    """The nearest folder at or above this one whose ini file has `option`, and its value."""
    for folder in (Path.cwd(), *Path.cwd().parents):
        value = _option_in(folder, option)
        if value is not None:
            return folder, value
    return Path.cwd(), None


def _option_in(folder: Path, option: str) -> str | None:
    """A pytest option as the ini file in `folder` has it."""
    pyproject = folder / "pyproject.toml"
    if pyproject.is_file():
        tool = tomllib.loads(pyproject.read_text(encoding="utf-8")).get("tool", {}).get("pytest", {})
        named = tool.get("ini_options", tool).get(option)
        if named is not None:
            return shlex.join(str(each) for each in named) if isinstance(named, list) else str(named)
    for name, section in (("pytest.ini", "pytest"), ("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(folder / name, encoding="utf-8")
        if parser.has_option(section, option):
            return parser.get(section, option)
    return None


def chosen(what: str, globs: Iterable[str], known: Mapping[str, T]) -> list[T]:
    """The values whose ids match any of `globs`. Raises UsageError for a glob that matches none."""
    found: dict[str, T] = {}
    for glob in globs:
        names = [name for name in known if fnmatchcase(name, glob)]
        if not names:
            raise UsageError(f"no {what} matches `{glob}`; {suggest(glob, known)}")
        found.update((name, known[name]) for name in names)
    return list(found.values())
