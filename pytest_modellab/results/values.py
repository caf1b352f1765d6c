"""The values of all metrics of a record, computed from its utterances."""

from __future__ import annotations

from pytest_modellab.core.metrics.evaluate import Evaluated, evaluate_all
from pytest_modellab.core.metrics.registry import METRICS
from pytest_modellab.core.metrics.table import Table
from pytest_modellab.core.schema_base import ranged

from .record import Record, Value


def valued(record: Record) -> Record:
    """`record` with the value of each metric that its task has; a shard has none."""
    if record.shard is not None:
        return record.model_copy(update={"values": {}})
    table = Table(record)
    metrics = [each for each in METRICS.values() if each.why_elsewhere(record.case.task) is None]
    return record.model_copy(
        update={
            "values": {
                name: _stored(found, METRICS[name].version) for name, found in evaluate_all(metrics, table).items()
            }
        }
    )


def _stored(found: Evaluated, version: int) -> Value:
    missing = found.missing
    if missing is None:
        return Value(value=found.value, interval=ranged(found.interval), definition=version)
    return Value(value=None, missing=missing.why, possible=missing.possible, definition=version)
