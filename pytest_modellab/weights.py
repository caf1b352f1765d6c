"""A model's files, from its spec to a local folder: hub first, then mirrors, every byte verified."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from .catalog.specs import MirrorPart, MirrorSpec, ModelSpec
from .store import Attempt, Folder, Hub, Parts, Sdist, Source, Store, Unavailable, Wanted, Wheel, digest_file

# More than this for one model is never fetched by a test run unasked: `modellab pull` does it.
UNASKED_BYTES = 200_000_000


class NotPulled(Unavailable):
    """The files are not here, and are more than is fetched without being asked for."""

    def __init__(self, model: str, cost: int) -> None:
        super().__init__(
            f"weights of {model}",
            [Attempt("a download", f"{cost / 1e6:.0f} MB are missing, more than is fetched unasked")],
            f"Run `modellab pull {model}`.",
        )


def wanted_files(model: ModelSpec, mirrors: Mapping[str, tuple[MirrorSpec, ...]], folder: Path) -> list[Wanted]:
    """What the store is asked for. `folder` is the catalog's, which relative mirror folders start from."""
    weights = model.weights
    if weights is None or weights.files is None:
        return []
    wanted = []
    for name, pinned in weights.files.items():
        sources: list[Source] = []
        if weights.repo is not None and weights.revision is not None:
            sources.append(Hub(weights.repo, weights.revision, name))
        sources.extend(mirror_sources(pinned.sha256, mirrors, folder))
        wanted.append(Wanted(name, pinned.sha256, pinned.size, tuple(sources)))
    return wanted


def mirror_sources(sha256: str, mirrors: Mapping[str, tuple[MirrorSpec, ...]], folder: Path) -> list[Source]:
    """Where else the bytes with this digest lie."""
    sources: list[Source] = []
    for mirror in mirrors.get(sha256, ()):
        parts = tuple(_part(part, folder) for part in mirror.parts)
        sources.append(parts[0] if len(parts) == 1 else Parts(parts))
    return sources


def _part(part: MirrorPart, folder: Path) -> Wheel | Sdist | Folder:
    if part.wheel is not None:
        return Wheel(part.wheel, part.member)
    if part.sdist is not None:
        return Sdist(part.sdist, part.member)
    return Folder(folder / str(part.folder), part.member)


def missing_bytes(wanted: list[Wanted], store: Store) -> int:
    """How many bytes a fetch would download."""
    return sum(each.size or 0 for each in store.missing(wanted))


def local_folder(
    model: ModelSpec,
    mirrors: Mapping[str, tuple[MirrorSpec, ...]],
    folder: Path,
    store: Store,
    *,
    asked: bool = False,
) -> Path | None:
    """The folder to load from; None for an engine that needs no weights.

    Raises store.Unavailable where the files can't be had, or would cost more than UNASKED_BYTES and nobody
    asked (`asked=True` is `modellab pull`).
    """
    weights = model.weights
    if weights is None:
        return None
    if weights.path is not None:
        return folder / "models" / weights.path
    wanted = wanted_files(model, mirrors, folder)
    cost = missing_bytes(wanted, store)
    if not asked and cost > UNASKED_BYTES:
        raise NotPulled(model.id, cost)
    return store.folder(wanted)


def size(model: ModelSpec, folder: Path) -> int | None:
    """Bytes of a model's files on disk; None for an engine that needs none."""
    weights = model.weights
    if weights is None:
        return None
    if weights.files is not None:
        return sum(pinned.size for pinned in weights.files.values())
    root = folder / "models" / str(weights.path)
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())


def digest(model: ModelSpec, folder: Path) -> str | None:
    """One SHA-256 for all of a model's files: over `name NUL sha256 LF`, sorted by name."""
    weights = model.weights
    if weights is None:
        return None
    if weights.files is not None:
        pairs = {name: pinned.sha256 for name, pinned in weights.files.items()}
    else:
        root = folder / "models" / str(weights.path)
        pairs = {path.relative_to(root).as_posix(): digest_file(path) for path in root.rglob("*") if path.is_file()}
    return digest_pairs(pairs)


def digest_pairs(pairs: Mapping[str, str]) -> str:
    text = "".join(f"{name}\0{sha}\n" for name, sha in sorted(pairs.items()))
    return hashlib.sha256(text.encode()).hexdigest()
