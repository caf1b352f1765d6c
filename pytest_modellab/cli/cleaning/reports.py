"""Cleaning of the folder of reports: records, remains of killed sessions, incomplete files.

A record is removed only where a newer one of its case is kept: the newest of a case, the newest complete one, and the
newest that can be reused are always kept, as are those of which a baseline was saved or that a scorecard names which
stays.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from pytest_modellab.reports.scorecard import kept
from pytest_modellab.reports.scorecard.files import JSON
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import RecordError, files_of, newest_first, parts_in_table, read
from pytest_modellab.results.table import SUFFIX
from pytest_modellab.runner.session import PLAN, held_if_dead

from .part import STALE_S, Category, InUse, Removable, age_s, file, remove_folder, size_of, unlink

_DIGEST = re.compile(r'"audio": ?"([0-9a-f]{64})"')
"""Of a sound, as records and journals name it."""


@dataclass(frozen=True)
class Retention:
    """The records to keep beyond those always kept; with neither limit, all of them."""

    keep: int | None = None
    """So many of each case, the newest; and so many scorecards of sessions."""
    older_than: timedelta | None = None
    """Whatever is younger."""

    @property
    def chosen(self) -> bool:
        return self.keep is not None or self.older_than is not None

    def spares(self, place: int, age: timedelta) -> bool:
        """Whether a record stays that is the `place`th newest of its case, from 0."""
        if not self.chosen:
            return True
        return (self.keep is not None and place < self.keep) or (self.older_than is not None and age <= self.older_than)


def scorecards(reports: Path, retention: Retention) -> Category:
    """Scorecards of past sessions; the newest always stays. One that can't be read stands for none of them."""
    part = Category("scorecards")
    now = datetime.now(UTC)
    place = -1
    for path in kept.files(reports):
        part.add(size_of(path))
        if not retention.chosen:
            continue
        try:
            kept.read(path)
        except kept.KeptError as error:
            part.notes.append(f"left alone, can't be read: {error}")
            continue
        place += 1
        age = now - datetime.fromtimestamp(path.stat().st_mtime, UTC)
        if place and not retention.spares(place, age):
            why = f"{age.days} days old, {place} newer"
            part.removable.append(Removable(path, size_of(path), why, partial(unlink, path)))
    return part


def records(reports: Path, retention: Retention) -> Category:
    part = Category("records")
    cases: dict[str, list[tuple[Record, Path]]] = {}
    # Names begin with the time of the run.
    for path in newest_first((reports / "runs").glob("*/*/*.json")):
        part.add(sum(map(size_of, files_of(path))))
        try:
            record = read(path)
        except RecordError as error:
            part.notes.append(f"left alone, not a record that can be read: {error}")
            continue
        cases.setdefault(f"{record.case.task}/{record.case.id}", []).append((record, path))
    gone = {each.path for each in scorecards(reports, retention).removable}
    cards = [path for path in (reports / JSON, *kept.files(reports)) if path not in gone]
    # A retention chooses; without one nothing goes, and what scorecards name needn't be known.
    shown = _in_sessions(reports).union(*map(_on_scorecard, cards if retention.chosen else ()))
    saved = _baselines(reports)
    now = datetime.now(UTC)
    for found in cases.values():
        needed = {path for _, path in _needed(found)}
        for place, (record, path) in enumerate(found):
            origin = record.provenance
            created = datetime.fromisoformat(origin.stands_again or origin.rescored or origin.created)
            if (
                path in needed
                or (record.case.id, origin.created) in saved
                or path.name in shown
                or retention.spares(place, now - created)
            ):
                continue
            why = f"{(now - created).days} days old, {place} newer of its case"
            size = sum(map(size_of, files_of(path)))
            part.removable.append(Removable(path, size, why, partial(_remove_record, path)))
    return part


def _needed(found: list[tuple[Record, Path]]) -> Iterator[tuple[Record, Path]]:
    """Of a case's records, the newest first: what baselines are made of, and what a new run is answered from."""
    yield found[0]
    yield from [each for each in found if each[0].limited_to is None and each[0].shard is None][:1]
    standing: dict[object, tuple[Record, Path]] = {}
    for record, path in found:
        if record.shard is not None:  # the newest of each counts when they are merged, whatever it answered
            standing.setdefault(("shard", record.shard.cut), (record, path))
        if record.failure is None and record.summary.answered == record.summary.utterances:
            standing.setdefault((record.limited_to, record.shard and record.shard.cut), (record, path))
    yield from standing.values()


