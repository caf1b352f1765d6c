"""The journal of a run: each result a line of JSON, flushed as it happens, so that a killed session can go on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, Any


class Journal:
    """An append-only JSONL file. Its first line is a head that says what run it is of."""

    def __init__(self, path: Path, head: dict[str, Any], lines: list[dict[str, Any]], file: IO[bytes]) -> None:
        self.path = path
        self.head = head
        self.lines = lines
        self._file = file

    @classmethod
    def open(cls, path: Path, head: dict[str, Any]) -> Journal:
        """Continue the journal at `path` where its `key` is that of `head`; else begin it anew.

        A last line that was cut off in the middle is dropped. Raises OSError where the folder can't be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        rows, size = read(path)
        if rows and rows[0].get("key") == head["key"]:
            file = path.open("r+b")
            file.truncate(size)
            file.seek(size)
            return cls(path, rows[0], rows[1:], file)
        journal = cls(path, head, [], path.open("wb"))
        journal._write(journal.head)
        return journal

    def append(self, line: dict[str, Any]) -> None:
        """Write one line and hand it to the operating system: it survives this process, not a power cut."""
        self._write(line)
        self.lines.append(line)

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read(path: Path) -> tuple[list[dict[str, Any]], int]:
    """The whole lines of a journal and their size in bytes; ([], 0) where there is none."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return [], 0
    rows: list[dict[str, Any]] = []
    size = 0
    for line in data.splitlines(keepends=True):
        if not line.endswith(b"\n"):
            break
        try:
            row = json.loads(line)
        except ValueError:
            break
        if not isinstance(row, dict):
            break
        rows.append(row)
        size += len(line)
    return rows, size


def head_key(path: Path) -> str | None:
    """The key in a journal's first line, without reading the rest."""
    try:
        with path.open("rb") as file:
            row = json.loads(file.readline())
        return str(row["key"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
