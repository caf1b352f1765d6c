"""Progress of running sessions as events, read from their journals.

No lock is taken, so that watching can't block a session's cases.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_modellab.core.durations import RemainingTime
from pytest_modellab.runner.session import OVER, PLAN, slug
from pytest_modellab.tasks.registry import TASKS

Event = tuple[str, dict[str, Any]]
QUIET_S = 3600.0
"""A session that has written nothing for so long isn't running: no call of a model takes that long."""
_MOST = 1e12


def _may_speak(case: str) -> bool:
    """Whether the audio of a case, `task/model:device:dataset`, is the model's, so that none knows how much is left."""
    task = TASKS.get(case.partition("/")[0])
    return task is not None and task.may_speak


@dataclass
class _Journal:
    """The journal of one case, read incrementally."""

    file: int = 0
    place: int = 0
    head: dict[str, Any] = field(default_factory=dict)
    answers: int = 0
    errors: int = 0
    words: int = 0
    timed: int = 0
    pace: RemainingTime | None = None
    answered_at: float | None = None
    """When the last answers were found."""

    def stale(self, path: Path) -> bool:
        """Whether another file lies there by now: one taken over from a dead session, or begun anew."""
        try:
            found = path.stat()
        except OSError:
            return True
        return found.st_ino != self.file or found.st_size < self.place

    def grown(self, path: Path, case: str, now: float) -> bool:
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
        answers = list(filter(None, map(self._take, whole.split(b"\n"))))
        if answers:
            self._keep_pace(answers, by_audio=not _may_speak(case), now=now)
        return bool(whole)

    def _take(self, line: bytes) -> dict[str, Any] | None:
        """What a line says; the line itself where it is an answer."""
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            return None
        if not isinstance(row, dict):
            return None
        if not self.head:
            self.head = row
        elif "utterance" in row:
            self.answers += 1
            self.errors += int(_number(row, "errors"))
            self.words += int(_number(row, "words"))
            return row
        elif "timed" in row:
            self.timed += 1
        return None

    def _keep_pace(self, answers: list[dict[str, Any]], *, by_audio: bool, now: float) -> None:
        """The first answers by what the model took, which leaves loading out; later ones by the clock, which has all.

        Answers found in one look share the time since the last by what the model took for each.
        """
        took = [_number(row, "seconds") for row in answers]
        audio = [_number(row, "audio_s") if by_audio else 1.0 for row in answers]
        if self.pace is None:
            self.pace = RemainingTime(now, _number(self.head, "audio_s" if by_audio else "utterances"))
        if self.answered_at is not None:
            passed, whole = now - self.answered_at, sum(took)
            took = [passed * (each / whole if whole else 1 / len(took)) for each in took]
        for seconds, audio_s in zip(took, audio, strict=True):
            self.pace.took(seconds, audio_s)
        self.answered_at = now

    def left_s(self) -> float | None:
        """How long the answers that are still to come will take; None where it is too early to tell."""
        left = int(_number(self.head, "utterances")) - self.answers
        return self.pace.left_s(left) if self.pace is not None and left > 0 else None


def _number(row: dict[str, Any], name: str) -> float:
    """A number of a line; 0 where it has none, or one that no session writes: a bad line costs no more than itself."""
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _MOST:
        return 0.0
    return float(value)


class Watch:
    """Events in the sessions of a folder of reports since the last poll."""

    def __init__(self, reports: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._reports = reports
        self._clock = clock
        self._sessions: dict[str, list[str]] = {}
        self._journals: dict[Path, _Journal] = {}
        self._outcomes: set[Path] = set()

    def sessions(self) -> list[str]:
        """The sessions that existed at the last poll."""
        return list(self._sessions)

    def look(self) -> Iterator[Event]:
        """Events since the last poll; at the first, the current state."""
        here = {path.name: path for path in _folders(self._reports)}
        for name in [name for name in self._sessions if name not in here]:
            del self._sessions[name]
            yield "ended", {"session": name}
        for name, folder in here.items():
            yield from self._session(name, folder)

    def _session(self, name: str, folder: Path) -> Iterator[Event]:
        # A plan that is gone is of a session that ends just now, its folder half removed.
        plan = _plan(folder) or self._sessions.get(name, [])
        if self._sessions.get(name) != plan:
            self._sessions[name] = plan
            yield "session", {"session": name, "cases": plan, "quiet_s": round(_quiet_s(folder), 1)}
        keys = {slug(key): key for key in plan}
        for path in sorted(folder.glob("*.jsonl")):
            journal = self._journals.get(path)
            if journal is None or journal.stale(path):
                journal = self._journals[path] = _Journal()
            key = keys.get(path.stem, "")
            if journal.grown(path, key, self._clock()) and journal.head:
                yield "progress", _progress(name, key, journal)
        for path in sorted(folder.glob("*.outcome")):
            if path not in self._outcomes and (outcome := _outcome(path)) is not None:
                self._outcomes.add(path)
                yield "outcome", {"session": name, **outcome}


def running(reports: Path) -> list[str]:
    """The sessions that are under way, as far as it can be told without asking them."""
    return [path.name for path in _folders(reports) if _quiet_s(path) < QUIET_S]


def _folders(reports: Path) -> list[Path]:
    """Of sessions that have not ended; one that was interrupted leaves its folder, with a mark."""
    try:
        found = sorted(path for path in (reports / "sessions").iterdir() if path.is_dir() and not path.is_symlink())
    except OSError:
        return []
    return [path for path in found if not (path / OVER).exists()]


def _quiet_s(folder: Path) -> float:
    """How long nothing was written there."""
    try:
        latest = max((path.stat().st_mtime for path in folder.iterdir()), default=folder.stat().st_mtime)
    except OSError:  # it goes just now
        return 0.0
    return max(0.0, time.time() - latest)


def _plan(folder: Path) -> list[str]:
    try:
        found = json.loads((folder / PLAN).read_bytes())
    except (OSError, ValueError, RecursionError):
        return []
    return [str(key) for key in found] if isinstance(found, list) else []


def _progress(session: str, key: str, journal: _Journal) -> dict[str, Any]:
    head, left = journal.head, journal.left_s()
    return {
        "session": session,
        "case": _text(head.get("case")),
        "key": key or _text(head.get("case")),
        "done": journal.answers,
        "timed": journal.timed,
        "total": int(_number(head, "utterances")),
        "error_rate": journal.errors / journal.words if journal.words else None,
        "metric": "wer" if head.get("spaced", True) else "cer",
        "left_s": None if left is None else round(left, 1),
    }


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _outcome(path: Path) -> dict[str, Any] | None:
    try:
        noted = json.loads(path.read_bytes())
        return {
            "case": str(noted["case"]),
            "record": Path(noted["record"]).name if noted.get("record") else None,
            **{name: _text(noted.get(name)) for name in ("unavailable", "broken", "unchanged_since")},
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def encoded(event: Event) -> bytes:
    """An event as a browser's EventSource reads it."""
    name, data = event
    # JSON has no line feed of its own: one line of data.
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=True)}\n\n".encode()