def _baselines(reports: Path) -> set[tuple[str, str]]:
    """Case and time of each record that a baseline was saved from."""
    found = set()
    for path in (reports / "baselines").glob("*/*.jsonl"):
        with suppress(OSError, ValueError, KeyError, TypeError), path.open(encoding="utf-8") as lines:
            head = json.loads(lines.readline())
            case = head["case"]
            found.add((f"{case['model']}:{case['device']}:{case['dataset']}", head["created"]))
    return found


def _on_scorecard(path: Path) -> set[str]:
    """Names of the records that a scorecard is made of."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
        return {Path(row["record"]).name for row in rows if row.get("record")}
    return set()


def _in_sessions(reports: Path) -> set[str]:
    """Names of the records that sessions have measured which have not ended: they show them when they do."""
    found = set()
    for path in (reports / "sessions").glob("*/*.outcome"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            found.add(Path(json.loads(path.read_text(encoding="utf-8"))["record"]).name)
    return found


def _remove_record(path: Path) -> None:
    """Remove a record, the header first: a table without one is found to be nobody's."""
    for each in files_of(path):
        unlink(each)
    for above in (path.parent, path.parent.parent):
        with suppress(OSError):  # not empty
            above.rmdir()


def sessions(reports: Path, older_than: timedelta | None) -> Category:
    """Folders of sessions: those that hold answers of a killed one are gone on with, unless they are old enough."""
    part = Category("sessions")
    for folder in sorted((reports / "sessions").glob("*")):
        if not folder.is_dir():
            continue
        part.add(size_of(folder))
        journals = list(folder.glob("*.jsonl"))
        kept, age = bool(journals), age_s([folder, *journals])
        # One without a plan may be between making its folder and taking its lock.
        starting = not kept and not (folder / PLAN).exists() and age < 60
        with held_if_dead(folder) as dead:
            if starting or not dead:
                part.notes.append(f"left alone, running: {folder.name}")
                continue
        if kept and (older_than is None or age <= older_than.total_seconds()):
            part.notes.append(f"left alone, was killed, the next session goes on with its answers: {folder.name}")
            continue
        why = f"killed {age / 86400:.0f} days ago" if kept else "ended, holds no answers"
        part.removable.append(Removable(folder, size_of(folder), why, partial(_remove_session, folder)))
    return part


def _remove_session(folder: Path) -> None:
    with held_if_dead(folder) as dead:
        if not dead:
            raise InUse(f"{folder}: a session is running")
        remove_folder(folder)


def sounds(reports: Path, records: Category) -> Category:
    """Synthesized speech: removable once no record and no journal of a killed session names it."""
    part = Category("sound")
    removable = {each.path for each in records.removable}
    named: set[str] = set()
    for path in (*(reports / "runs").glob("*/*/*.json"), *(reports / "sessions").glob("*/*.jsonl")):
        if path not in removable:
            with suppress(OSError):
                named.update(_DIGEST.findall(path.read_text(encoding="utf-8", errors="replace")))
            try:
                named.update(digest for text in parts_in_table(path) for digest in _DIGEST.findall(text))
            except RecordError as error:
                part.notes.append(f"left alone, what a record names isn't known: {error}")
                return part
    for path in sorted((reports / "audio").glob("*/*.flac")):
        part.add(size_of(path))
        if path.stem in named:
            continue
        if age_s([path]) > STALE_S:
            part.removable.append(file(path, "no record names it"))
        else:
            part.young += 1
    return part


def baselines(reports: Path) -> Category:
    part = Category("baselines")
    for path in (reports / "baselines").rglob("*.jsonl"):
        part.add(size_of(path))
    return part


def leftovers(reports: Path) -> Category:
    """Files that a killed process was writing."""
    part = Category("temporary files")
    tables = (reports / "runs").glob(f"*/*/*{SUFFIX}")
    nobodys = [path for path in tables if not path.with_name(f"{path.name.removesuffix(SUFFIX)}.json").exists()]
    for path in sorted([*reports.rglob(".*.tmp"), *nobodys]):
        part.add(size_of(path))
        if age_s([path]) > STALE_S:
            part.removable.append(file(path, "left by a killed process"))
    return part
