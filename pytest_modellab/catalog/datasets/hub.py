"""The form `hub`: a data set of the Hugging Face hub, from its Parquet files at one commit.

Without `files` each file is held to the digest that the hub states for it at that commit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from pytest_modellab.assets.store import Attempt, Hub, Snapshot, Unavailable, WantedFile

from ..corpus_specs import HubSpec
from ..specs import DatasetSpec
from ..weights import UNASKED_BYTES, mirror_sources
from .access import DatasetAccess
from .archives import NotPrepared
from .form import DatasetForm
from .parquet_table import ParquetTable
from .tables import Table, from_tables
from .utterance import DatasetError, Utterance

_NUMBERED = re.compile(r"(.*)-(\d{5})-of-(\d{5})([^/]*)\.parquet")


def patterns(given: HubSpec) -> list[tuple[str, ...]]:
    """Patterns of the files of a split, as they are usually named: each on its own, the most likely one first."""
    if given.include is not None:
        return [given.include]
    config, split = given.config, given.split
    usual = [f"{config}/{split}-*.parquet", f"{config}/{split}/*.parquet", f"data/{config}/{split}-*.parquet"]
    if config == "default":
        usual = [f"data/{split}-*.parquet", f"{split}-*.parquet", *usual]
    return [(each,) for each in usual]


def _files(spec: DatasetSpec, given: HubSpec, access: DatasetAccess) -> dict[str, tuple[Path, str]]:
    """The files by name: each with what tells its content. Raises store.Unavailable."""
    if given.files is not None:
        return _pinned(spec, given, access)
    attempts = []
    for each in patterns(given):
        snapshot = Snapshot(given.repo, given.revision, each, "dataset")
        folder = access.store.snapshot(snapshot)
        if folder is None and access.asked:
            try:
                folder = access.store.fetch_snapshot(snapshot)
            except Unavailable as error:
                attempts += [Attempt(f"{snapshot}, {each[0]}", attempt.reason) for attempt in error.attempts]
        if folder is not None:
            return _found(folder, each)
    if not access.asked:
        raise NotPrepared(spec.id, f"{given.repo}, {given.config}, {given.split}, of unknown size,")
    advice = "Run `modellab data prepare` where there is a connection, or name its files by `include`."
    raise Unavailable(f"data set {spec.id}", attempts, advice)


def _pinned(spec: DatasetSpec, given: HubSpec, access: DatasetAccess) -> dict[str, tuple[Path, str]]:
    catalog, store = access.catalog, access.store
    wanted = []
    for name, pinned in (given.files or {}).items():
        mirrors = mirror_sources(pinned.sha256, catalog.mirrors, catalog.folder)
        sources = (Hub(given.repo, given.revision, name, "dataset"), *mirrors)
        wanted.append(WantedFile(name, pinned.sha256, pinned.size, sources))
    cost = sum(each.size or 0 for each in store.missing(wanted))
    if cost > UNASKED_BYTES and not access.asked:
        raise NotPrepared(spec.id, f"{cost / 1e6:.0f} MB")
    paths = store.fetch(wanted)
    return {each.name: (paths[each.name], each.sha256) for each in wanted}


def _found(folder: Path, include: Sequence[str]) -> dict[str, tuple[Path, str]]:
    names = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    chosen = sorted(name for name in names if any(fnmatchcase(name, each) for each in include))
    # The file behind the link is called as its digest, which the store has verified.
    return {name: (names[name], names[name].resolve().name) for name in chosen}


def _check_whole(spec: DatasetSpec, names: Sequence[str]) -> None:
    """Raise DatasetError where a file is missing, as far as the names of the others tell."""
    for match in filter(None, map(_NUMBERED.fullmatch, names)):
        begin, _, count, _ = match.groups()
        there = {found[2] for name in names if (found := _NUMBERED.fullmatch(name)) and found[1] == begin}
        if lacking := [number for i in range(int(count)) if (number := f"{i:05d}") not in there]:
            raise DatasetError(
                f"data set {spec.id}: {begin}-{lacking[0]}-of-{count}.parquet is missing; run `modellab data prepare"
                f" {spec.id}`"
            )


class _Hub(DatasetForm[HubSpec]):
    goes_with = frozenset({"channel", "kind"})
    stored = True

    def read(self, spec: DatasetSpec, given: HubSpec, access: DatasetAccess) -> Sequence[Utterance]:
        files = _files(spec, given, access)
        _check_whole(spec, list(files))
        tables: list[Table] = [
            ParquetTable(path, Path(given.repo) / name, identity) for name, (path, identity) in files.items()
        ]
        return from_tables(spec, given, tables, access, None, ("audio", "text", "id"))

    def summary(self, given: HubSpec) -> str:
        return f"hub {given.repo} {given.config} {given.split}"


FORM = _Hub()
