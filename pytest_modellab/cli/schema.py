"""`modellab schema`."""

from __future__ import annotations

import argparse

from pytest_modellab.catalog.json_schemas import KINDS, json_schema
from pytest_modellab.results import record_files

from .command import Commands
from .tell import tell_lines

RECORD = "record"


def show(options: argparse.Namespace) -> int:
    """Print the JSON Schema of a record, as committed in the package, or of a file of the catalog."""
    text = record_files.json_schema() if options.kind == RECORD else json_schema(options.kind)
    tell_lines(text, end="")
    return 0


def add(commands: Commands) -> None:
    """Add the command with its options."""
    printed = commands.add(
        "schema",
        show,
        "Print the JSON Schema of a record, or of a kind of YAML file, for editors.",
        example="schema model",
    )
    printed.add_argument("kind", nargs="?", choices=(RECORD, *KINDS), default=RECORD, help="default: record")
