"""`modellab merge`."""

from __future__ import annotations

import argparse
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_modellab.assets.store.errors import SourceFailed
from pytest_modellab.core.remote_path import RemotePath, is_remote
from pytest_modellab.reports.scorecard.files import JSON, write
from pytest_modellab.reports.scorecard.judged import judged
from pytest_modellab.reports.scorecard.recordings import Recordings
from pytest_modellab.reports.scorecard.terminal import render
from pytest_modellab.results import record_files as records
from pytest_modellab.results.merge import MergeError, merge
from pytest_modellab.results.record import Record
from pytest_modellab.results.verdicts import Strictness
from pytest_modellab.runner.judged_by import hold

from .command import Commands
from .configuration import configuration
from .exits import Exit, UsageError
from .place import open_catalog, reports_folder
from .tell import tell, tell_lines


def run(options: argparse.Namespace) -> int:
    """Join the shards of every case, write the records and their scorecard.

    1 where a case can't be joined, or fails as it would in a session.
    """
    catalog = open_catalog(options, engines=False)
    output = reports_folder(options)
    refused: list[str] = []
    merged: list[tuple[Record, Path]] = []
    for found in _cases(options.folders).values():
        try:
            record = merge(found)
            hold(found, catalog)
        except MergeError as error:
            refused.append(f"refused: {error}")
            tell_lines(refused[-1])
            continue
        path = records.write(record, output)
        merged.append((records.read(path), path))
        tell(f"{record.case.id}: {len(found)} shards, {record.summary.utterances} utterances: {path}")
    # Nothing was judged of the shards: what a session would have refused is refused here.
    settings = configuration()
    strict: Strictness = "inconclusive" if settings.text("modellab_inconclusive") == "fail" else "failures"
    session = f"merge-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
    card = judged(session, catalog, merged, required=options.require, strict=strict)
    card = card.model_copy(update={"problems": (*card.problems, *refused)})
    recordings = Recordings(catalog) if settings.flag("modellab_page_recordings") else None
    left = write(card, output, with_page=settings.flag("modellab_page"), recordings=recordings)
    if not merged:
        return Exit.WRONG  # each refusal was told, and there is no case to show
    width = shutil.get_terminal_size().columns
    for line, _ in render(left.card, str(output / JSON), str(left.page or left.hint), width):
        tell(line)
    return Exit.WRONG if left.card.problems else Exit.OK


def _cases(folders: Sequence[str]) -> dict[str, dict[Path, Record]]:
    """The shards' records of each case. Raises UsageError where there are none, RecordError for one that is damaged."""
    newest: dict[tuple[Path, str, int], tuple[Record, Path]] = {}
    for name in folders:
        folder = _here(name)
        if not folder.is_dir():
            raise UsageError(f"no such folder: {folder}")
        found = False
        # A shard that was run again counts once, as it was last.
        for path in reversed(records.newest_first(set(_records(folder)))):
            record = records.read(path)
            if record.shard is not None:
                found = True
                runs = path.parents[2].resolve()
                newest[runs, f"{record.case.task}/{record.case.id}", record.shard.index] = (record, path)
        if not found:
            raise UsageError(f"no record of a shard under {folder}; `pytest --lab-shard=1/2` makes them")
    cases: dict[str, dict[Path, Record]] = {}
    for (_, case, _), (record, path) in sorted(newest.items(), key=lambda item: item[0][1:]):
        cases.setdefault(case, {})[path] = record
    return cases


def _here(name: str) -> Path:
    """A folder on this machine; of one on shared storage its copy, with what is new there. Raises UsageError."""
    if not is_remote(name):
        return Path(name)
    from pytest_modellab.results.remote_reports import copy_of, fetch

    try:
        fetch(RemotePath(name), copy_of(name))
    except (ValueError, SourceFailed, OSError) as error:
        raise UsageError(f"{name}: {error}") from None
    return copy_of(name)


def _records(folder: Path) -> Iterator[Path]:
    """Of a folder of reports, or of all that lie somewhere below it, as downloaded artifacts do."""
    yield from folder.glob("runs/*/*/*.json")
    yield from folder.glob("**/runs/*/*/*.json")


def add(commands: Commands) -> None:
    """Add the command with its options."""
    join = commands.add(
        "merge",
        run,
        "Join the records of all shards (pytest --lab-shard) into whole ones, and judge.",
        example="merge parts --require '*:cpu:*'",
    )
    join.add_argument(
        "folders",
        nargs="+",
        metavar="FOLDER",
        help="folder of reports, or of several such folders; or s3://..., of reports",
    )
    join.add_argument(
        "--output", dest="reports", metavar="DIR", help="folder of records to write to (default: modellab_reports)"
    )
    join.add_argument(
        "--require", action="append", default=[], metavar="GLOB", help="fail unless such a case is there; repeatable"
    )
