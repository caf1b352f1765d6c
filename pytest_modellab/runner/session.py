"""The folder of one pytest session: journals, outcomes of cases, and the locks that keep sessions apart.

    reports/sessions/<id>/alive.lock      held by the session while it lives
                          plan.json       the selected cases
                          <case>.lock     held while the case is run
                          <case>.jsonl    the journal
                          <case>.outcome  the outcome of the case, as JSON

The folder goes when the session ends, unless a journal in it holds answers that no record has: of a session that was
broken off or killed, of a record that could not be made or written. It is left behind then, with no lock held: the next
session takes over the journals whose key is its own.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from pytest_modellab.core.atomic import write_text

from .journal import head_key, read

_TRIALS = 1_000
"""To hold a folder that other sessions take away: where none helps, it can't be made."""
PLAN = "plan.json"
STOP = "stop"
"""In the folder of a session that is to stop: its processes don't all get the same signals."""
OVER = "over"
"""In the folder of a session that was broken off and has ended."""


class Session:
    """A session as each of its processes sees it. `own=True` in the process that lives as long as the session."""

    def __init__(self, reports: Path, id: str, *, own: bool) -> None:
        self.id = id
        self.reports = reports
        self.folder = reports / "sessions" / id
        self._alive = FileLock(self.folder / "alive.lock")
        if own:
            self._live()
        else:
            self.folder.mkdir(parents=True, exist_ok=True)

    def _live(self) -> None:
        """Hold the folder; another session may take an empty one for a dead one's, and remove it. Raises OSError."""
        for _ in range(_TRIALS):
            # FileExistsError: it was there, and is gone by the time that it is looked at.
            with suppress(FileNotFoundError, FileExistsError):
                self.folder.mkdir(parents=True, exist_ok=True)
                self._alive.acquire()
                if Path(self._alive.lock_file).exists():
                    return
                self._alive.release()
        raise OSError(f"{self.folder} can't be made")

    def journal(self, case_key: str) -> Path:
        return self.folder / f"{slug(case_key)}.jsonl"

    def note_plan(self, case_keys: list[str]) -> None:
        """Store the selected cases; all processes that collect select the same ones."""
        write_text(self.folder / PLAN, json.dumps(case_keys))

    def plan(self) -> list[str]:
        """The selected cases; [] before anything was collected."""
        path = self.folder / PLAN
        keys: list[str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        return keys

    @contextmanager
    def running(self, case_key: str) -> Iterator[None]:
        """Hold the case: within a session one process runs it, the others wait and then find its outcome."""
        with FileLock(self.folder / f"{slug(case_key)}.lock"):
            yield

    def note_outcome(self, case_key: str, outcome: dict[str, Any]) -> None:
        write_text(self.folder / f"{slug(case_key)}.outcome", json.dumps({"case": case_key, **outcome}))

    def outcome(self, case_key: str) -> dict[str, Any] | None:
        """The outcome of a case in any process of this session; None if there is none yet."""
        path = self.folder / f"{slug(case_key)}.outcome"
        if not path.exists():
            return None
        noted: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return noted

    def answered(self, case_key: str) -> int:
        """How many utterances of a case are in this session's journal."""
        return _answers(self.journal(case_key))

    def adopt(self, case_key: str, key: str) -> bool:
        """Take over the journal a dead session left for this case with this input key, if there is one."""
        mine = self.journal(case_key)
        for theirs in self._orphans(case_key):
            if head_key(theirs) == key:
                with suppress(FileNotFoundError):  # another session has been quicker
                    theirs.replace(mine)
                    return True
        return False

    def forget(self, case_key: str) -> None:
        """Remove what dead sessions left for this case: it is about to be measured afresh."""
        for theirs in self._orphans(case_key):
            theirs.unlink(missing_ok=True)

    def _orphans(self, case_key: str) -> Iterator[Path]:
        """Journals of a case in the folders of sessions that are dead, each held while it is looked at."""
        name = slug(case_key)
        for folder in sorted(self.folder.parent.iterdir()):
            journal = folder / f"{name}.jsonl"
            if folder == self.folder or not journal.exists():
                continue
            with held_if_dead(folder, name) as dead:
                if dead and journal.exists():
                    yield journal

    def stop(self) -> None:
        """Tell all processes of the session to stop after the utterance that each is at."""
        with suppress(OSError):
            (self.folder / STOP).touch()

    def stopping(self) -> bool:
        return (self.folder / STOP).exists()

    def end(self, *, whole: bool) -> None:
        """Release the session. Its folder goes unless a journal in it holds answers that no record has.

        `whole` is whether it ran to its end: an aborted session leaves a note for observers.
        """
        for journal in self.folder.glob("*.jsonl"):
            if self._recorded(journal) or (whole and not _answers(journal)):
                journal.unlink(missing_ok=True)
        kept = any(self.folder.glob("*.jsonl"))
        self._alive.release()
        if whole and not kept:
            shutil.rmtree(self.folder, ignore_errors=True)
            self._sweep()
        else:
            with suppress(OSError):  # only who watches would miss it
                (self.folder / OVER).touch()

    def _recorded(self, journal: Path) -> bool:
        try:
            noted = json.loads(journal.with_suffix(".outcome").read_text(encoding="utf-8"))
            return noted["record"] is not None
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def _sweep(self) -> None:
        """Remove dead folders that hold no journal any more. Other sessions may be at the same."""
        for folder in self.folder.parent.iterdir():
            with suppress(FileNotFoundError):
                if not any(folder.glob("*.jsonl")):
                    with held_if_dead(folder) as dead:
                        if dead:
                            shutil.rmtree(folder, ignore_errors=True)


def killed(reports: Path) -> list[str]:
    """The ids of sessions that ended without a word, the newest last: they were killed, and left no scorecard."""
    found = []
    for folder in sorted((reports / "sessions").glob("*"), key=lambda each: each.stat().st_mtime):
        if not (folder / PLAN).exists() or (folder / OVER).exists():
            continue
        with held_if_dead(folder) as dead:
            if dead:
                found.append(folder.name)
    return found


def _answers(journal: Path) -> int:
    """How many utterances of a case are in its journal."""
    return sum("utterance" in row for row in read(journal).rows)


@contextmanager
def held_if_dead(folder: Path, *slugs: str) -> Iterator[bool]:
    """Whether the session of `folder` is over; if so, it is held, and with it these cases, or all that it had.

    Both: a killed session's xdist workers may outlive it by a moment.
    """
    cases = [folder / f"{name}.lock" for name in slugs] or folder.glob("*.lock")
    locks = dict.fromkeys([folder / "alive.lock", *cases])
    with ExitStack() as held:
        try:
            for path in locks:
                held.enter_context(FileLock(path, timeout=0))
        except (Timeout, OSError):  # OSError: removed under our eyes by another session
            yield False
            return
        yield True


def slug(case_key: str) -> str:
    """A case key as a file name, the same on every platform."""
    return re.sub(r"[^A-Za-z0-9._+-]", "~", case_key)
