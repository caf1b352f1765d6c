"""Folders of reports on shared storage: what isn't there yet is sent, or fetched."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

from pytest_modellab.assets.store import cache_root
from pytest_modellab.assets.store.remote import Translated, system_of
from pytest_modellab.core.remote_path import RemotePath

_NEVER_CHANGE = ("runs", "audio", "scorecards")
"""Folders whose files have names of their own: one of the same name and size is the same."""
_MAY_CHANGE = ("baselines", "scorecard.json", "scorecard.html")


def copy_of(url: str) -> Path:
    """The folder of this machine that the reports at a URL are copied to: in the cache, one for each URL."""
    return cache_root() / "reports" / hashlib.sha256(url.encode()).hexdigest()[:16]


def send(folder: Path, to: RemotePath) -> list[str]:
    """Copy records, sounds, baselines and the scorecard of a folder of reports; the names of what was copied.

    Journals of running sessions stay. Raises SourceFailed, OSError.
    """
    system, place = system_of(to)
    there = _sizes(to)
    sent = []
    for name, size in _local(folder):
        if there.get(name) == size and _fixed(name):
            continue
        with Translated(to):
            target = f"{place.rstrip('/')}/{name}"
            system.makedirs(target.rpartition("/")[0], exist_ok=True)
            system.put_file(str(folder / name), target)
        sent.append(name)
    return sent


def fetch(source: RemotePath, folder: Path) -> list[str]:
    """The same from shared storage. Raises SourceFailed, OSError; FileNotFoundError where nothing is there."""
    system, place = system_of(source)
    there = _sizes(source)
    if not there:
        raise FileNotFoundError(f"{source}: no reports are there")
    here = dict(_local(folder))
    fetched = []
    for name in sorted(there, key=_tables_first):
        if here.get(name) == there[name] and _fixed(name):
            continue
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        with Translated(source), system.open(f"{place.rstrip('/')}/{name}", "rb") as stream, part.open("wb") as file:
            shutil.copyfileobj(stream, file)
        part.replace(path)
        fetched.append(name)
    return fetched


def _local(folder: Path) -> Iterator[tuple[str, int]]:
    """Names and sizes of what is copied, a table before the record that it belongs to."""
    found = [path for top in (*_NEVER_CHANGE, *_MAY_CHANGE) for path in _files(folder / top)]
    names = {path.relative_to(folder).as_posix(): path.stat().st_size for path in found}
    return ((name, names[name]) for name in sorted(names, key=_tables_first))


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return [each for each in path.rglob("*") if each.is_file() and not each.name.startswith(".")]
    return [path] if path.is_file() else []


def _sizes(folder: RemotePath) -> dict[str, int | None]:
    """Names and sizes of what is there, of the kind that is copied."""
    system, place = system_of(folder)
    root = place.rstrip("/")
    found: dict[str, int | None] = {}
    with Translated(folder), suppress(FileNotFoundError):
        for path, entry in system.find(root, detail=True).items():
            name = str(path).removeprefix(root).lstrip("/")
            steps = PurePosixPath(name).parts
            if steps and ".." not in steps and steps[0] in {*_NEVER_CHANGE, *_MAY_CHANGE}:
                found[name] = entry.get("size")
    return found


def _fixed(name: str) -> bool:
    return name.partition("/")[0] in _NEVER_CHANGE


def _tables_first(name: str) -> tuple[bool, str]:
    return (not name.endswith(".parquet"), name)
