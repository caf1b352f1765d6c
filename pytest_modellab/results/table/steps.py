"""Steps that make a table out of another, row group by row group: scoring, and the contributions to metrics.

Each row group is a function of its own rows and of what is known of the whole run, so that several processes can share
them. The result is the same however many there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa

from pytest_modellab.core.text import TextRules
from pytest_modellab.tasks.registry import task_named

from .. import table
from ..record import Record, UtteranceResult
from . import contributions, processes
from .layout import PARTS, ROWS, decoded, encoded_parts
from .processes import StepFailed
from .stored_rows import BATCH, StoredRows
from .writing import written


class Step(Protocol):
    """The change of one row group."""

    def told(self) -> dict[str, Any]:
        """The step as JSON, for `step_of` in another process."""
        ...

    def schema(self) -> pa.Schema:
        """The columns of the result."""
        ...

    def group(self, group: pa.Table) -> pa.Table:
        """The result of one row group."""
        ...


@dataclass(frozen=True)
class Scored:
    """Scoring of raw texts: the parts of each row are made anew."""

    task: str
    rules: TextRules

    def told(self) -> dict[str, Any]:
        return {
            "step": "scored",
            "task": self.task,
            "scorer": self.rules.scorer,
            "replacements": list(self.rules.replacements),
        }

    def schema(self) -> pa.Schema:
        return ROWS

    def group(self, group: pa.Table) -> pa.Table:
        scoring = task_named(self.task).scoring()
        parts = [part for rows in _rows(group) for part in scoring.score(rows, self.rules)]
        columns = encoded_parts(parts)
        for name in PARTS:
            field = ROWS.field(name)
            place = group.schema.get_field_index(name)
            group = group.set_column(place, field, pa.array(columns[name], field.type))
        return group.select(ROWS.names)


@dataclass(frozen=True)
class Contributed:
    """The contributions of each row to all metrics of the run's task."""

    record: Record

    def told(self) -> dict[str, Any]:
        header = self.record.model_copy(update={"utterances": ()})
        return {"step": "contributed", "record": header.model_dump_json(by_alias=True)}

    def schema(self) -> pa.Schema:
        metrics = contributions.metrics_of(self.record.case.task)
        return pa.schema([*ROWS, *contributions.columns(metrics)])

    def group(self, group: pa.Table) -> pa.Table:
        metrics = contributions.metrics_of(self.record.case.task)
        found = pa.concat_tables([contributions.contributed(rows, self.record, metrics) for rows in _rows(group)])
        group = group.select(ROWS.names)
        for name in found.column_names:
            group = group.append_column(name, found.column(name))
        return group


def _rows(group: pa.Table) -> Iterator[list[UtteranceResult]]:
    return (decoded(batch) for batch in group.to_batches(max_chunksize=BATCH))


def step_of(told: dict[str, Any], source: StoredRows) -> Step:
    """The step that `told` describes."""
    if told["step"] == "scored":
        replacements = tuple((old, new) for old, new in told["replacements"])
        return Scored(told["task"], TextRules(told["scorer"], replacements))
    record = Record.model_validate_json(told["record"])
    return Contributed(record.model_copy(update={"utterances": source}))


def stepped(source: StoredRows, step: Step) -> StoredRows:
    """The table that a step makes of another."""
    metrics = contributions.metrics_of(step.record.case.task) if isinstance(step, Contributed) else []
    versions = contributions.versions(metrics)
    if table.shared(len(source)):
        try:
            return written(processes.shared(source, step.told()), step.schema(), versions)
        except StepFailed:
            pass  # what is registered in this process alone can't be used in another
    return written((step.group(source.group(i)) for i in range(source.groups)), step.schema(), versions)
