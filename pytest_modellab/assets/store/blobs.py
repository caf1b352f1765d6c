"""The content-addressed folder: a file is stored under the SHA-256 of its bytes, or not at all."""

import hashlib
import json
import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from .archives import chunks_of
from .errors import WrongBytes

_SHA256 = re.compile(r"[0-9a-f]{64}")


def checked_digest(sha256: str) -> str:
    """The digest itself. Raises ValueError unless it is 64 lowercase hexadecimal digits."""
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"{sha256!r} is not a SHA-256 digest: 64 lowercase hexadecimal digits")
    return sha256


def digest_file(path: Path) -> str:
    """SHA-256 of a file, hexadecimal, read a mebibyte at a time. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for chunk in chunks_of(stream):
            digest.update(chunk)
    return digest.hexdigest()


class Blobs:
    """Verified files under `root/blobs`, safe for many processes at once."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def place(self, sha256: str) -> Path:
        """Where the file of that digest belongs, whether it is there or not."""
        return self.root / "blobs" / "sha256" / checked_digest(sha256)[:2] / sha256

    def verified(self, sha256: str) -> Path | None:
        """The file of that digest, or None where it is absent or holds other bytes.

        A file that has not changed since it was verified, by its stamp, is not read again.
        """
        blob = self.place(sha256)
        try:
            if _read_stamp(blob) == _stamp(blob):
                return blob
            if digest_file(blob) != sha256:
                return None
        except OSError:
            return None
        # A cache that is read-only serves too; it is only verified anew each time.
        with suppress(OSError):
            self._write_stamp(blob)
        return blob

    def discard(self, sha256: str) -> None:
        """Remove the file and what a killed process left of it. Hold its lock."""
        blob = self.place(sha256)
        for path in (blob, _stamp_place(blob), *blob.parent.glob(f".{sha256}.*.part")):
            # Windows does not remove read-only files.
            if path.is_file() and not path.is_symlink():
                path.chmod(0o644)
            path.unlink(missing_ok=True)

    def land(self, sha256: str, chunks: Iterable[bytes]) -> None:
        """Write the file, verify it and only then give it its name. Hold its lock.

        Raises WrongBytes where its digest is another, and OSError; nothing is left behind then.
        """
        blob = self.place(sha256)
        blob.parent.mkdir(parents=True, exist_ok=True)
        with self._written(chunks, blob.parent, sha256) as (part, actual, size):
            if actual != sha256:
                raise WrongBytes(actual, size)
            self._name(part, sha256)
        _sync_folder(blob.parent)

    def take(self, chunks: Iterable[bytes]) -> str:
        """Store a file under its digest and return the digest. Raises OSError; nothing is left behind then."""
        folder = self.root / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        # Others may take the same content at this moment.
        with self._written(chunks, folder, "taken") as (part, sha256, _), self.locked(f"take-{sha256}", lambda: None):
            if self.verified(sha256) is None:
                self.discard(sha256)
                self.place(sha256).parent.mkdir(parents=True, exist_ok=True)
                self._name(part, sha256)
        return sha256

    @contextmanager
    def _written(self, chunks: Iterable[bytes], folder: Path, prefix: str) -> Iterator[tuple[Path, str, int]]:
        """A temporary file that holds the chunks, its SHA-256 and its size."""
        digest, size = hashlib.sha256(), 0
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=f".{prefix}.", suffix=".part")
        part = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as out:
                for chunk in chunks:
                    out.write(chunk)
                    digest.update(chunk)
                    size += len(chunk)
                out.flush()
                os.fsync(out.fileno())
            yield part, digest.hexdigest(), size
        finally:
            part.unlink(missing_ok=True)

    def _name(self, part: Path, sha256: str) -> None:
        blob = self.place(sha256)
        part.chmod(0o444)
        part.replace(blob)
        self._write_stamp(blob)

    @contextmanager
    def locked(self, key: str, waiting: Callable[[], object]) -> Iterator[None]:
        """Keep other processes away from `key`; `waiting` is called once if one of them holds it."""
        folder = self.root / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f"{key}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            waiting()
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def _write_stamp(self, blob: Path) -> None:
        descriptor, name = tempfile.mkstemp(dir=blob.parent, prefix=f".{blob.name}.", suffix=".part")
        part = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as out:
                json.dump(_stamp(blob), out)
            part.chmod(0o444)
            part.replace(_stamp_place(blob))
        finally:
            part.unlink(missing_ok=True)


def _stamp_place(blob: Path) -> Path:
    return blob.with_name(f"{blob.name}.stamp")


def _stamp(blob: Path) -> dict[str, int]:
    found = blob.stat()
    if not stat.S_ISREG(found.st_mode):
        raise FileNotFoundError(f"{blob} is not a regular file")
    return {"size": found.st_size, "mtime_ns": found.st_mtime_ns, "inode": found.st_ino}


def _read_stamp(blob: Path) -> object:
    try:
        return json.loads(_stamp_place(blob).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _sync_folder(folder: Path) -> None:
    # Windows cannot open a folder, and needs no such call.
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
