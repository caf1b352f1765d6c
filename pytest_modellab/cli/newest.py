"""The newest whole record of each case that a command is asked for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from pytest_modellab.core.console import counted
from pytest_modellab.results.record import Record
from pytest_modellab.results.record_files import RecordError, read
from pytest_modellab.results.record_header import newest, read_header
from pytest_modellab.results.record_names import CaseName, case_named, may_match
from pytest_modellab.results.verdicts import case_key

from .exits import Exit
from .tell import tell


@dataclass
class NewestRecords:
    """Records by case, and what was passed over."""

    records: list[Record] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    """Messages on the cases whose newest record can't be read; an older one doesn't stand in for it."""
    shards: int = 0
    limited: int = 0

    @property
    def exit_code(self) -> Exit:
        """Of a command that did its work on `records`."""
        return Exit.WRONG if self.damaged else Exit.OK

    def tell_damaged(self) -> None:
        """Name the damaged ones on the error output."""
        for text in self.damaged:
            tell(f"modellab: passed over: {text}; delete the file, or run the case again", file=sys.stderr)

    def why_none(self, globs: Sequence[str], reports: Path) -> str:
        """Why there are neither records nor damaged ones."""
        asked, runs = " or ".join(globs) or "any case", reports / "runs"
        parts = [
            *([f"{counted(self.shards, 'record')} of shards (`modellab merge` joins them)"] if self.shards else []),
            *([f"{counted(self.limited, 'record')} limited to the first utterances"] if self.limited else []),
        ]
        if parts:
            return f"no whole record of {asked} in {runs}, only {' and '.join(parts)}; run pytest on all of the data"
        return f"no record of {asked} in {runs}; run pytest first"


def newest_records(reports: Path, globs: Sequence[str] = (), task: str | None = None) -> NewestRecords:
    """Those of the cases that match one of `globs` ([]: all), of one task or all; no other record is read."""
    found = NewestRecords()
    paths: dict[str, Path] = {}
    seen: set[CaseName] = set()
    spoiled: set[CaseName] = set()
    for path in newest(reports):
        name = case_named(path)
        if (task is not None and name[0] != task) or name in spoiled or not may_match(name, globs):
            continue
        try:
            header = read_header(path)
        except RecordError as error:
            # Of a case with a newer record that is whole nothing is amiss.
            if name not in seen:
                spoiled.add(name)
                found.damaged.append(str(error))
            continue
        if not matches(header, globs):
            continue
        if header.shard is not None:
            found.shards += 1
        elif header.limited_to is not None:
            found.limited += 1
        else:
            seen.add(name)
            paths.setdefault(case_key(header.case), path)
    for key in sorted(paths):
        try:
            found.records.append(read(paths[key]))
        except RecordError as error:
            found.damaged.append(str(error))
    return found


def matches(record: Record, globs: Sequence[str]) -> bool:
    """Whether a record's case matches one of `globs`; [] matches all."""
    return not globs or any(fnmatchcase(record.case.id, glob) for glob in globs)
