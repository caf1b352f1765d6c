"""`modellab models`, `modellab pull`, `modellab digest`."""

from __future__ import annotations

import argparse

from ..catalog import Catalog
from ..catalog.specs import ModelSpec
from ..store import Store, StoreError, Unavailable, digest_file
from ..weights import local_folder, present, wanted_files
from ..weights import size as size_of
from . import UsageError
from .place import chosen, open_catalog


def show(options: argparse.Namespace) -> int:
    """A table of every model and whether its weights are here."""
    from tabulate import tabulate

    catalog = open_catalog(options)
    store = Store()
    rows = [
        [
            model.id,
            model.engine,
            ", ".join(model.tasks),
            ", ".join(model.tiers) or "-",
            ", ".join(model.devices),
            *_weights(model, catalog, store),
            model.licence or "-",
        ]
        for model in catalog.models.values()
    ]
    print(tabulate(rows, ["model", "engine", "tasks", "tiers", "devices", "size", "weights", "licence"]))
    print(f"cache: {store.root}")
    return 0


def _weights(model: ModelSpec, catalog: Catalog, store: Store) -> tuple[str, str]:
    """Size and presence of a model's files, in words."""
    if model.weights is None:
        return "-", "none needed"
    if model.weights.path is not None:
        return "-", f"local: {model.weights.path}"
    if model.weights.files is None:
        how = model.weights.convert
        folder = present(model, catalog, store)
        if folder is None:
            return "-", "absent" if how is None else f"made from {how.source} when needed"
        return f"{(size_of(folder) or 0) / 1e6:.0f} MB", "present" if how is None else f"made from {how.source}"
    wanted = wanted_files(model, catalog)
    missing = store.missing(wanted)
    size = f"{sum(each.size or 0 for each in wanted) / 1e6:.0f} MB"
    if not missing:
        return size, "present"
    return size, "absent" if len(missing) == len(wanted) else f"{len(missing)} of {len(wanted)} files absent"


def pull(options: argparse.Namespace) -> int:
    """Fetch the weights of the named models, by default of every model in a tier; go on past a failure."""
    catalog = open_catalog(options)
    store = Store()
    if options.models:
        models = chosen("model", options.models, catalog.models)
    else:
        models = [model for model in catalog.models.values() if model.tiers]
    failed = 0
    for model in models:
        try:
            folder = local_folder(model, catalog, store, asked=True)
        except Unavailable as error:
            failed += 1
            print(f"{model.id}: not available\n{error}")
        except StoreError as error:
            failed += 1
            print(f"{model.id}: {error}")
        else:
            print(f"{model.id}: {folder or 'needs no weights'}")
    return 1 if failed else 0


def digest(options: argparse.Namespace) -> int:
    """Print the `files:` lines that pin the files of a folder."""
    if not options.folder.is_dir():
        raise UsageError(f"{options.folder} is not a folder")
    files = sorted(path for path in options.folder.rglob("*") if path.is_file())
    if not files:
        raise UsageError(f"{options.folder} holds no files")
    print("  files:")
    for path in files:
        name = path.relative_to(options.folder).as_posix()
        print(f"    {name}: {{sha256: {digest_file(path)}, size: {path.stat().st_size}}}")
    return 0
