"""Partial downloads, which the next attempt resumes."""

import contextlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from .archives import chunks_of


class ServerAnswer(Protocol):
    """The status and headers of a server's response."""

    @property
    def status(self) -> int | None: ...

    @property
    def headers(self) -> Message: ...


class PartialDownload:
    """A partial download and its ETag or Last-Modified date, in a file beside it.

    Nothing is kept where the server sends neither, or while another process downloads the same file.
    """

    def __init__(self, path: Path | None, locks: Path | None = None) -> None:
        """`locks` is the folder of lock files, which stay."""
        self._path = path
        self._locks = locks
        self._usable = False
        self._size = 0

    @classmethod
    def nowhere(cls) -> "PartialDownload":
        """A partial download that is never stored."""
        return cls(None)

    @contextmanager
    def held(self) -> Iterator[None]:
        """The lock of the file for the duration of a download."""
        if self._path is None or self._locks is None:
            yield
            return
        self._locks.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._locks / f"{self._path.name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            yield
            return
        try:
            self._usable = True
            yield
        finally:
            self._usable = False
            lock.release()

    def condition(self) -> dict[str, str]:
        """The headers that ask for the rest, if the whole is still the same (RFC 9110, 13.1.5)."""
        if not self._usable or self._path is None:
            return {}
        try:
            self._size = self._path.stat().st_size
            word = self._word.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            self._size = 0
        return {"Range": f"bytes={self._size}-", "If-Range": word} if self._size else {}

    def goes_on(self, answer: ServerAnswer) -> int:
        """How many of the bytes are here already: none where the server begins anew."""
        if not self._usable or self._path is None:
            return 0
        begins_at = f"bytes {self._size}-"
        if self._size and answer.status == 206 and answer.headers.get("Content-Range", "").startswith(begins_at):
            return self._size
        # A weak ETag is of the same meaning, not of the same bytes.
        word = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
        self._usable = bool(word) and not word.startswith("W/") and word.isascii()
        self.remove()
        if self._usable:
            self._word.write_text(word, encoding="ascii")
        return 0

    def read(self, size: int) -> Generator[bytes, None, None]:
        """The first `size` bytes, which are here."""
        if size and self._path is not None:
            with self._path.open("rb") as file:
                yield from chunks_of(file)

    def append(self, piece: bytes) -> None:
        if self._usable and self._path is not None:
            with self._path.open("ab") as file:
                file.write(piece)

    def remove(self) -> None:
        """Remove the partial file: the download is complete, or the file is of no use."""
        if self._path is not None:
            for path in (self._path, self._word):
                with contextlib.suppress(OSError):
                    path.unlink()

    @property
    def _word(self) -> Path:
        assert self._path is not None
        return self._path.with_name(f"{self._path.name}.etag")
