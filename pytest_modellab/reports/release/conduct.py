"""The steps of a release: session, control, checks, bundle."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import TypeAlias

from pytest_modellab.catalog import Catalog
from pytest_modellab.catalog.cases import Case
from pytest_modellab.catalog.load import DEFAULT_PROFILES, default_grades_file
from pytest_modellab.core.child import run_pytest
from pytest_modellab.core.version import __version__
from pytest_modellab.results import baseline, provenance
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import RecordError, files_of, place_of
from pytest_modellab.results.record_files import read as read_record
from pytest_modellab.results.verdicts import case_key

from ..scorecard.card import Scorecard
from . import bundle, checks
from .checks import Verified
from .note import (
    BASELINES,
    CATALOG,
    CONTROL,
    CONTROL_RECORDS,
    ENVIRONMENT,
    NOTE,
    RECORDS,
    SCORECARD,
    Note,
    NotRun,
    ReleaseError,
)
from .plan import Plan, control_command, required, session_command
from .rejudge import code
from .requirements import tier_of
from .signature import can_sign, sign
from .standing import changed_since, damaged_weights, missing_here
from .working_tree import changes_of, clean_commit


@dataclass(frozen=True)
class Release:
    """The result of a release. `bundle` exists in either case; the name of one that failed says so."""

    bundle: Path
    verified: Verified
    not_run: tuple[NotRun, ...]

    @property
    def passed(self) -> bool:
        return self.verified.good


Start: TypeAlias = Callable[[Sequence[str], Path, bool], int]
"""What starts a session: the arguments of pytest, the folder, and whether it is silent. Its exit code is returned."""


def start_pytest(command: Sequence[str], folder: Path, silent: bool) -> int:
    """Run pytest in a process of its own."""
    return run_pytest(command, folder, subprocess.DEVNULL if silent else None)


def conduct(todo: Plan, say: Callable[[str], None], start: Start = start_pytest) -> Release:
    """Make the release: nothing is taken from an earlier session. Raises ReleaseError where it can't even begin.

    `start` runs the two sessions.
    """
    catalog = todo.catalog
    cases = required(catalog, todo.spec)
    commit = clean_commit(catalog, todo.reports)
    if lacking := _lacking(cases, catalog):
        raise ReleaseError(f"required cases can't be run here:\n{lacking}")
    if todo.key is not None:
        can_sign(todo.key)
    say(f"{len(cases)} required cases, commit {commit[:12]}")
    command = session_command(todo, cases)
    # What is there afterwards is this release's.
    (todo.reports / SCORECARD).unlink(missing_ok=True)
    for suffix in ("", "-failed"):
        (todo.output / f"release-{todo.version}{suffix}.zip").unlink(missing_ok=True)
    ended = _session(start, command, catalog.base)
    card, card_text = _scorecard(todo.reports / SCORECARD)
    say("control: the same gates, every model replaced by one that is wrong on purpose")
    control, control_text = _control(todo, cases, start)
    say("checking")
    found = [f"the session ended with {ended}: tests or gates failed"] if ended else []
    records = _records_of(card, todo.reports, found)
    control_records = _records_of(control, todo.reports / "control", found)
    found += _not_as_it_was(todo, commit, cases, records)
    note = Note(
        version=todo.version,
        commit=commit,
        created=datetime.now(UTC).isoformat(timespec="milliseconds"),
        session=card.session,
        lab=__version__,
        command=tuple(command),
        required=tuple(case.key for case in cases),
        max_age_days=todo.spec.max_age_days,
        baselines=todo.spec.baselines,
        not_run=tuple(_not_run(catalog, card, todo)),
        found=tuple(found),
        catalog=catalog.shown(str(catalog.folder)),
        code=code(),
    )
    with tempfile.TemporaryDirectory(prefix="modellab-release-") as name:
        folder = Path(name)
        _write_note(note, folder)
        (folder / SCORECARD).write_text(card_text, encoding="utf-8")
        (folder / CONTROL).write_text(control_text, encoding="utf-8")
        (folder / ENVIRONMENT).write_text(json.dumps(environment(), indent=1) + "\n", encoding="utf-8")
        _copy_catalog(catalog, folder / CATALOG)
        _copy_records(records, folder / RECORDS)
        _copy_records(control_records, folder / CONTROL_RECORDS)
        _copy_baselines(records.values(), todo.reports, folder)
        _write_note(note.model_copy(update={"undecided": checks.undecided(folder)}), folder)
        bundle.write_checksums(folder)
        verified = checks.verify(folder)
        if todo.key is not None and verified.good:
            sign(folder, todo.key)
        path = todo.output / f"release-{todo.version}{'' if verified.good else '-failed'}.zip"
        bundle.pack(folder, path)
    return Release(path, verified, note.not_run)


def _write_note(note: Note, folder: Path) -> None:
    (folder / NOTE).write_text(note.model_dump_json(by_alias=True, indent=1) + "\n", encoding="utf-8")


def _lacking(cases: Sequence[Case], catalog: Catalog) -> str:
    """The cases that can't be run here, those with one reason together; "" where all can."""
    by_reason: dict[str, list[str]] = {}
    for case in cases:
        if (why := missing_here(case, catalog)) is not None:
            by_reason.setdefault(why, []).append(case.id)
    return "\n".join(f"  {', '.join(ids)}: {why}".replace("\n", "\n    ") for why, ids in by_reason.items())


