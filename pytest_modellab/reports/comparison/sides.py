"""Sides of a comparison, by the command's arguments: a session, commit, day, scorecard or folder, or baselines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from pytest_modellab.core import git
from pytest_modellab.core.console import counted
from pytest_modellab.results.record_files import RecordError, place_of
from pytest_modellab.results.record_header import RecordHeader, headers, read_header
from pytest_modellab.results.verdicts import case_key
from pytest_modellab.runner.reuse import since

from ..scorecard import kept
from ..scorecard.card import Scorecard
from ..scorecard.files import JSON
from ..scorecard.row import Row

BASELINE = "baseline"
NEWEST = "newest"
MODEL = "model:"
"""Before the id of a model: its newest records, which are compared with those of another."""
_SHOWN = 5
"""Damaged records that are named."""
_COMMIT = re.compile(r"[0-9a-f]{4,40}")
_AGO = re.compile(r"(\d{1,3})([dw])")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class SideError(Exception):
    """An argument that names nothing, or is ambiguous; the message lists what exists."""


@dataclass(frozen=True)
class Side:
    """One side: a set of records, one for each case; for baselines, their folder."""

    name: str
    what: str
    records: dict[str, Path] = field(default_factory=dict)
    """Case, with its task, -> its record."""
    baselines: Path | None = None
    notes: tuple[str, ...] = ()


class PastRecords:
    """The records of a folder of reports, by session and commit."""

    def __init__(self, reports: Path, base: Path) -> None:
        """`base` is the folder that scorecards name records from."""
        self.reports = reports
        self.base = base
        self._damaged: list[str] = []

    @cached_property
    def records(self) -> list[tuple[Path, RecordHeader]]:
        """The newest first; a walk over all of them."""
        return list(headers(self.reports, self._damaged))

    def side(self, name: str) -> Side:
        """What `name` means. Raises SideError."""
        if name == BASELINE:
            return self._baselines(name)
        if name == NEWEST:
            return self._newest(name, self.reports)
        if name.startswith(MODEL):
            return self._model(name.removeprefix(MODEL))
        path = Path(name)
        if path.is_dir():
            return self._folder(name, path)
        if path.is_file():
            return self._file(name, path)
        if path.suffix == ".json" or "/" in name:
            raise SideError(f"no such file or folder: {name}")
        return self._by_origin(name)

    def session(self, name: str) -> Side:
        """The session, or commit, that `name` means, which is no path. Raises SideError."""
        return self._by_origin(name)

    def _baselines(self, name: str) -> Side:
        folder = self.reports / "baselines"
        if not any(folder.glob("*/*.jsonl")):
            raise SideError(f"no baseline in {folder}; `modellab baseline save` makes them")
        return Side(name, f"the baselines in {folder}", baselines=folder)

    def _model(self, id: str) -> Side:
        """The newest records of a model by device and data set, so that those of another are on the same."""
        found = [(path, each) for path, each in self.records if each.case.model == id]
        if not found:
            models = dict.fromkeys(each.case.model for _, each in self.records)
            raise SideError(
                f"no record of a model `{id}` in {self.reports / 'runs'}; models: {', '.join(models) or 'none'}"
            )
        side = _side(id, f"the newest records of {id}", found, self._damaged)
        of = {case_key(each.case): each.case for _, each in found}
        records = {f"{of[key].task}/{of[key].device}:{of[key].dataset}": path for key, path in side.records.items()}
        return Side(side.name, side.what, records, notes=side.notes)

    def _newest(self, name: str, reports: Path) -> Side:
        if reports == self.reports:
            found, damaged = self.records, self._damaged
        else:
            damaged = []
            found = list(headers(reports, damaged))
        return _side(name, f"the newest records in {reports}", found, damaged)

    def _folder(self, name: str, folder: Path) -> Side:
        reports = next((each for each in (folder, folder / "reports") if (each / "runs").is_dir()), None)
        if reports is None:
            raise SideError(f"{folder} is no folder of reports: it has no folder `runs`")
        return self._newest(name, reports)

    def _file(self, name: str, path: Path) -> Side:
        try:
            card = Scorecard.model_validate_json(path.read_bytes())
        except ValidationError as error:
            try:
                record = read_header(path)
            except RecordError:
                first = error.errors(include_url=False)[0]
                where = "".join(f"{part}: " for part in first["loc"])
                raise SideError(f"{path} is neither a scorecard nor a record: {where}{first['msg']}") from None
            return Side(name, f"a record of {since(record)}", {case_key(record.case): path})
        except OSError as error:
            raise SideError(f"{path} can't be read: {error.strerror}") from error
        return self._card(name, f"the scorecard of session {card.session}", path, card)

    def _card(self, name: str, what: str, path: Path, card: Scorecard) -> Side:
        records, notes = {}, []
        for row in card.rows:
            if row.record is None:
                continue
            key = case_key(row.case)
            try:
                found = next((each for each in self._places(path, row) if each.is_file()), None)
            except RecordError as error:
                notes.append(f"{key}: {error}")
                continue
            if found is None:
                notes.append(f"{key}: its record {row.record} isn't there any more")
            elif _is_shard(found):
                notes.append(f"{key}: only a shard of it was run")
            else:
                records[key] = found
        return Side(name, what, records, notes=tuple(notes))

    def _places(self, card: Path, row: Row) -> Iterator[Path]:
        """Where a record may be that a scorecard names: with it, as it was written, or among these reports.

        Raises RecordError for a name that no record has.
        """
        beside = place_of(card.parent, row.case, row.record or "")
        yield beside
        written = (self.base / (row.record or "")).resolve()
        if written.is_relative_to(self.base.resolve()) and written.parts[-4:] == beside.parts[-4:]:
            yield written
        yield place_of(self.reports, row.case, row.record or "")

    def _by_origin(self, name: str) -> Side:
        cards = self._cards()
        sessions = dict.fromkeys([*cards, *(each.provenance.session for _, each in self.records)])
        named = [name] if name in sessions else [each for each in sessions if _begins(each, name)]
        commits = self._commits(name)
        if not named and not commits and len(name) >= kept.FEWEST:
            named = [each for each in sessions if each.endswith(name)]
        if len(named) == 1 and (not commits or named == [name]):
            if named[0] in cards:  # it also knows the cases that stood unchanged
                return self._card(name, f"session {named[0]}", self.reports / JSON, self._read(cards[named[0]]))
            found = [(path, each) for path, each in self.records if each.provenance.session == named[0]]
            return _side(name, f"session {named[0]}", found, self._damaged, whole=False)
        if len(named) + len(commits) > 1:
            raise SideError(f"`{name}` may be any of {', '.join([*named, *commits])}; write more of it")
        if commits:
            found = [(path, each) for path, each in self.records if each.provenance.commit == commits[0]]
            return _side(name, f"commit {commits[0][:10]}", found, self._damaged)
        if (day := _day(name, datetime.now().astimezone())) is not None:
            return self._before(name, day)
        raise SideError(self._unknown(name, list(sessions)))

    def _commits(self, name: str) -> list[str]:
        """The commits that records were made at and that `name` begins, or is git's name for."""
        known = dict.fromkeys(each.provenance.commit for _, each in self.records if each.provenance.commit)
        if _COMMIT.fullmatch(name) and (found := [each for each in known if each.startswith(name)]):
            return found
        return [each for each in known if each == _revision(name, self.base)]

    def _before(self, name: str, day: datetime) -> Side:
        """The newest records of each case that were made before a time."""
        found = [(path, each) for path, each in self.records if datetime.fromisoformat(each.provenance.created) < day]
        if not found:
            oldest = self.records[-1][1].provenance.created[:10] if self.records else "none"
            raise SideError(f"`{name}`: no record in {self.reports / 'runs'} is so old; the oldest: {oldest}")
        return _side(name, f"the newest records before {day:%Y-%m-%d %H:%M}", found, self._damaged)

    def _cards(self) -> dict[str, Path]:
        """The files of scorecards by session, the newest first; of older reports the last one's alone."""
        found = {kept.session_of(path): path for path in kept.files(self.reports)}
        with suppress(kept.KeptError):
            last = self.reports / JSON
            found.setdefault(kept.read(last).session, last)
        return found

    def _read(self, path: Path) -> Scorecard:
        try:
            return kept.read(path)
        except kept.KeptError as error:
            raise SideError(str(error)) from None

    def _unknown(self, name: str, sessions: list[str]) -> str:
        commits = dict.fromkeys(each.provenance.commit[:10] for _, each in self.records if each.provenance.commit)
        if not self.records:
            return f"`{name}`: no record in {self.reports / 'runs'}; run pytest first"
        passed_over = f"{counted(len(self._damaged), 'record')} can't be read\n" if self._damaged else ""
        return (
            f"`{name}` is no session, commit, file or folder with records\n{passed_over}"
            f"newest sessions: {', '.join(sessions[:4])}\n"
            f"newest commits: {', '.join(list(commits)[:4]) or 'none'}\n"
            f"or `{BASELINE}`, `{NEWEST}`, a day (2026-01-31, 7d for a week ago), a scorecard's file, a folder of"
            " reports"
        )


