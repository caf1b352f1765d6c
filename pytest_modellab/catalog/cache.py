"""Cache of the validated catalog between sessions.

A catalog without problems is written as JSON under the cache root, one file for each folder, with a key: the digest of
every YAML file, of what validates them (this package, pydantic, Python) and of the extensions that are installed. While
the key is the same, specs are restored without pydantic's checks. A file that is damaged, of another user or of another
version is ignored.

Some catalogs are not cached, because their validity depends on more than the key: those with an engine, metrics or
tasks from outside of this package (their code may change), or with a conversion from a folder of weights (its files
must exist).
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pytest_modellab.core import kept_json
from pytest_modellab.core.extensions import installed, installed_groups
from pytest_modellab.core.user_cache import cache_root
from pytest_modellab.core.version import __version__
from pytest_modellab.engines.registry import GROUP as ENGINES

from .base import MAX_BYTES, Spec
from .catalog import Catalog
from .load import load

FOLDER = "catalogs"
_PACKAGE = Path(__file__).parent.parent
_PATHS = frozenset({"folder", "base"})


def load_cached(folder: Path, base: Path) -> Catalog:
    """As `load`, from the cache where nothing has changed. Raises CatalogError."""
    key = _key(folder)
    if key is None:
        return load(folder, base)
    path = cache_root() / FOLDER / f"{hashlib.sha256(os.fsencode(folder)).hexdigest()[:32]}.json"
    found = _read(path, key)
    if found is not None:
        return Catalog(folder=folder, base=base, **found)
    catalog = load(folder, base)
    if _depends_on_files_alone(catalog) and _key(folder) == key:  # else it was edited meanwhile
        _write(path, key, catalog)
    return catalog


def _key(folder: Path) -> str | None:
    """A digest of everything that the specs of a catalog come from; None where a file can't be read as one."""
    parts: list[object] = [os.fspath(folder), __version__, sys.version, version("pydantic"), _extensions()]
    try:
        parts += [(name, info.st_size, info.st_mtime_ns) for name, info in _code()]
        parts += [(name, hashlib.sha256(data).hexdigest()) for name, data in _files(folder)]
    except OSError:
        return None
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogateescape")).hexdigest()


def _extensions() -> list[tuple[str, str, str]]:
    """Group, name and place of the engines, metrics and tasks of installed packages."""
    return sorted((group, entry.name, entry.value) for group in installed_groups() for entry in installed(group))


def _code() -> Iterator[tuple[str, os.stat_result]]:
    for place, folders, files in os.walk(_PACKAGE):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(files):
            path = os.path.join(place, name)  # noqa: PTH118 - some 300 of them
            yield path, os.stat(path)  # noqa: PTH116 - as above


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The YAML files of a catalog, those that nobody reads included. Raises OSError, also for what is no file."""
    for place in (folder, folder / "models", folder / "datasets"):
        if not place.exists() and place != folder:
            continue
        for entry in sorted(place.iterdir()):
            if entry.suffix in {".yaml", ".yml"}:
                if not entry.is_file() or entry.stat().st_size > MAX_BYTES:
                    raise OSError(f"{entry} is no file of a catalog")
                yield os.fspath(entry), entry.read_bytes()


def _depends_on_files_alone(catalog: Catalog) -> bool:
    models = catalog.models
    places = [str(model.engine_target) for model in models.values()]
    # Engines that no model has are never asked; metrics and tasks are.
    places += [place for group, _, place in _extensions() if group != ENGINES]
    ours = all(place.startswith(f"{_PACKAGE.name}.") for place in places)
    made = [model.weights.convert for model in models.values() if model.weights and model.weights.convert]
    sources = [models[how.source].weights for how in made if how.source is not None]
    return ours and not any(weights.path for weights in sources if weights is not None)


def _write(path: Path, key: str, catalog: Catalog) -> None:
    """Keep a catalog. What can't be kept (a date among an engine's options, a full disk) isn't."""
    names = [each.name for each in fields(catalog) if each.name not in _PATHS]
    try:
        content = {name: _plain(getattr(catalog, name)) for name in names}
        kept_json.write(path, {"key": key, "catalog": content})
    except (OSError, TypeError, ValueError):
        return


def _read(path: Path, key: str) -> dict[str, Any] | None:
    """The fields of the catalog that is kept in `path` under this key; None where there is none to rely on."""
    try:
        found = kept_json.read(path)
        return {name: _restored(value) for name, value in found["catalog"].items()} if found["key"] == key else None
    except (ValueError, LookupError, TypeError, AttributeError):  # written by another version
        return None


def _plain(value: Any) -> Any:
    """A value as JSON: a list is a tuple, an object says what it is. Raises TypeError for what JSON doesn't know."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Spec):
        content = {name: _plain(getattr(value, name)) for name in type(value).model_fields}
        return {"spec": type(value).__name__, "of": content, "set": sorted(value.model_fields_set), "at": value.origin}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, list):
        return {"list": [_plain(each) for each in value]}
    if isinstance(value, dict) and all(isinstance(name, str) for name in value):
        return {"dict": {name: _plain(each) for name, each in value.items()}}
    raise TypeError(f"{type(value).__name__} is not kept")


def _restored(value: Any) -> Any:
    """The inverse of `_plain`. Raises LookupError, TypeError or ValueError for what it never made."""
    if isinstance(value, list):
        return tuple([_restored(each) for each in value])
    if not isinstance(value, dict):
        return value
    if "spec" in value:
        return _spec(_kinds()[value["spec"]], value)
    if "list" in value:
        return [_restored(each) for each in value["list"]]
    return {name: _restored(each) for name, each in value["dict"].items()}


def _spec(kind: type[Spec], value: dict[str, Any]) -> Spec:
    content = {name: _restored(each) for name, each in value["of"].items()}
    if content.keys() != kind.model_fields.keys():
        raise ValueError(f"other fields than a {kind.__name__} has")
    by_alias = {field.alias or name: content[name] for name, field in kind.model_fields.items()}
    spec = kind.model_construct(_fields_set=set(value["set"]), **by_alias)
    spec._origin = value["at"]
    return spec


@cache
def _kinds() -> dict[str, type[Spec]]:
    found: dict[str, type[Spec]] = {}
    waiting = [Spec]
    while waiting:
        kind = waiting.pop()
        found[kind.__name__] = kind
        waiting += kind.__subclasses__()
    return found
