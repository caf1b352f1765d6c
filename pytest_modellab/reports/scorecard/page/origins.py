"""Provenance of records on the page: code, versions, machine, weights, data, judge."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from pytest_modellab.results.record import Record

from . import harmless


def origins(record: Record) -> list[tuple[str, str]]:
    """Label and value, what is not known left out."""
    return [(label, harmless.lines(value)) for label, value in _all(record) if value]


def machine(record: Record) -> str:
    """On one line: processor, memory, graphics, system."""
    return harmless.line(", ".join(record.hardware.parts()))


def code(record: Record) -> str:
    """On one line: the version of Model Lab, and the commit of the tests."""
    origin = record.provenance
    at = f", commit {origin.commit[:12]}" if origin.commit else ""
    dirty = ", with changes that aren't committed" if origin.dirty else ""
    return harmless.line(f"pytest-modellab {origin.lab}{at}{dirty}")


def _all(record: Record) -> Iterator[tuple[str, str]]:
    origin = record.provenance
    inputs = origin.inputs
    yield "measured", origin.created
    yield "session", origin.session
    yield "by", code(record)
    yield "machine", machine(record)
    yield "engine", str(inputs.get("engine", ""))
    yield "Python", str(inputs.get("python", ""))
    yield "libraries", _pairs(inputs.get("versions"))
    yield "options", _pairs(inputs.get("options"))
    yield "weights", _digest(inputs.get("weights"))
    yield "data set", _digest(inputs.get("dataset"))
    yield "chosen while loading", _pairs(record.loaded)
    yield "normalisation", f"{record.normalizer.name} {record.normalizer.version}"
    judge = inputs.get("judge")
    if isinstance(judge, Mapping):
        yield "judge", f"{judge.get('model', '')}, weights {_digest(judge.get('weights'))}"
    parts = inputs.get("parts")
    for role, part in parts.items() if isinstance(parts, Mapping) else ():
        if isinstance(part, Mapping):
            yield f"its {role}", f"{part.get('model', '')}, weights {_digest(part.get('weights'))}"
    yield "seed", str(inputs.get("seed", ""))
    yield "scored again", origin.rescored or ""
    yield "stands again since", origin.stands_again or ""
    yield "joined from shards", ", ".join(origin.merged)
    yield "taken over from a killed session", f"{origin.resumed} utterances" if origin.resumed else ""
    yield "restarts of its process", str(origin.worker_restarts or "")
    yield "input key", origin.key


def _pairs(found: object) -> str:
    if not isinstance(found, Mapping):
        return ""
    return ", ".join(f"{k} {v if isinstance(v, str) else json.dumps(v, ensure_ascii=False)}" for k, v in found.items())


def _digest(value: object) -> str:
    if isinstance(value, Mapping):
        return _pairs(value)
    return "" if value is None else str(value)
