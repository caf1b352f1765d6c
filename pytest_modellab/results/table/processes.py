"""Row groups of a table shared among processes, each of which takes every nth one.

A process of its own is `python -m pytest_modellab.results.table.step_process`; it is told the file, the step and its
row groups as JSON on its standard input, and writes each result as an Arrow file into a folder.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from pytest_modellab.core.cores import usable_cores

from .stored_rows import StoredRows

_MODULE = f"{__package__}.step_process"
_MOST = 8
"""Processes; each takes memory for the libraries of scoring."""
_LOOK_EVERY_S = 0.05


class StepFailed(Exception):
    """A process that ended without its results."""


def shared(source: StoredRows, told: dict[str, Any]) -> Iterator[pa.Table]:
    """The results of all row groups, in their order. Raises StepFailed."""
    count = max(1, min(int(usable_cores()), _MOST, source.groups))
    with tempfile.TemporaryDirectory(prefix="modellab-step-") as name:
        folder = Path(name)
        processes = [_started(source, told, range(i, source.groups, count), folder) for i in range(count)]
        try:
            for group in range(source.groups):
                path = folder / f"{group}.arrow"
                _wait(processes[group % count], path)
                with pa.OSFile(str(path)) as file:
                    yield pa.ipc.open_file(file).read_all()
                path.unlink()
        finally:
            for process in processes:
                with suppress(OSError):
                    process.kill()
                process.wait()


def _started(source: StoredRows, told: dict[str, Any], groups: range, folder: Path) -> subprocess.Popen[bytes]:
    job = {"path": str(source.path), "folder": str(folder), "groups": list(groups), **told}
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", _MODULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    with suppress(OSError), process.stdin:  # one that ended at once is told by its result
        process.stdin.write(json.dumps(job).encode())
    return process


def _wait(process: subprocess.Popen[bytes], path: Path) -> None:
    while not path.exists():
        if process.poll() is not None and not path.exists():
            raise StepFailed(f"a process that scores ended with {process.returncode}")
        time.sleep(_LOOK_EVERY_S)
