"""The checks of a bundle, from what is in it alone: on the machine that made it, and on any other."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from .. import baseline
from ..bench.record import Record
from ..bench.record_files import RecordError
from ..bench.record_files import read as read_record
from ..bench.rescore import rescore
from ..gate import Status, case_key
from ..scorecard.card import Row, Scorecard
from .note import BASELINES, CHECKSUMS, CONTROL, RECORDS, SCORECARD, Check, Note, read


def verify(folder: Path) -> list[Check]:
    """Everything that can be checked in an unpacked bundle. Raises ReleaseError where there is no note."""
    sums = Check("checksums", tuple(_sums(folder)))
    note = read(folder)
    records, damaged = _records(folder)
    card, control = _card(folder, SCORECARD), _card(folder, CONTROL)
    required = {key: [each for each in records.values() if case_key(each.case) == key] for key in note.required}
    checks: list[tuple[str, Callable[[], Iterator[str]]]] = [
        ("records are whole, and as they were written", lambda: iter(damaged)),
        ("every required case has its record", lambda: _missing(required)),
        ("every record is of this commit and session, and fresh", lambda: _stale(records, note)),
        ("scores follow from the transcripts", lambda: _scores(records)),
        ("the scorecard says what the records say", lambda: _disagreements(card, records)),
        ("every required case passed its gates", lambda: _not_passed(card, note)),
        ("no case is worse than its baseline", lambda: _regressions(required, folder / BASELINES, note)),
        ("a model that is wrong on purpose is stopped in every required case", lambda: _blunt(control, note)),
        ("nothing was wrong when it was made", lambda: iter(note.found)),
    ]
    return [sums, *(Check(name, tuple(check())) for name, check in checks)]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files(folder: Path) -> list[str]:
    """The files of a bundle that its checksums cover, in order."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path != folder / CHECKSUMS)
    return sorted(path.relative_to(folder).as_posix() for path in paths)


