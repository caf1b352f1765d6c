"""`modellab copy`."""

from __future__ import annotations

import argparse
from pathlib import Path

from pytest_modellab.assets.store.errors import SourceFailed
from pytest_modellab.core.console import counted
from pytest_modellab.core.remote_path import RemotePath, is_remote

from .command import Commands
from .exits import Exit, UsageError
from .tell import tell


def run(options: argparse.Namespace) -> int:
    """Copy a folder of reports to shared storage, or from there: what isn't there yet."""
    from pytest_modellab.results.remote_reports import fetch, send

    if is_remote(options.source) == is_remote(options.target):
        raise UsageError("one of FROM and TO is a folder on this machine, the other one on shared storage: s3://...")
    try:
        if is_remote(options.target):
            folder = Path(options.source)
            if not (folder / "runs").is_dir():
                raise UsageError(f"{folder} is no folder of reports: it has no folder `runs`")
            done = send(folder, RemotePath(options.target))
        else:
            done = fetch(RemotePath(options.source), Path(options.target))
    except (ValueError, SourceFailed, FileNotFoundError) as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(f"{error.filename or options.target}: {error.strerror or error}") from None
    tell(f"{counted(len(done), 'file')} copied to {options.target}")
    return Exit.OK


def add(commands: Commands) -> None:
    """Add the command with its options."""
    made = commands.add(
        "copy",
        run,
        "Copy a folder of reports to shared storage (s3://, gs://, az://), or from there.",
        example="copy reports s3://bucket/run-7",
    )
    made.add_argument("source", metavar="FROM")
    made.add_argument("target", metavar="TO")