def environment() -> dict[str, object]:
    """The machine, and every distribution that is installed beside this package, by name."""
    # Each `metadata` parses the file anew, and `version` does, too.
    installed = {str(each["Name"]): str(each["Version"]) for each in (found.metadata for found in distributions())}
    return {"hardware": provenance.hardware(), "installed": dict(sorted(installed.items()))}


def _session(start: Start, command: Sequence[str], folder: Path, *, silent: bool = False) -> int:
    """The exit code of a whole session, 0 or 1. Raises ReleaseError for one that was broken off or could not begin."""
    ended = start(command, folder, silent)
    if ended not in (0, 1):
        raise ReleaseError(f"no release was made: the session ended with {ended}")
    return ended


def _scorecard(path: Path) -> tuple[Scorecard, str]:
    try:
        text = path.read_text(encoding="utf-8")
        return Scorecard.model_validate_json(text), text
    except (OSError, ValueError) as error:
        raise ReleaseError(f"the session left no scorecard {path}: {error}") from error


def _control(todo: Plan, cases: Sequence[Case], start: Start) -> tuple[Scorecard, str]:
    """The scorecard of the control session, and its text."""
    path = todo.reports / "control" / SCORECARD
    path.unlink(missing_ok=True)
    _session(start, control_command(todo, cases), todo.catalog.base, silent=True)
    return _scorecard(path)


def _records_of(card: Scorecard, reports: Path, found: list[str]) -> dict[Path, Record]:
    """The records that a session's scorecard names; what can't be read is added to `found`."""
    records = {}
    for row in card.rows:
        if row.record is None:
            continue
        try:
            path = place_of(reports, row.case, row.record)
            records[path] = read_record(path)
        except RecordError as error:
            found.append(str(error))
    return records


def _not_as_it_was(todo: Plan, commit: str, cases: Sequence[Case], records: dict[Path, Record]) -> list[str]:
    """What changed while the session ran, and which files are damaged."""
    found = []
    now, _ = provenance.git_state(todo.catalog.base)
    if now != commit:
        found.append(f"the commit changed while the session ran: {commit[:12]} -> {str(now)[:12]}")
    found += [
        f"changed while the session ran: {change}"
        for change in changes_of(todo.catalog.base, todo.reports, todo.catalog.folder)
    ]
    by_case = {case_key(record.case): record for record in records.values()}
    for case in cases:
        record = by_case.get(case.key)
        if record is not None:
            found += [f"{case.id}: {change}" for change in changed_since(record, case, todo.catalog)]
    models = {case.model.id: case.model for case in cases}
    for model in models.values():
        found += [f"{model.id}: {damage}" for damage in damaged_weights(model, todo.catalog)]
    return found


def _not_run(catalog: Catalog, card: Scorecard, todo: Plan) -> list[NotRun]:
    rows = {case_key(row.case): row for row in card.rows}
    left_out = "left out by --required-only" if todo.required_only else "no test ran it"
    return [
        NotRun(case=case.key, why=left_out if row is None else row.reason or str(row.status))
        for case in tier_of(catalog)
        if (row := rows.get(case.key)) is None or not row.measured
    ]


def _copy_catalog(catalog: Catalog, folder: Path) -> None:
    """The YAML of the catalog; the package's default bands and profiles beside it, where it has none of its own."""
    for path in (*catalog.folder.glob("*"), *catalog.folder.glob("models/*"), *catalog.folder.glob("datasets/*")):
        if path.suffix in {".yaml", ".yml"} and path.is_file():
            place = folder / path.relative_to(catalog.folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
    for name, default in (
        ("grades.yaml", default_grades_file),
        ("profiles.yaml", lambda: DEFAULT_PROFILES.read_text(encoding="utf-8")),
    ):
        if not (folder / name).exists():
            (folder / name).write_text(default(), encoding="utf-8")


def _copy_records(records: dict[Path, Record], folder: Path) -> None:
    for path, record in records.items():
        place = folder / record.case.model / record.case.task
        place.mkdir(parents=True, exist_ok=True)
        for each in files_of(path):
            shutil.copyfile(each, place / each.name)


def _copy_baselines(records: Iterable[Record], reports: Path, folder: Path) -> None:
    for record in records:
        saved = baseline.place(record, reports / BASELINES)
        if saved.exists():
            kept = folder / BASELINES / saved.relative_to(reports / BASELINES)
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(saved, kept)
