"""The journal of a run: each answer a line of JSON, flushed as it comes, so that a killed session can be resumed.

Each line ends in its own checksum: a damaged line counts as not written, and the lines after it stay valid.
"""

from __future__ import annotations

import errno
import json
import threading
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

_CHECK = b', "check": "'
"""Before the checksum, which is the last field of a line: CRC-32 of all before it, in hexadecimal."""


class Read(NamedTuple):
    """The contents of a journal."""

    rows: list[dict[str, Any]]
    """Its whole lines."""
    size: int
    """Bytes up to the end of the last complete line."""
    damaged: int
    """Complete lines that can't be relied on."""


class Journal:
    """An append-only JSONL file. Its first line is a header that identifies the run.

    Lines are read from the file when they are asked for: those of a million answers would fill the memory.
    """

    def __init__(self, path: Path, head: dict[str, Any], file: IO[bytes], *, damaged: int = 0) -> None:
        self.path = path
        self.head = head
        self.damaged = damaged
        """How many lines were lost."""
        self._file = file
        self._reader: IO[bytes] | None = None
        self._reading = threading.Lock()

    @classmethod
    def open(cls, path: Path, head: dict[str, Any]) -> Journal:
        """Continue the journal at `path` where its `key` is that of `head`; else begin it anew.

        A last line that was cut off in the middle is dropped. Raises OSError where the folder can't be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        first, size, damaged = None, 0, 0
        for line in lines_from(path):
            size = line.end
            damaged += line.row is None
            first = first or line.row
        if first is not None and first.get("key") == head["key"]:
            file = path.open("r+b")
            file.truncate(size)
            file.seek(size)
            return cls(path, first, file, damaged=damaged)
        journal = cls(path, head, path.open("wb"))
        journal._write(journal.head)
        return journal

    @property
    def lines(self) -> Iterator[dict[str, Any]]:
        """The lines behind the header."""
        return (row for _, row in self.placed())

    def placed(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """The lines behind the header, each with the place at which it begins."""
        rows = ((line.begin, line.row) for line in lines_from(self.path) if line.row is not None)
        next(rows, None)
        return rows

    def line(self, place: int) -> dict[str, Any]:
        """The line that begins at a place. Raises OSError where it was changed since."""
        with self._reading:
            if self._reader is None:
                self._reader = self.path.open("rb")
            self._reader.seek(place)
            row = _row(self._reader.readline().removesuffix(b"\n"))
        if row is None:
            raise OSError(errno.EIO, "a line of the journal was changed", str(self.path))
        return row

    def append(self, line: dict[str, Any]) -> int:
        """Write one line and hand it to the operating system: it survives this process, not a power cut.

        The place at which it begins.
        """
        place = self._file.tell()
        self._write(line)
        return place

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(checked(line) + b"\n")
        self._file.flush()

    def discard(self) -> None:
        """Remove the journal, so that no session takes over its answers."""
        self.close()
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        self._file.close()
        if self._reader is not None:
            self._reader.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def checked(line: dict[str, Any]) -> bytes:
    """A line as it is written, without its end."""
    body = json.dumps(line, ensure_ascii=False).encode()[:-1]
    return body + _CHECK + f'{zlib.crc32(body):08x}"}}'.encode()


class Line(NamedTuple):
    """A complete line: where it begins and ends, and what it says; None of one that was changed since."""

    begin: int
    end: int
    row: dict[str, Any] | None


def lines_from(path: Path, place: int = 0) -> Iterator[Line]:
    """The complete lines of a journal from a place on; none where there is no journal."""
    with suppress(FileNotFoundError), path.open("rb") as file:
        end = file.seek(place)
        for line in file:
            if line.endswith(b"\n"):
                begin, end = end, end + len(line)
                yield Line(begin, end, _row(line[:-1]))


def read(path: Path) -> Read:
    """The whole lines of a journal; none where there is no journal."""
    found = list(lines_from(path))
    rows = [line.row for line in found if line.row is not None]
    return Read(rows, found[-1].end if found else 0, len(found) - len(rows))


def _row(line: bytes) -> dict[str, Any] | None:
    """A line as it was written; None of one that was changed since."""
    body, found, check = line.rpartition(_CHECK)
    if not found or check != f'{zlib.crc32(body):08x}"}}'.encode():
        return None
    row: dict[str, Any] = json.loads(body + b"}")
    return row


def head_key(path: Path) -> str | None:
    """The key in a journal's first line, without reading the rest."""
    try:
        with path.open("rb") as file:
            row = _row(file.readline().rstrip(b"\n"))
    except OSError:
        return None
    return None if row is None or "key" not in row else str(row["key"])