def _sums(folder: Path) -> Iterator[str]:
    try:
        lines = (folder / CHECKSUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        yield f"{CHECKSUMS}: can't be read: {error}"
        return
    stated = {name: sha for sha, _, name in (line.partition("  ") for line in lines)}
    there = set(files(folder))
    for name in sorted(stated.keys() | there):
        if name not in there:
            yield f"{name}: is missing"
        elif name not in stated:
            yield f"{name}: was not in the bundle when it was made"
        elif digest(folder / name) != stated[name]:
            yield f"{name}: was changed after the bundle was made"


def _records(folder: Path) -> tuple[dict[str, Record], list[str]]:
    """The readable records by their path in the bundle, and what is wrong with the others."""
    records, damaged = {}, []
    for path in sorted((folder / RECORDS).rglob("*.json")):
        name = path.relative_to(folder).as_posix()
        try:
            records[name] = record = read_record(path)
        except RecordError as error:
            damaged.append(f"{name}{str(error).removeprefix(str(path))}")
            continue
        if record.seal is None:
            damaged.append(f"{name}: has no seal")
    return records, damaged


def _card(folder: Path, name: str) -> Scorecard | str:
    """A scorecard of the bundle, or why there is none."""
    try:
        return Scorecard.model_validate_json((folder / name).read_bytes())
    except OSError as error:
        return f"{name}: can't be read: {error.strerror}"
    except ValidationError as error:
        return f"{name}: is no scorecard of this version: {error.errors(include_url=False)[0]['msg']}"


def _missing(required: Mapping[str, Sequence[Record]]) -> Iterator[str]:
    for key, records in required.items():
        if not records:
            yield f"{key}: there is no record of it"
        elif len(records) > 1:
            yield f"{key}: there are {len(records)} records of it, of which one at most is the release's"
        else:
            (record,) = records
            if record.limited_to is not None:
                yield f"{key}: only {record.limited_to} utterances were run"
            elif record.shard is not None:
                yield f"{key}: only shard {record.shard.cut} was run"
            elif record.ran_on is not None:
                yield f"{key}: it {record.ran_on}"
            elif record.summary.answered < record.summary.utterances:
                yield f"{key}: {record.summary.answered} of {record.summary.utterances} utterances were answered"


def _stale(records: Mapping[str, Record], note: Note) -> Iterator[str]:
    for name, record in records.items():
        origin = record.provenance
        try:
            age = datetime.fromisoformat(note.created) - datetime.fromisoformat(origin.created)
        except (ValueError, TypeError):  # no time, or one without its zone
            yield f"{name}: made {origin.created!r}, the release {note.created!r}: no age can be told"
            continue
        if origin.commit != note.commit:
            yield f"{name}: is of commit {str(origin.commit)[:12]}, the release of {note.commit[:12]}"
        elif origin.dirty:
            yield f"{name}: was made with uncommitted changes"
        elif origin.session != note.session:
            yield f"{name}: is of another session, {origin.session}"
        elif origin.rescored is not None or origin.stands_again is not None:
            yield f"{name}: was not measured in this session, but brought forward"
        elif age > timedelta(days=note.max_age_days):
            yield f"{name}: is {age.days} days older than the release; at most {note.max_age_days:g} are allowed"
        elif age < timedelta(0):
            yield f"{name}: is younger than the release, by its own word ({origin.created})"


def _scores(records: Mapping[str, Record]) -> Iterator[str]:
    for name, record in records.items():
        try:
            again = rescore(record)
        except ValueError as error:
            yield f"{name}: {error}"
            continue
        if again.normalizer.version != record.normalizer.version:
            yield (
                f"{name}: was scored with {record.normalizer.name} {record.normalizer.version}, here is"
                f" {again.normalizer.version}: install that version to check its scores"
            )
            continue
        for metric in ("wer", "cer", "success_rate"):
            if again.figure(metric) != record.figure(metric):
                yield f"{name}: says {metric} {record.figure(metric)}, its transcripts come to {again.figure(metric)}"


def _disagreements(card: Scorecard | str, records: Mapping[str, Record]) -> Iterator[str]:
    if isinstance(card, str):
        yield card
        return
    by_case = {case_key(record.case): record for record in records.values()}
    for row in card.rows:
        record = by_case.get(case_key(row.case))
        if record is None:
            if row.measured:
                yield f"{row.case.id}: has a row with figures, and no record"
            continue
        for metric, value in row.figures.items():
            if value != record.figure(metric):
                yield f"{row.case.id}: the scorecard says {metric} {value}, the record {record.figure(metric)}"
        for verdict in row.verdicts:
            if verdict.value is not None and verdict.value != record.figure(verdict.metric):
                yield f"{row.case.id}: its verdict on {verdict.metric} is of another value than the record's"
    yield from card.problems
    if card.partial:
        yield f"the session was not whole: {card.partial}"


def _rows(card: Scorecard | str, note: Note) -> dict[str, Row | None]:
    """The row of each required case; None where it has none."""
    rows = {} if isinstance(card, str) else {case_key(row.case): row for row in card.rows}
    return {key: rows.get(key) for key in note.required}


def _not_passed(card: Scorecard | str, note: Note) -> Iterator[str]:
    for key, row in _rows(card, note).items():
        if row is None:
            yield f"{key}: has no row in the scorecard"
        elif row.status is not Status.PASS:
            yield f"{key}: {row.status}: {row.reason}"


def _regressions(required: Mapping[str, Sequence[Record]], folder: Path, note: Note) -> Iterator[str]:
    for key, records in required.items():
        for record in records:
            path = baseline.place(record, folder)
            if record.wordless:
                continue
            if path.exists():
                judged = baseline.judge(record, partial(baseline.read, path), path.name)
                if not judged.verdict:
                    yield f"{key}: {judged.verdict.reason}"
            elif note.baselines == "required":
                yield f"{key}: has no baseline; `modellab baseline save {record.case.id}` keeps one, to be committed"


def _blunt(control: Scorecard | str, note: Note) -> Iterator[str]:
    if isinstance(control, str):
        yield control
        return
    for key, row in _rows(control, note).items():
        if row is None or not row.measured:
            yield f"{key}: was not tried with the wrong model{f': {row.reason}' if row else ''}"
        elif row.status is not Status.FAIL:
            yield f"{key}: a model that is wrong on purpose came out as {row.status}: give it a limit that can fail"
