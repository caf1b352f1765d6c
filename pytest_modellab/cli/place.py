"""Discovery of the catalog from the current folder, as pytest does it."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

from pytest_modellab.catalog import Catalog, load
from pytest_modellab.catalog.baseline_spec import allowed
from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.catalog.errors import suggest
from pytest_modellab.core.remote_path import is_remote
from pytest_modellab.core.stats.regression import DEFAULT, Allowed

from .configuration import configuration
from .exits import UsageError

T = TypeVar("T")


def catalog_place(options: argparse.Namespace) -> tuple[Path, Path | None]:
    """The catalog's folder, which need not be there, and the one that messages name files from, if it is known.

    `--catalog` names it, or pytest's configuration; else it is `fixtures` beside that.
    """
    if options.catalog is not None:
        return options.catalog.resolve(), None
    found = configuration()
    return found.path("modellab_catalog", "fixtures"), found.base


def find_catalog(options: argparse.Namespace, *, engines: bool = True) -> Catalog | None:
    """The catalog; None where there is no such folder. Raises CatalogError.

    Commands that only look at records read it without `engines`: they run no code of the repository they look at.
    """
    place, base = catalog_place(options)
    if not place.is_dir():
        return None
    if base is not None and engines:
        # Engines beside the tests are imported as pytest does it.
        sys.path[:0] = [str(base / each) for each in configuration().words("pythonpath")]
    return load(place, base, engines=engines)


def allowed_here(options: argparse.Namespace) -> Callable[[CaseRef], Allowed]:
    """The allowed rise of a case's error rate, by the limits.yaml of the local catalog; without one the defaults."""
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
            f"Begin one with `{first_step(options)}`, a folder of recordings with transcripts,\n"
            "or name another: --catalog DIR, or modellab_catalog in pyproject.toml."
        )
    return found


def first_step(options: argparse.Namespace) -> str:
    """The command that creates a catalog where there is none."""
    named = [] if options.catalog is None else ["--catalog", str(options.catalog)]
    return f"{shlex.join(['modellab', *named, 'init'])} FOLDER"


def known_to_pytest(place: Path) -> bool:
    """Whether a session started here finds the catalog in `place`."""
    return place.resolve() == configuration().path("modellab_catalog", "fixtures").resolve()


def reports_there(options: argparse.Namespace) -> Path:
    """The folder of reports, to be read. Raises UsageError where one that was named isn't there."""
    folder = reports_folder(options)
    if options.reports is not None and not folder.is_dir():
        raise UsageError(f"no folder {folder}; run pytest first, or name another: --reports DIR")
    return folder


def reports_folder(options: argparse.Namespace) -> Path:
    """Where records and baselines lie: `--reports`, else as pytest's configuration says."""
    if options.reports is not None:
        if is_remote(options.reports):
            raise UsageError(
                f"{options.reports} is not on this machine: `modellab copy {options.reports} DIR`, then --reports DIR"
            )
        return Path(options.reports)
    found = configuration()
    path = found.path("modellab_reports", "reports")
    # As short as it can be told.
    return path.relative_to(found.base) if found.file is None and path.parent == Path.cwd() else path


def reports_beside(catalog: Catalog) -> Path:
    """Where the reports of a catalog's own repository lie, its baselines among them, wherever one stands."""
    return configuration(catalog.base).path("modellab_reports", "reports")


def chosen(what: str, globs: Iterable[str], known: Mapping[str, T]) -> list[T]:
    """The values whose ids match any of `globs`. Raises UsageError for a glob that matches none."""
    found: dict[str, T] = {}
    for glob in globs:
        names = [name for name in known if fnmatchcase(name, glob)]
        if not names:
            raise UsageError(f"no {what} matches `{glob}`; {suggest(glob, known)}")
        found.update((name, known[name]) for name in names)
    return list(found.values())
