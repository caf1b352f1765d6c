"""The contents of an unpacked bundle, and messages about parts that can't be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from pytest_modellab.catalog import Catalog, CatalogError, load
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import RecordError, read_unchanged
from pytest_modellab.results.verdicts import case_key

from ..scorecard.card import Scorecard
from . import note as places
from .note import Note


@dataclass(frozen=True)
class Contents:
    """The contents of a bundle, with a message for each missing part."""

    folder: Path
    note: Note
    records: Mapping[str, Record]
    """By their path in the bundle."""
    control_records: Mapping[str, Record]
    damaged: tuple[str, ...]
    """What is wrong with the other files of records."""
    card: Scorecard | str
    control: Scorecard | str
    catalog: Catalog | str

    def of(self, key: str) -> list[Record]:
        """The records of a case."""
        return [record for record in self.records.values() if case_key(record.case) == key]


def contents(folder: Path) -> Contents:
    """Raises ReleaseError where there is no note."""
    note = places.read(folder)
    damaged: list[str] = []
    return Contents(
        folder=folder,
        note=note,
        records=_records(folder, places.RECORDS, damaged),
        control_records=_records(folder, places.CONTROL_RECORDS, damaged),
        damaged=tuple(damaged),
        card=_card(folder, places.SCORECARD),
        control=_card(folder, places.CONTROL),
        catalog=_catalog(folder) if note.whole else "a bundle of version 1 has no catalog",
    )


def _records(folder: Path, part: str, damaged: list[str]) -> dict[str, Record]:
    """The readable records that lie where they belong; what is wrong with others is added to `damaged`."""
    records = {}
    for path in sorted((folder / part).rglob("*.json")):
        name = path.relative_to(folder).as_posix()
        try:
            record = read_unchanged(path)
        except RecordError as error:
            damaged.append(f"{name}{str(error).removeprefix(str(path))}")
            continue
        case = record.case
        if not name.startswith(f"{part}/{case.model}/{case.task}/") or record.id not in path.name:
            damaged.append(f"{name}: is the record {record.id} of {case_key(case)}, which belongs elsewhere")
            continue
        records[name] = record
    return records


def _card(folder: Path, name: str) -> Scorecard | str:
    try:
        return Scorecard.model_validate_json((folder / name).read_bytes())
    except OSError as error:
        return f"{name}: can't be read: {error.strerror}"
    except ValidationError as error:
        return f"{name}: is no scorecard of this version: {error.errors(include_url=False)[0]['msg']}"


def _catalog(folder: Path) -> Catalog | str:
    """No engine is imported: a bundle is data."""
    try:
        return load(folder / places.CATALOG, folder, engines=False)
    except CatalogError as error:
        return str(error)
