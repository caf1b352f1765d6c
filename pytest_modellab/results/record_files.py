"""Record files: written atomically with a checksum, verified when read, compared without their volatile fields."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version
from pydantic import BaseModel, ValidationError
from pydantic.json_schema import models_json_schema
from pydantic_core import from_json, to_json

from pytest_modellab.catalog.case_ref import CaseRef
from pytest_modellab.core.atomic import write_text
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.stored import StoredTable
from pytest_modellab.core.version import __version__
from pytest_modellab.tasks import parts
from pytest_modellab.tasks.registry import TASKS

from . import record_v1, table
from .record import SCHEMA, WITH_TABLE, Record, RecordWithTable, Value


class RecordError(Exception):
    """A record file that can't be read."""


def write(record: Record, reports: Path) -> Path:
    """Store a record as reports/runs/<model>/<task>/<timestamp>-<device>-<dataset>-<id>.json.

    From `table.FEWEST_ROWS` utterances on they lie in a table beside it, which is there before the record is.
    """
    path = path_of(record, reports)
    if table.wanted(len(record.utterances)):
        from .record_tables import with_table

        # The rows of a table that was read may be another file's.
        write_text(path, sealed(with_table(record, path)))
    else:
        write_text(path, text(record))
    return path


def path_of(record: Record, reports: Path) -> Path:
    """Where a record is stored in a folder of reports."""
    case, origin = record.case, record.provenance
    # To the millisecond: the newest record of a case is found by its name.
    stamp = _stamp(origin.stands_again or origin.rescored or origin.created)
    return reports / "runs" / case.model / case.task / f"{stamp}-{case.device}-{case.dataset}-{record.id}.json"


_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*\.json")


def place_of(reports: Path, case: CaseRef, named: str) -> Path:
    """Where the record of a case lies in a folder of reports, wherever that was when a scorecard `named` its path.

    Of that path only the file's name counts. Raises RecordError for one that no record has.
    """
    name = re.split(r"[/\\]", named)[-1]
    if not _FILE.fullmatch(name):
        raise RecordError(f"{named!r:.200}: no record has such a name; the scorecard was changed, or is damaged")
    return reports / "runs" / case.model / case.task / name


def text(record: Record) -> str:
    """A record in one file, with its checksum."""
    return sealed(record.model_copy(update={"utterances": tuple(record.utterances)}))


def sealed(record: Record) -> str:
    """As it is stored, with its checksum."""
    return record.model_copy(update={"seal": checksum_of(record)}).model_dump_json(by_alias=True, indent=1) + "\n"


def _stamp(time: str) -> str:
    return re.sub(r"[-:.]", "", time)[:18]


def checksum_of(record: Record) -> str:
    """SHA-256 of everything in a record but its `seal`: detects damage and later edits, not forgery."""
    return hashlib.sha256(record.model_copy(update={"seal": None}).model_dump_json(by_alias=True).encode()).hexdigest()


def _checksum_in(data: bytes) -> str:
    """The checksum of a record as it is stored: a later version that knows more fields finds it whole all the same."""
    return hashlib.sha256(to_json({**from_json(data), "seal": None})).hexdigest()


def read(path: Path) -> Record:
    """Of a packed one (`.gz`), too. Raises RecordError, naming the file and what is wrong in it."""
    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
        record = parsed(data)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise RecordError(f"{path}: can't be unpacked: {error}") from error
    except OSError as error:
        raise RecordError(f"{path}: can't be read: {error.strerror}") from error
    except ValidationError as error:
        if newer := _newer_schema(data):
            raise RecordError(
                f"{path}: is a {newer}, of a newer pytest-modellab; this one reads {WITH_TABLE}: update it"
            ) from None
        first = error.errors(include_url=False)[0]
        place = "".join(f"{part}: " for part in first["loc"])
        schema = next((each for each in (record_v1.SCHEMA, WITH_TABLE) if _is(data, each)), SCHEMA)
        raise RecordError(f"{path}: not a {schema}: {place}{first['msg']}") from error
    if record.seal is not None and record.seal != checksum_of(record) and record.seal != _checksum_in(data):
        raise RecordError(f"{path}: was changed after it was written; its values can't be relied on")
    if isinstance(record, RecordWithTable):
        if not table.readable():
            raise RecordError(f"{path}: its utterances lie in a table, which takes {table.NEEDS}")
        from .record_tables import TableError, with_rows

        try:
            return with_rows(record, path)
        except TableError as error:
            raise RecordError(f"{path}: {error}") from error
    return record


def files_of(path: Path) -> Sequence[Path]:
    """The files of the record at `path`: with the table that lies beside it, where there is one."""
    beside = path.with_name(f"{path.stem}{table.SUFFIX}")
    return (path, beside) if beside.exists() else (path,)