def _is_shard(path: Path) -> bool:
    """Whether a record is of a shard. A damaged one is taken for whole: that case is refused when it is compared."""
    try:
        return read_header(path).shard is not None
    except RecordError:
        return False


def _begins(session: str, name: str) -> bool:
    return len(name) >= kept.FEWEST and session.startswith(name)


def _day(name: str, now: datetime) -> datetime | None:
    """The time that `7d`, `2w` (ago) or `2026-01-31` (its beginning, here) means; None where it is none."""
    if ago := _AGO.fullmatch(name):
        return now - timedelta(days=int(ago[1]) * (7 if ago[2] == "w" else 1))
    if not _DATE.fullmatch(name):
        return None
    try:
        return datetime.fromisoformat(name).astimezone()
    except ValueError:
        raise SideError(f"`{name}` is no day of the calendar") from None


def _revision(name: str, folder: Path) -> str:
    """The commit that git calls `name`; "" where it knows none."""
    if name.startswith("-"):
        return ""
    return git.told(folder, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}") or ""


def _side(
    name: str, what: str, found: list[tuple[Path, RecordHeader]], damaged: list[str], *, whole: bool = True
) -> Side:
    """The newest of each case; shards are left out, and with `whole` what is only the beginning of a data set."""
    records: dict[str, Path] = {}
    left_out, unchecked = 0, 0
    for path, record in found:
        if record.shard is not None or (whole and record.limited_to is not None):
            left_out += 1
        elif case_key(record.case) not in records:
            records[case_key(record.case)] = path
            unchecked += record.seal is None
    notes = [f"passed over: {text}" for text in damaged[:_SHOWN]]
    if len(damaged) > _SHOWN:
        notes.append(f"passed over: {len(damaged) - _SHOWN} more")
    if left_out:
        notes.append(f"left out: {counted(left_out, 'record')} of a part of the data")
    if unchecked:
        notes.append(f"{counted(unchecked, 'record')} without a checksum (`seal`): changes can't be detected")
    return Side(name, what, records, notes=tuple(notes))
