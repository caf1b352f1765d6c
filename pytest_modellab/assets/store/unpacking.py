"""Members of an archive extracted to verified files of the cache in one pass, with a list of them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .archives import read_members
from .blobs import Blobs


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in the cache that was fetched without a known digest."""

    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class Selection:
    """A selection of an archive's members: those whose full name matches a pattern, or those listed."""

    pattern: str | None = None
    names: frozenset[str] = frozenset()

    def takes(self, name: str) -> bool:
        return name in self.names if self.pattern is None else re.fullmatch(self.pattern, name) is not None

    @property
    def key(self) -> str:
        return json.dumps([self.pattern, sorted(self.names)])


class Unpacker:
    """Extracts members of archives; lists of them are under `root/members`."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs

    def members(self, identity: str, wanted: Selection, archive: Callable[[], Path]) -> dict[str, StoredFile]:
        """The wanted members by name, in the archive's order.

        `identity` tells one archive from every other, its digest for instance; `archive` gives its path, and is
        called only where the cache lacks something. Raises SourceFailed where it is damaged, OSError where the
        cache can't be written.
        """
        whole = f"{identity}\n{wanted.key}"
        found = self._listed(_key(whole))
        if found is not None:
            return found
        path = archive()  # before the lock of its members: fetching takes locks of its own
        return self.parts(whole, lambda: read_members(path, wanted.takes))

    def parts(self, identity: str, read: Callable[[], Iterator[tuple[str, Iterable[bytes]]]]) -> dict[str, StoredFile]:
        """What `read` finds, by name and in its order; called only where the cache lacks something.

        `identity` tells it from all else. Raises what `read` raises, OSError where the cache can't be written.
        """
        key = _key(identity)
        found = self._listed(key)
        if found is not None:
            return found
        with self._blobs.locked(f"members-{key}", lambda: None):
            found = self._listed(key)
            if found is None:
                digests = {name: self._blobs.take(chunks) for name, chunks in read()}
                self._list(key, digests)
                found = {name: StoredFile(self._blobs.place(sha256), sha256) for name, sha256 in digests.items()}
        return found

    def _place(self, key: str) -> Path:
        return self._blobs.root / "members" / f"{key}.json"

    def _listed(self, key: str) -> dict[str, StoredFile] | None:
        """What an earlier pass left, if all of it is still there."""
        try:
            listing = json.loads(self._place(key).read_text(encoding="utf-8"))
            found = {str(name): StoredFile(self._blobs.place(sha256), str(sha256)) for name, sha256 in listing.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            return None
        whole = all(self._blobs.verified(kept.sha256) is not None for kept in found.values())
        return found if whole else None

    def _list(self, key: str, digests: dict[str, str]) -> None:
        write_json(self._place(key), digests)


def _key(identity: str) -> str:
    return hashlib.sha256(identity.encode()).hexdigest()


def write_json(place: Path, data: object) -> None:
    """Write a small file whole or not at all. Raises OSError."""
    place.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=place.parent, prefix=".", suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            json.dump(data, out, ensure_ascii=False)
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)