def parts_in_table(path: Path) -> Iterator[str]:
    """The JSON of what only some tasks have of utterances, of those in the table of the record at `path`.

    Nothing where it has no table. Raises RecordError for a table that can't be read here.
    """
    for beside in files_of(path)[1:]:
        if not table.readable():
            raise RecordError(f"{beside}: takes {table.NEEDS}")
        from .record_tables import TableError, parts_of

        try:
            yield from parts_of(beside)
        except TableError as error:
            raise RecordError(f"{beside}: {error}") from error


def parsed(data: bytes) -> Record:
    """The record that JSON holds, of an older version in the types of today. Raises ValidationError.

    Where its utterances lie in a table it is a RecordWithTable, without them.
    """
    if _is(data, WITH_TABLE):
        return RecordWithTable.model_validate_json(data)
    if not _is(data, record_v1.SCHEMA):
        return Record.model_validate_json(data)
    from .record_migration import migrated

    return migrated(record_v1.RecordV1.model_validate_json(data))


def _is(data: bytes, schema: str) -> bool:
    """Whether a record is of that schema, as far as its text tells."""
    return re.search(rb'"schema"\s*:\s*"%s"' % re.escape(schema.encode()), data) is not None


def read_unchanged(path: Path) -> Record:
    """As `read`, of a record that must have a checksum: without it, edits can't be detected."""
    record = read(path)
    if record.seal is None:
        raise RecordError(f"{path}: has no checksum (`seal`), so that changes can't be detected; run the case again")
    return record


def _newer_schema(data: bytes) -> str:
    """The schema that a file says it has, if it is a record's of a later version; else "".

    Within a version, too, later releases add fields, which this one can't judge.
    """
    try:
        found = json.loads(data)
        schema, lab = str(found["schema"]), str(found["provenance"]["lab"])
    except (ValueError, KeyError, TypeError):
        return ""
    family, _, number = WITH_TABLE.rpartition("/")
    theirs, _, their_number = schema.rpartition("/")
    if theirs == family and their_number.isdecimal() and int(their_number) > int(number):
        return schema
    try:
        known = schema in (SCHEMA, WITH_TABLE)
        return f"{schema} made by {lab}" if known and Version(lab) > Version(__version__) else ""
    except InvalidVersion:
        return ""


def newest_first(paths: Iterable[Path]) -> list[Path]:
    """Records by the times in their names. Those of a time to come are last: a clock was wrong when they were made."""
    soon = _stamp((datetime.now(UTC) + timedelta(minutes=1)).isoformat(timespec="milliseconds"))
    return sorted(paths, key=lambda path: (path.name[: len(soon)] <= soon, path.name), reverse=True)


def canonical(record: Record) -> dict[str, Any]:
    """The record without its volatile fields: equal for two runs that gave the same answers to the same inputs."""
    stripped = canonical_value(record)
    assert isinstance(stripped, dict)
    return stripped


def canonical_value(value: Any) -> Any:
    """A part of a record without its volatile fields, as JSON has it."""
    if isinstance(value, dict):
        return {
            key: canonical_value(item)
            for key, item in value.items()
            if not (isinstance(item, Value) and key in METRICS and METRICS[key].varies)
        }
    if isinstance(value, BaseModel):
        return {
            name: canonical_value(getattr(value, name))
            for name, field in type(value).model_fields.items()
            if not (isinstance(field.json_schema_extra, dict) and field.json_schema_extra.get("volatile"))
        }
    if isinstance(value, tuple) or (isinstance(value, Sequence) and isinstance(value, StoredTable)):
        return [canonical_value(item) for item in value]
    return value


def json_schema() -> str:
    """The JSON Schema of a record, as committed in `pytest_modellab/results/schema/record.schema.json`."""
    ours = {task: (parts.utterance_part(task), parts.run_part(task)) for task in TASKS}
    kinds = [kind for pair in ours.values() for kind in pair if kind is not None]
    references, others = models_json_schema([(kind, "validation") for kind in kinds], ref_template="#/$defs/{model}")
    schema = Record.model_json_schema(by_alias=True)
    schema["$defs"] |= others["$defs"]
    # The header of a record with a table is the same but for these two.
    with_table = RecordWithTable.model_json_schema(by_alias=True)
    schema["$defs"]["TableRef"] = with_table["$defs"]["TableRef"]
    schema["properties"]["schema"] |= {"enum": [SCHEMA, WITH_TABLE]}
    del schema["properties"]["schema"]["const"]
    told = "where the utterances lie: in `modellab.record/3`, and in no other"
    schema["properties"]["table"] = {**with_table["properties"]["table"], "description": told}
    for i, place in enumerate((schema["$defs"]["UtteranceResult"], schema)):
        place["properties"]["parts"]["properties"] = {
            task: references[kind, "validation"] for task, pair in ours.items() if (kind := pair[i]) is not None
        }
    return json.dumps(schema, indent=1, sort_keys=True) + "\n"
