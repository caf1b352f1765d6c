"""`modellab schema`."""

from __future__ import annotations

import argparse

from pytest_modellab.results.record_files import json_schema

from .command import Commands
from .tell import tell_lines


def show(_: argparse.Namespace) -> int:
    """Print the JSON Schema of a record, as committed in the package."""
    tell_lines(json_schema(), end="")
    return 0


def add(commands: Commands) -> None:
    """Add the command with its options."""
    commands.add(
        "schema",
        show,
        "Print the JSON Schema of a record.",
        example="schema",
    )
