"""Files of a model on the nodes of a cluster: told by digest, found there, or sent once to each node."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = "shipped"
"""In the cache: a folder for each parcel that was received, named by its digest."""
CHUNK_BYTES = 32 * 2**20


@dataclass(frozen=True)
class Parcel:
    """A folder of files, or a single file: relative path -> SHA-256 and size in bytes."""

    path: str
    """Where it lies on the machine of the session."""
    files: dict[str, tuple[str, int]]

    @property
    def digest(self) -> str:
        """SHA-256 of all names and digests."""
        return hashlib.sha256(repr(sorted(self.files.items())).encode()).hexdigest()


def parcel_of(path: Path) -> Parcel:
    """What lies at `path`, links followed."""
    if path.is_file():
        return Parcel(str(path), {"": (_sha256(path), path.stat().st_size)})
    files = sorted(each for each in path.rglob("*") if each.is_file())
    return Parcel(
        str(path), {each.relative_to(path).as_posix(): (_sha256(each), each.stat().st_size) for each in files}
    )


def chunks(parcel: Parcel) -> Iterator[tuple[str, bytes]]:
    """The files of a parcel in pieces, in order; the piece of an empty file is empty."""
    for name in parcel.files:
        with (Path(parcel.path) / name).open("rb") as file:
            piece = file.read(CHUNK_BYTES)
            yield name, piece
            while piece := file.read(CHUNK_BYTES):
                yield name, piece


class Shelf:
    """The parcels that a node has: those at the same path, as on shared storage, and those that were sent to it."""

    def __init__(self, cache: Path) -> None:
        self._folder = cache / FOLDER
        self._coming: dict[str, Path] = {}

    def place(self, parcel: Parcel) -> Path | None:
        """Where the parcel lies here; None where it has to be sent. Its digest is taken anew."""
        at_hand = Path(parcel.path)
        for found in (at_hand, self._folder / parcel.digest):
            if found.exists() and parcel_of(found).files == parcel.files:
                return found
        return None

    def receive(self, parcel: Parcel, name: str, piece: bytes) -> None:
        """One piece of a file; pieces come in order. Raises ValueError for a path that leads elsewhere."""
        folder = self._coming.get(parcel.digest)
        if folder is None:
            folder = self._coming[parcel.digest] = self._folder / f"{parcel.digest}.{secrets.token_hex(4)}"
            folder.mkdir(parents=True)
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"{name!r} leads out of its folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(piece)

    def complete(self, parcel: Parcel) -> Path:
        """The parcel's place, once all of it has come. Raises OSError where it is damaged."""
        folder = self._coming.pop(parcel.digest)
        if parcel_of(folder).files != parcel.files:
            shutil.rmtree(folder)
            raise OSError(f"the files of {parcel.path} came damaged")
        whole = self._folder / parcel.digest
        try:
            folder.rename(whole)
        except OSError:  # another session has sent the same meanwhile, or what is there is damaged
            if self.place(parcel) == whole:
                shutil.rmtree(folder)
            else:
                shutil.rmtree(whole)
                folder.rename(whole)
        return whole


def package_digest() -> str:
    """SHA-256 of this package's code: what answers on a node must be what the session has."""
    root = Path(__file__).parents[2]
    found = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        found.update(f"{path.relative_to(root).as_posix()}\0".encode())
        found.update(path.read_bytes())
    return found.hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
