"""A process that does a step for some row groups of a table: `processes.py` starts it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa

from pytest_modellab.results.table.steps import step_of
from pytest_modellab.results.table.stored_rows import StoredRows


def work(job: dict[str, Any]) -> None:
    """Do the step for the row groups of a job."""
    source, folder = StoredRows(Path(job["path"])), Path(job["folder"])
    step = step_of(job, source)
    for number in job["groups"]:
        made = step.group(source.group(number))
        path = folder / f"{number}.arrow"
        temporary = path.with_suffix(".tmp")
        with pa.OSFile(str(temporary), "wb") as file, pa.ipc.new_file(file, made.schema) as writer:
            writer.write_table(made)
        temporary.replace(path)


if __name__ == "__main__":
    work(json.load(sys.stdin))
