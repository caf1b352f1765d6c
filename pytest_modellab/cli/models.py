"""`modellab models`, `modellab pull`, `modellab digest`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pytest_modellab.assets.store import Store, StoreError, Unavailable, digest_file
from pytest_modellab.catalog import Catalog, known, load
from pytest_modellab.catalog.environments import Environments, NoEnvironment, whereabouts
from pytest_modellab.catalog.specs import ModelSpec
from pytest_modellab.catalog.weights import local_folder, state
from pytest_modellab.core.console import printable

from .command import Commands
from .exits import UsageError
from .place import chosen, find_catalog, open_catalog
from .project.scratch import named, scratch
from .tell import tell, tell_lines


def show(options: argparse.Namespace) -> int:
    """A table of every model and whether its weights and its environment are here."""
    from tabulate import tabulate

    if options.known:
        return _show_known()
    catalog = open_catalog(options)
    store = Store()
    environments = Environments(catalog.folder / "models")
    rows = [
        [
            model.id,
            model.engine,
            ", ".join(model.tasks),
            ", ".join(model.tiers) or "-",
            ", ".join(model.devices),
            *state(model, catalog, store),
            environments.state(model),
            model.licence or "-",
        ]
        for model in catalog.models.values()
    ]
    headers = ["model", "engine", "tasks", "tiers", "devices", "size", "weights", "environment", "licence"]
    tell_lines(tabulate(rows, headers))
    tell(f"cache: {store.root}")
    return 0


def _show_known() -> int:
    """A table of the models that come with the package."""
    from tabulate import tabulate

    rows = []
    for name in known.names():
        model = known.content(name)
        files = (model.get("weights") or {}).get("files") or {}
        size = f"{sum(each['size'] for each in files.values()) / 1e6:.0f} MB" if files else "-"
        languages = ", ".join(model.get("languages", ())) or "any"
        rows.append(
            [name, model["engine"], ", ".join(model["tasks"]), languages, size, model["licence"], model["title"]]
        )
    tell_lines(tabulate(rows, ["model", "engine", "tasks", "languages", "size", "licence", "title"]))
    tell(f"`modellab new-model {known.PREFIX}NAME` writes its file; `modellab run NAME AUDIO` tries it")
    return 0


def _no_weights(model: ModelSpec) -> str:
    return f"made of {', '.join(model.parts.values())}" if model.parts else "needs no weights"


def pull(options: argparse.Namespace) -> int:
    """Fetch weights and build environments of the named models, by default of every model in a tier.

    Goes on past a failure.
    """
    names = [named(name) for name in options.models if name.startswith(known.PREFIX)]
    if names:
        own = find_catalog(options)
        with scratch(own, names) as place:
            return _pulled(options, load(place / "lab", place), [each.name for each in names])
    return _pulled(options, open_catalog(options), options.models)


def _pulled(options: argparse.Namespace, catalog: Catalog, wanted: Sequence[str]) -> int:
    store = Store()
    environments = Environments(catalog.folder / "models")
    if options.models:
        models = chosen("model", wanted, catalog.models)
    else:
        models = [model for model in catalog.models.values() if model.tiers]
    failed = 0
    # What a model is made of is fetched with it.
    within = [catalog.models[name] for model in models for name in model.parts.values()]
    for model in {model.id: model for model in [*models, *within]}.values():
        try:
            folder = local_folder(model, catalog, store, asked=True)
        except Unavailable as error:
            failed += 1
            tell_lines(f"{model.id}: not available\n{error}")
        except StoreError as error:
            failed += 1
            tell_lines(f"{model.id}: {error}")
        else:
            tell(f"{model.id}: {folder or _no_weights(model)}")
        try:
            with _telling(model) as say:
                environment = environments.of(model, say)
        except NoEnvironment as error:
            failed += 1
            tell_lines(f"{model.id}: not available\n{error}\n{whereabouts(model, catalog.shown)}")
        else:
            if environment is not None:
                tell(f"{model.id}: Python {environment.python}, {environment.interpreter}")
    return 1 if failed else 0


@contextmanager
def _telling(model: ModelSpec) -> Iterator[Callable[[str], object]]:
    """A line that is rewritten on a terminal; elsewhere the first that is said, and each time it has to wait."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        with tqdm(bar_format="{desc}", dynamic_ncols=True, leave=False) as line:
            yield lambda text: line.set_description_str(printable(f"{model.id}: {text}"))
        return
    said: list[str] = []

    def say(text: str) -> None:
        if not said or text.startswith("waiting"):
            tell(printable(f"{model.id}: {text}"), file=sys.stderr, flush=True)
        said.append(text)

    yield say


def digest(options: argparse.Namespace) -> int:
    """Print the `files:` lines that pin the files of a folder."""
    if not options.folder.is_dir():
        raise UsageError(f"{options.folder} is not a folder")
    files = sorted(path for path in options.folder.rglob("*") if path.is_file())
    if not files:
        raise UsageError(f"{options.folder} holds no files")
    tell("  files:")
    for path in files:
        name = path.relative_to(options.folder).as_posix()
        tell(f"    {name}: {{sha256: {digest_file(path)}, size: {path.stat().st_size}}}")
    return 0


def add(commands: Commands) -> None:
    """Add the command with its options."""
    fetching = commands.add(
        "pull",
        pull,
        "Fetch weights and build environments ahead of time, whatever their size.",
        example="pull faster-whisper-base",
    )
    fetching.add_argument(
        "models", nargs="*", metavar="MODEL", help="ids, globs or known/ID (default: every model in a tier)"
    )
    listed = commands.add(
        "models",
        show,
        "List the models of the catalog and which weights and environments are present.",
        example="models --known",
    )
    listed.add_argument("--known", action="store_true", help="those that come with the package instead")
    lines = commands.add(
        "digest",
        digest,
        "Print the `files:` lines of a spec for a folder of weights.",
        example="digest my-ctranslate2-folder",
    )
    lines.add_argument("folder", type=Path, metavar="FOLDER")
