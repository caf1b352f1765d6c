"""The command `modellab`: what is there to run, fetching it ahead of time, checking data."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from .. import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code is 0 where all went well, 1 where something is wrong, 2 for bad usage."""
    options = _parser().parse_args(arguments)
    from ..baseline import BaselineError
    from ..bench.record import RecordError
    from ..catalog import CatalogError
    from ..store import StoreError

    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except (BaselineError, CatalogError, RecordError, StoreError, UsageError) as error:
        print(f"modellab: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        print("modellab: interrupted; what was fetched is kept", file=sys.stderr)
        return 130


class UsageError(Exception):
    """The command line asks for something that isn't there."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="modellab", description=__doc__)
    parser.add_argument("--version", action="version", version=f"modellab {__version__}")
    parser.add_argument(
        "--catalog",
        type=Path,
        metavar="DIR",
        help="folder of models/, datasets/, ... (default: modellab_catalog of the ini file, else ./fixtures)",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, function: Callable[[argparse.Namespace], int], help: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=help, description=help)
        added.set_defaults(run=function)
        return added

    from . import baseline, data, models, schema

    pull = command("pull", models.pull, "Fetch weights ahead of time, whatever their size.")
    pull.add_argument("models", nargs="*", metavar="MODEL", help="ids or globs (default: every model in a tier)")
    command("models", models.show, "List the models of the catalog and which weights are present.")
    digest = command("digest", models.digest, "Print the `files:` lines of a spec for a folder of weights.")
    digest.add_argument("folder", type=Path, metavar="FOLDER")
    sets = command("data", data.run, "List, fetch or check the data sets of the catalog.")
    sets.add_argument("action", nargs="?", choices=("list", "prepare", "check"), default="list")
    sets.add_argument("datasets", nargs="*", metavar="DATASET", help="ids or globs (default: all)")
    base = command("baseline", baseline.run, "Save, compare or show baselines: answers to hold later runs against.")
    base.add_argument("action", choices=("save", "compare", "show"))
    base.add_argument("cases", nargs="*", metavar="CASE", help="ids or globs, model:device:dataset (default: all)")
    base.add_argument("--reports", metavar="DIR", help="folder of records (default: modellab_reports)")
    command("schema", schema.show, "Print the JSON Schema of a record.")
    return parser
