"""Finding the catalog from the folder one stands in, by the same ini option that pytest reads."""

from __future__ import annotations

import argparse
import configparser
import shlex
import sys
import tomllib
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

from ..catalog import Catalog, load
from ..catalog.errors import suggest
from . import UsageError

T = TypeVar("T")


def open_catalog(options: argparse.Namespace) -> Catalog:
    """The catalog that `--catalog` or the nearest ini file names. Raises CatalogError or UsageError."""
    if options.catalog is not None:
        return load(options.catalog.resolve())
    folder, named = _nearest("modellab_catalog")
    if named is not None:
        # Engines beside the tests are imported as pytest does it.
        sys.path[:0] = [str(folder / each) for each in shlex.split(_option_in(folder, "pythonpath") or "")]
        return load(folder / named, folder)
    fixtures = Path.cwd() / "fixtures"
    if not fixtures.is_dir():
        raise UsageError("no catalog here: give --catalog DIR, or set modellab_catalog in pyproject.toml")
    return load(fixtures)


def reports_folder(options: argparse.Namespace) -> Path:
    """Where records and baselines lie: `--reports`, else as the nearest ini file with a catalog says."""
    if options.reports is not None:
        return Path(options.reports)
    folder, named = _nearest("modellab_catalog")
    return folder / (_option_in(folder, "modellab_reports") or "reports") if named else Path("reports")


def ini_option(name: str) -> str | None:
    """A pytest option as the nearest ini file with a catalog has it."""
    folder, named = _nearest("modellab_catalog")
    return _option_in(folder, name) if named else None


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
