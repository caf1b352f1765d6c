"""The journal of a run: each answer a line of JSON, flushed as it comes, so that a killed session can be resumed.

Each line ends in its own checksum: a damaged line counts as not written, and the lines after it stay valid.
"""

from __future__ import annotations

import json
import zlib
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
    """An append-only JSONL file. Its first line is a header that identifies the run."""

    def __init__(
        self, path: Path, head: dict[str, Any], lines: list[dict[str, Any]], file: IO[bytes], *, damaged: int = 0
    ) -> None:
        self.path = path
        self.head = head
        self.lines = lines
        self.damaged = damaged
        """How many lines were lost."""
        self._file = file

    @classmethod
    def open(cls, path: Path, head: dict[str, Any]) -> Journal:
        """Continue the journal at `path` where its `key` is that of `head`; else begin it anew.

        A last line that was cut off in the middle is dropped. Raises OSError where the folder can't be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        rows, size, damaged = read(path)
        if rows and rows[0].get("key") == head["key"]:
            file = path.open("r+b")
            file.truncate(size)
            file.seek(size)
            return cls(path, rows[0], rows[1:], file, damaged=damaged)
        journal = cls(path, head, [], path.open("wb"))
        journal._write(journal.head)
        return journal

    def append(self, line: dict[str, Any]) -> None:
        """Write one line and hand it to the operating system: it survives this process, not a power cut."""
        self._write(line)
        self.lines.append(line)

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(checked(line) + b"\n")
        self._file.flush()

    def discard(self) -> None:
        """Remove the journal, so that no session takes over its answers."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def checked(line: dict[str, Any]) -> bytes:
    """A line as it is written, without its end."""
    body = json.dumps(line, ensure_ascii=False).encode()[:-1]
    return body + _CHECK + f'{zlib.crc32(body):08x}"}}'.encode()


def read(path: Path) -> Read:
    """The whole lines of a journal; none where there is no journal."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Read([], 0, 0)
    size = data.rfind(b"\n") + 1
    rows = [_row(line) for line in data[:size].splitlines()]
    return Read([row for row in rows if row is not None], size, rows.count(None))


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
