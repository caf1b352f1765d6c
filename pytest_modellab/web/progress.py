"""Progress of running sessions, out of their journals, as events.

Nothing is locked: a session must not find its own case held because somebody looks at it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..bench.session import PLAN

Event = tuple[str, dict[str, Any]]


@dataclass
class _Journal:
    """One case's journal as far as it was read: only what is new is read again."""

    file: int = 0
    place: int = 0
    head: dict[str, Any] = field(default_factory=dict)
    answers: int = 0
    errors: int = 0
    words: int = 0
    timed: int = 0

    def stale(self, path: Path) -> bool:
        """Whether another file lies there by now: one taken over from a dead session, or begun anew."""
        try:
            found = path.stat()
        except OSError:
            return True
        return found.st_ino != self.file or found.st_size < self.place

    def grown(self, path: Path) -> bool:
        """Take in what was added; whether anything was."""
        try:
            with path.open("rb") as stream:
                self.file = os.fstat(stream.fileno()).st_ino
                stream.seek(self.place)
                data = stream.read()
        except OSError:
            return False
        whole = data[: data.rfind(b"\n") + 1]
        self.place += len(whole)
        for line in whole.split(b"\n"):
            self._take(line)
        return bool(whole)

    def _take(self, line: bytes) -> None:
        try:
            row = json.loads(line)
        except ValueError:
            return
        if not isinstance(row, dict):
            return
        if not self.head:
            self.head = row
        elif "utterance" in row:
            self.answers += 1
            self.errors += int(row.get("errors") or 0)
            self.words += int(row.get("words") or 0)
        elif "timed" in row:
            self.timed += 1


class Watch:
    """What happened in the sessions of a folder of reports since the last look."""

    def __init__(self, reports: Path) -> None:
        self._folder = reports / "sessions"
        self._sessions: dict[str, list[str]] = {}
        self._journals: dict[Path, _Journal] = {}
        self._outcomes: set[Path] = set()

    def look(self) -> Iterator[Event]:
        """Events since the last look; at the first, where everything stands."""
        here = {path.name: path for path in self._folders()}
        for name in [name for name in self._sessions if name not in here]:
            del self._sessions[name]
            yield "ended", {"session": name}
        for name, folder in here.items():
            yield from self._session(name, folder)

    def _folders(self) -> list[Path]:
        try:
            return sorted(path for path in self._folder.iterdir() if path.is_dir() and not path.is_symlink())
        except OSError:
            return []

    def _session(self, name: str, folder: Path) -> Iterator[Event]:
        plan = _plan(folder)
        if self._sessions.get(name) != plan:
            self._sessions[name] = plan
            yield "session", {"session": name, "cases": plan}
        for path in sorted(folder.glob("*.jsonl")):
            journal = self._journals.get(path)
            if journal is None or journal.stale(path):
                journal = self._journals[path] = _Journal()
            if journal.grown(path) and journal.head:
                yield "progress", _progress(name, journal)
        for path in sorted(folder.glob("*.outcome")):
            if path not in self._outcomes and (outcome := _outcome(path)) is not None:
                self._outcomes.add(path)
                yield "outcome", {"session": name, **outcome}


def _plan(folder: Path) -> list[str]:
    try:
        found = json.loads((folder / PLAN).read_bytes())
    except (OSError, ValueError):
        return []
    return [str(key) for key in found] if isinstance(found, list) else []


def _progress(session: str, journal: _Journal) -> dict[str, Any]:
    head = journal.head
    return {
        "session": session,
        "case": head.get("case"),
        "done": journal.answers,
        "timed": journal.timed,
        "total": head.get("utterances"),
        "error_rate": journal.errors / journal.words if journal.words else None,
        "metric": "wer" if head.get("spaced", True) else "cer",
    }


def _outcome(path: Path) -> dict[str, Any] | None:
    try:
        noted = json.loads(path.read_bytes())
        return {
            "case": noted["case"],
            "record": Path(noted["record"]).name if noted.get("record") else None,
            "unavailable": noted.get("unavailable"),
            "broken": noted.get("broken"),
        }
    except (OSError, ValueError, KeyError, TypeError):
        return None


def encoded(event: Event) -> bytes:
    """An event as a browser's EventSource reads it."""
    name, data = event
    # JSON has no line feed of its own: one line of data.
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=True)}\n\n".encode()
