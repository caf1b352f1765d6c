"""The records of a folder of reports as a read-only JSON API."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.results.record_files import RecordError, read
from pytest_modellab.results.record_header import RecordHeader, checked_header, newest

from .guard import inside
from .refused import Refused

MOST = 500
"""Records on one page."""
_ID = re.compile(r"[0-9a-f]{8}")
_FILTERS = ("case", "task", "model", "device", "dataset", "session", "commit")


def listed(reports: Path, query: Mapping[str, list[str]]) -> dict[str, Any]:
    """A page of records, the newest first, without their utterances. Raises Refused.

    Once the page is full no further record is opened, so that `more` says only whether there are any.
    """
    unknown = set(query) - {*_FILTERS, "limit", "offset"}
    if unknown:
        raise Refused(400, f"unknown: {', '.join(sorted(unknown))}; known: {', '.join((*_FILTERS, 'limit', 'offset'))}")
    limit, offset = _number(query, "limit", 50, MOST), _number(query, "offset", 0, 10**9)
    wanted = {name: query[name] for name in _FILTERS if name in query}
    damaged: list[str] = []
    found = []
    for path, record in _matching(reports, wanted, damaged):
        found.append((path, record))
        if len(found) > offset + limit:
            break
    page = [_shown(reports, path, record) for path, record in found[offset : offset + limit]]
    return {"records": page, "offset": offset, "more": len(found) > offset + limit, "damaged": damaged}


def _matching(
    reports: Path, wanted: Mapping[str, list[str]], damaged: list[str]
) -> Iterator[tuple[Path, RecordHeader]]:
    for path in newest(reports):
        if inside(reports, *path.relative_to(reports).parts) is None:
            continue
        # Model and task are the folders' names: what is filtered by them isn't opened.
        named = {"model": path.parent.parent.name, "task": path.parent.name}
        if not all(_matches(named[name], wanted[name]) for name in named if name in wanted):
            continue
        try:
            record = checked_header(path)
        except RecordError as error:
            damaged.append(_relative(error, reports))
            continue
        origin, case = record.provenance, record.case
        told = {"case": case.id, "device": case.device, "dataset": case.dataset, "session": origin.session}
        if not all(_matches(told[name], wanted[name]) for name in told if name in wanted):
            continue
        if "commit" in wanted and not any((origin.commit or "").startswith(each) for each in wanted["commit"]):
            continue
        yield path, record


def _matches(value: str, globs: list[str]) -> bool:
    return any(fnmatchcase(value, glob) for glob in globs)


def _number(query: Mapping[str, list[str]], name: str, default: int, most: int) -> int:
    given = query.get(name, [str(default)])[-1]
    if not given.isascii() or not given.isdecimal() or len(given) > 10 or int(given) > most:
        raise Refused(400, f"{name}: a number from 0 to {most}")
    return int(given)


def _shown(reports: Path, path: Path, record: RecordHeader) -> dict[str, Any]:
    origin = record.provenance
    figures = {name: value for name in METRICS if (value := record.value(name)) is not None}
    return {
        "id": record.id,
        "path": path.relative_to(reports).as_posix(),
        "case": {**record.case.model_dump(), "id": record.case.id},
        "title": record.title,
        "session": origin.session,
        "commit": origin.commit,
        "dirty": origin.dirty,
        "created": origin.created,
        "utterances": record.summary.utterances,
        "answered": record.summary.answered,
        "limited_to": record.limited_to,
        "shard": record.shard and str(record.shard.cut),
        "failure": record.failure and record.failure.message,
        "noisy": record.timing.noisy,
        "figures": figures,
        "intervals": {
            name: {"low": found.low, "high": found.high}
            for name in figures
            if (found := record.interval(name)) is not None
        },
    }


def one(reports: Path, id: str) -> bytes:
    """A whole record as it was written, of one with a table its header. Raises Refused."""
    if not _ID.fullmatch(id):
        raise Refused(404, "a record's id is eight hexadecimal digits")
    for path in (reports / "runs").glob(f"*/*/*-{id}.json"):
        if inside(reports, *path.relative_to(reports).parts) is None:
            continue
        try:
            read(path)
            return path.read_bytes()
        except (RecordError, OSError) as error:
            raise Refused(500, _relative(error, reports)) from None
    raise Refused(404, f"no record {id}")


def _relative(error: Exception, reports: Path) -> str:
    """A message without the folders above the reports: who may look at these need not know them."""
    return str(error).replace(f"{reports}/", "")
