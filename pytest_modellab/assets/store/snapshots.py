"""All files of a hub repository at one commit, each verified against the digest that the hub states.

In the hub's own layout a snapshot is a folder of links to blobs, and a blob's name is its digest: SHA-256 for large
files, git's SHA-1 for small ones.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from .archives import chunks_of
from .errors import SourceFailed
from .hub import download_snapshot, find_snapshot, require_network
from .unpacking import write_json

_LITERAL = re.compile(r"[^*?\[\]]+")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A repository at a commit, or those of its files that a pattern of `include` matches."""

    repo: str
    """`owner/name`."""
    revision: str
    """40 hexadecimal digits: a commit, which nothing can change."""
    include: tuple[str, ...] | None = None
    kind: Literal["model", "dataset"] = "model"

    def __str__(self) -> str:
        return f"hub {'datasets/' if self.kind == 'dataset' else ''}{self.repo} at {self.revision[:8]}"

    @property
    def key(self) -> str:
        """SHA-256 that tells it from every other."""
        patterns = None if self.include is None else sorted(self.include)
        hub = "hub" if self.kind == "model" else "hub datasets"
        return hashlib.sha256(json.dumps([hub, self.repo, self.revision, patterns]).encode()).hexdigest()

    def takes(self, name: str) -> bool:
        """Whether a file in its folder is looked at: of a data set one that a pattern matches, of a model any."""
        return self.kind == "model" or self.include is None or any(fnmatchcase(name, each) for each in self.include)


class Damaged(SourceFailed):
    """A file whose digest isn't the one that the hub states."""


class Snapshots:
    """Snapshots in the user's own hub cache and in `root/hub`; results of verification are in `root/snapshots`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def find(self, snapshot: Snapshot) -> Path | None:
        """The folder that holds it, whole and verified, without asking the network; None where there is none."""
        for cache in (self._root / "hub", None):
            folder = find_snapshot(snapshot.repo, snapshot.revision, snapshot.include, cache, snapshot.kind)
            if folder is not None:
                with suppress(SourceFailed, OSError):
                    self._verify(snapshot, folder, own=cache is not None)
                    return folder
        return None

    def fetch(self, snapshot: Snapshot, bars: bool, announce: Callable[[], object]) -> Path:
        """Download it into our cache. Raises SourceFailed, and OSError where the disk is full. Hold its lock."""
        require_network()
        announce()
        folder = self._download(snapshot, bars)
        try:
            self._verify(snapshot, folder, own=True, fetched=True)
        except Damaged:
            # The damaged blob is gone: what is fetched a second time is new.
            folder = self._download(snapshot, bars)
            self._verify(snapshot, folder, own=True, fetched=True)
        return folder

    def _download(self, snapshot: Snapshot, bars: bool) -> Path:
        place = self._root / "hub"
        return download_snapshot(snapshot.repo, snapshot.revision, snapshot.include, place, bars, snapshot.kind)

    def _verify(self, snapshot: Snapshot, folder: Path, *, own: bool, fetched: bool = False) -> None:
        """Raise SourceFailed unless every file is there and has its digest. One that is unchanged isn't read again.

        `fetched`: the hub's library just said that it is whole. Else our own cache must have been so once; of the
        user's, only a file that `include` names can be missed.
        """
        place = self._root / "snapshots" / (f"{snapshot.key}.json" if own else f"{snapshot.key}-user.json")
        try:
            seen = json.loads(place.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            seen = {}
        found = {path.relative_to(folder).as_posix(): path for path in _files(folder)}
        files = {name: path for name, path in found.items() if snapshot.takes(name)}
        missing = [name for name in snapshot.include or () if _LITERAL.fullmatch(name) and name not in files]
        if own and not fetched:
            missing += sorted(seen.keys() - files.keys()) if seen else ["what an interrupted download left out"]
        if missing or not files:
            raise SourceFailed(f"{snapshot} lacks {', '.join(missing) or 'every file'}")
        stamps = {name: _stamp(path) for name, path in files.items()}
        for name, path in files.items():
            if seen.get(name) != stamps[name]:
                _check(name, path, own=own)
        if stamps != seen:
            # A cache that is read-only serves too; it is only verified anew each time.
            with suppress(OSError):
                write_json(place, stamps)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _stamp(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns, found.st_ino]


def _check(name: str, path: Path, own: bool) -> None:
    """Raise Damaged where a file's bytes aren't those its blob is named by; our own copy is removed then."""
    blob = path.resolve()
    if len(blob.name) == 40:
        size = blob.stat().st_size
        actual = _digest(blob, hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False))
    elif len(blob.name) == 64:
        actual = _digest(blob, hashlib.sha256())
    else:
        # Where links aren't possible the hub's library keeps plain copies, whose names are no digests.
        raise SourceFailed(f"{name} can't be verified: {path} is no link to a blob named by its digest")
    if actual != blob.name:
        if own:
            path.unlink()
            blob.unlink()
        raise Damaged(f"{name} has the wrong digest: the hub says {blob.name}, found {actual}")


def _digest(path: Path, digest: hashlib._Hash) -> str:
    with path.open("rb") as stream:
        for chunk in chunks_of(stream):
            digest.update(chunk)
    return digest.hexdigest()
