"""`modellab init`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_modellab.assets.store import Store
from pytest_modellab.catalog import Catalog, load
from pytest_modellab.catalog.weights import missing_bytes, wanted_files
from pytest_modellab.core import git
from pytest_modellab.core.console import counted
from pytest_modellab.engines.registry import engine_class, remedy

from . import pre_push
from .command import Commands
from .configuration import Configuration, configuration
from .exits import Exit
from .project import texts
from .project.begin import TEXT_HELP, Models, data_files, id_of, known_model, model_files, models_for, recognised
from .project.planned import Planned, write
from .project.settings import (
    CATALOG,
    gitignore,
    has_fixtures_of_our_names,
    prefix_of_tests,
    test_place,
    with_catalog,
)
from .project.told import checked, language_of, remarks
from .tell import tell, tell_lines


def run(options: argparse.Namespace) -> int:
    """Begin a catalog for somebody's recordings, and say the next command; 1 where something is left to do."""
    found = configuration()
    source = recognised(options.place, options.revision, options.text)
    language = language_of(options.language, source)
    id = id_of(options.id, source)
    folder = _catalog_folder(options, found)
    models = {known_model(name): ("smoke", "real_e2e") for name in options.model} or models_for(language)
    for remark in remarks(options.place, source, options.language):
        tell(remark)
    files = [*data_files(folder, source, id, language), *model_files(folder, models)]
    files += [Planned(folder / "limits.yaml", texts.limits()), *_of_project(options, found, folder, models)]
    written = write(files, merge=options.merge)
    for line in written.lines:
        tell_lines(line)
    catalog = load(folder, found.base)
    if not checked(catalog, id):
        return Exit.WRONG
    if options.hook:
        pre_push.install(Path.cwd(), home=None if found.file is None else found.base)
        tell("installed the pre-push hook")
    for line in _next(catalog, id, models):
        tell(line)
    return Exit.OK if written.whole else Exit.WRONG


def _catalog_folder(options: argparse.Namespace, found: Configuration) -> Path:
    """Where the catalog is, or is to be: as named, as configured, where one is without being named, else a new one."""
    if options.catalog is not None:
        return Path(options.catalog).resolve()
    usual = found.path("modellab_catalog", "fixtures")
    here = found.text("modellab_catalog") is not None or (usual / "models").is_dir()
    return usual if here else found.base / CATALOG


def _of_project(options: argparse.Namespace, found: Configuration, folder: Path, models: Models) -> Iterator[Planned]:
    """What is beside the catalog: settings, a test, what git leaves out, a job of CI."""
    if folder == found.base / CATALOG and (settings := with_catalog(found)) is not None:
        yield settings
    test = test_place(found)
    long_names = has_fixtures_of_our_names(test.parent, found.base)
    yield Planned(test, texts.test(prefix_of_tests(found), long_names=long_names))
    place = Path(options.place).resolve()
    yield gitignore(found.base, found.path("modellab_reports", "reports"), place if place.exists() else None)
    root = Path(git.told(found.base, "rev-parse", "--show-toplevel") or found.base)
    below = found.base.resolve().relative_to(root).as_posix() if found.base.resolve().is_relative_to(root) else "."
    for service in options.ci:
        catalog = folder.relative_to(found.base).as_posix() if folder.is_relative_to(found.base) else CATALOG
        path, text = texts.ci(service, catalog, ["faster-whisper", "data", "report"], below)
        yield Planned(root / path, text)


def _next(catalog: Catalog, id: str, models: Models) -> Iterator[str]:
    """The commands that follow."""
    store = Store()
    smoke = [catalog.models[name] for name, tiers in models.items() if "smoke" in tiers and name in catalog.models]
    missing = sum(missing_bytes(wanted_files(model, catalog), store) for model in smoke)
    engines = {engine_class(model.engine_target or "") for model in smoke}
    lacking = [engine for engine in engines if not _here(engine.distributions)]
    yield "next:"
    yield from (f"  {remedy(engine)}" for engine in lacking)
    fetched = f"; fetches {missing / 1e6:.0f} MB of weights first" if missing else ""
    yield f"  pytest -m smoke    # {counted(len(smoke), 'model')} on your recordings{fetched}"
    first = next(iter(models))
    yield f"  modellab calibrate {first} {id}    # proposes limits, from several runs"
    yield "  modellab baseline save    # answers that later runs are compared with"


def _here(distributions: Sequence[str]) -> bool:
    from importlib.metadata import PackageNotFoundError, version

    try:
        for name in distributions:
            version(name)
    except PackageNotFoundError:
        return False
    return True


def add(commands: Commands) -> None:
    """Add the command with its options."""
    begun = commands.add(
        "init",
        run,
        "Begin a catalog for your recordings: data set, two known models, limits, a test, pytest's settings.",
        example="init calls/",
    )
    begun.add_argument(
        "place",
        nargs="?",
        default=".",
        metavar="PLACE",
        help="a folder of recordings, a file that lists them, or OWNER/NAME of the hub (default: this folder)",
    )
    begun.add_argument("--id", metavar="ID", help="of the data set (default: the name of the folder or file)")
    begun.add_argument("--language", metavar="TAG", help="of the recordings (default: guessed, and told)")
    begun.add_argument("--text", metavar="COLUMN", help=TEXT_HELP)
    begun.add_argument("--revision", metavar="COMMIT", help="of a data set of the hub (default: its newest)")
    begun.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="NAME",
        help="a known model in place of the two; repeatable; `modellab models --known` lists them",
    )
    begun.add_argument(
        "--ci",
        action="append",
        default=[],
        choices=sorted(texts.CI),
        help="also write a job that runs the smoke tests; repeatable",
    )
    begun.add_argument("--hook", action="store_true", help="also install the pre-push hook")
    begun.add_argument("--merge", action="store_true", help="add lines to files that are there, as shown without it")
